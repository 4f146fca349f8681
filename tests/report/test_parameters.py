"""A notebook is given only what it declares, and a report's notebook declares it well."""

import json

import pytest

from riskkit.errors import ReportError, SettingsError
from riskkit.report.parameters import Notebook, validate


def test_types_defaults_and_help_are_read(write_notebook):
    """What stands in the cell is what a caller is told."""
    path = write_notebook(
        "one",
        parameters='pack: str = "data/samples"  # the evidence pack\n\n'
        "limit: int | None = None  # at most so many\n"
        "share: float = (\n    0.5\n)  # of the whole\n"
        "strict: bool = True  # refuse doubts",
    )
    found = Notebook.read(path).parameters
    assert [(p.name, p.types, p.default, p.help) for p in found.values()] == [
        ("pack", ("str",), "data/samples", "the evidence pack"),
        ("limit", ("int", "None"), None, "at most so many"),
        ("share", ("float",), 0.5, "of the whole"),
        ("strict", ("bool",), True, "refuse doubts"),
    ]


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("pack = 'x'  # pack", "no typed assignment"),
        ("pack: str  # pack", "no typed assignment"),
        ("import os", "no typed assignment"),
        ("pack: str = 'x'", "pack of the cell tagged parameters has no comment"),
        ("pack: str = 'x'  #", "has no comment"),
        ("pack: list = []  # pack", "has a type other than str, int"),
        ("pack: str | bytes = 'x'  # pack", "has a type other than"),
        ("pack: 'str' = 'x'  # pack", "has a type other than"),
        ("pack: str = 1  # pack", "default that is not of its type"),
        ("limit: int = True  # limit", "default that is not of its type"),
        ("pack: str = open('x').read()  # pack", "default that is no plain value"),
        ("a: int = 1; b: int = 2  # both", "has no comment|shares its line"),
        ("a: int = 1  # one\na: int = 2  # two", "is there twice"),
        ("a: int = (", "is not Python"),
    ],
)
def test_a_careless_parameter_is_an_error(write_notebook, cell, complaint):
    """A scheduled run must not fall back on a default that nobody meant."""
    path = write_notebook("one", parameters=cell)
    with pytest.raises(ReportError, match=complaint) as raised:
        Notebook.read(path)
    assert str(path) in str(raised.value)


def test_one_cell_is_tagged(write_notebook):
    """A notebook without parameters would always show the default pack."""
    with pytest.raises(ReportError, match="no cell tagged parameters"):
        Notebook.read(write_notebook("none", parameters=None))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[1, 2]", '{"nbformat": 3, "cells": []}', '{"nbformat": 4, "cells": 7}', "\x00"]
)
def test_what_is_no_notebook_is_an_error(tmp_path, text):
    """Whatever lies in the folder gives a clear message, never a traceback."""
    path = tmp_path / "bad.ipynb"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"notebook of format 4|no cell tagged"):
        Notebook.read(path)


def test_source_may_be_a_list_of_lines(write_notebook):
    """The file format allows both."""
    path = write_notebook("one")
    content = json.loads(path.read_text())
    content["cells"][1]["source"] = "".join(content["cells"][1]["source"]).splitlines(keepends=True)
    path.write_text(json.dumps(content))
    assert set(Notebook.read(path).parameters) == {"pack", "period", "work"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"peroid": "2026-10"}, r"no parameter 'peroid'.*pack \(str\), period \(str or None\)"),
        ({"pack": None}, r"takes no None for the parameter pack \(str\)"),
        ({"period": 202610}, r"takes no int for the parameter period"),
        ({"period": True}, r"takes no bool for the parameter period"),
    ],
)
def test_unknown_and_ill_typed_values_are_refused(write_notebook, given, complaint):
    """Notebook, parameter and what is allowed are named; papermill would run on."""
    notebook = Notebook.read(write_notebook("one"))
    with pytest.raises(SettingsError, match=complaint) as raised:
        validate(notebook, given)
    assert "one.ipynb" in str(raised.value)


def test_a_refusal_does_not_repeat_the_value(write_notebook):
    """A value may be a secret that was put in the wrong place."""
    notebook = Notebook.read(write_notebook("one"))
    with pytest.raises(SettingsError) as raised:
        validate(notebook, {"salt": "HUNTER2"})
    assert "HUNTER2" not in str(raised.value)


def test_a_whole_number_is_a_float_and_a_bool_is_no_number(write_notebook):
    """Types are those that a reader expects, not those of the class hierarchy."""
    notebook = Notebook.read(
        write_notebook("one", parameters="share: float = 1  # share\nn: int = 1  # number")
    )
    validate(notebook, {"share": 2, "n": 3})
    for wrong in ({"share": True}, {"n": True}, {"n": 1.0}):
        with pytest.raises(SettingsError):
            validate(notebook, wrong)
