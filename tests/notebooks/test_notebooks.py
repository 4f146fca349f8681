"""The nine notebooks: thin, stripped, typed parameters, and they run to their end and name nobody."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from riskkit.report import jupyter
from riskkit.report.clean import clean
from riskkit.report.parameters import Notebook
from riskkit.report.run import COMPLETED, run_notebook
from tests.packs import ROOT, SAMPLES, copy_of_samples

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]

PARAMETERS = {
    "pack": ("str",),
    "period": ("str", "None"),
    "as_of": ("str", "None"),
    "work": ("str", "None"),
    "site": ("str", "None"),
    "department": ("str", "None"),
}

nbformat = jupyter.nbformat


def test_all_are_there() -> None:
    """Their order is that of the parts of a report."""
    assert [name[:2] for name in NAMES] == [f"{number:02d}" for number in range(10)]
    assert NAMES[0] == "00_leadership_report"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_is_a_valid_notebook(path: Path) -> None:
    """Format 4, ids that stay, the kernel that everybody has."""
    node = nbformat.read(path, as_version=4)
    nbformat.validate(node)
    assert [cell.id for cell in node.cells] == [str(number) for number in range(len(node.cells))]
    assert node.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_holds_no_output(path: Path) -> None:
    """What was run once, with whoever's evidence, is not in the repository."""
    node = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in node.cells)
    assert set(node.metadata) == {"kernelspec", "language_info"}
    subprocess.run([sys.executable, "-m", "nbstripout", "--verify", path], check=True)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_takes_the_same_parameters(path: Path) -> None:
    """Typed, with a comment each, and nothing that could hold a secret or a tunable."""
    notebook = Notebook.read(path)
    assert {name: parameter.types for name, parameter in notebook.parameters.items()} == PARAMETERS
    assert notebook.parameters["pack"].default == "data/samples"
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert "parameters" in code[0].metadata.tags


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_is_thin(path: Path) -> None:
    """What it shows is computed by views: a cell is a call, and the words around it hold no figure."""
    cells = nbformat.read(path, as_version=4).cells
    for cell in cells[3:]:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 2, cell.source
            assert cell.source.splitlines()[-1].startswith("views.")
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[-1].source == "views.completed(assessment)"
    for cell in cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\d+ of \d+|\d %", cell.source)


@pytest.fixture(scope="session")
def names() -> set[str]:
    """Names, accounts and record numbers of the sample's people, who do not exist."""
    if not (SAMPLES / "people" / "roster.csv").is_file():
        pytest.skip("the sample pack is not there")
    found: set[str] = set()
    for file, columns in (
        ("people/roster.csv", ("user_id", "family_name", "patient_id")),
        ("care/patients.csv", ("patient_id", "family_name")),
    ):
        with (SAMPLES / file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                found |= {row[column] for column in columns if len(row.get(column) or "") > 3}
    return found


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A work folder for all runs, and a scratch folder with a short name, for sockets."""
    return tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("s")


_EXECUTED: dict[str, Any] = {}


def executed(path: Path, work: Path, scratch: Path) -> Any:
    """A notebook run once on the sample pack as a report runs it."""
    if path.stem not in _EXECUTED:
        folder = scratch / path.stem[:2]
        folder.mkdir()
        given = {"pack": str(SAMPLES), "work": str(work)}
        run = run_notebook(Notebook.read(path), given, timeout_s=300, scratch=folder)
        assert (run.status, run.reason) == ("completed", "")
        _EXECUTED[path.stem] = run.executed
    return _EXECUTED[path.stem]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_runs_to_its_end_on_the_samples(path: Path, folders: tuple[Path, Path], names: set[str]) -> None:
    """Every cell shows HTML, the last one the mark of its end, and nobody is named anywhere."""
    node = executed(path, *folders)
    code = [cell for cell in node.cells if cell.cell_type == "code"][1:]
    for cell in code:
        kinds = [set(output.get("data", {})) for output in cell.outputs]
        assert kinds, cell.source
        assert all("text/html" in kind for kind in kinds), cell.source
    assert code[-1].outputs[-1].data[COMPLETED] == {"completed": True}
    page = "".join(output.data["text/html"] for cell in code for output in cell.outputs)
    words = set(re.findall(r"[\w-]+", BeautifulSoup(page, "html.parser").get_text(" ")))
    assert not words & names
    attributes = " ".join(
        str(value) for element in BeautifulSoup(page, "html.parser").find_all(True)
        for value in element.attrs.values()
    )  # fmt: skip
    assert not set(re.findall(r"[\w-]+", attributes)) & names
    assert not re.search(r"\bcompliant\b|\bcertified\b|\bviolation", page, re.IGNORECASE)
    kept = BeautifulSoup(clean(page), "html.parser").get_text(" ", strip=True)
    assert kept == BeautifulSoup(page, "html.parser").get_text(" ", strip=True)


@pytest.mark.parametrize("name", ["00_leadership_report", "08_risk_register"])
def test_it_runs_by_hand(name: str, tmp_path: Path) -> None:
    """Opened in its own folder with nothing but its defaults, as in JupyterLab, it runs too.

    Two stand for all: notebooks differ in the views that they call.
    """
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    copy_of_samples(tmp_path / "data" / "samples")
    node = nbformat.read(tmp_path / "notebooks" / f"{name}.ipynb", as_version=4)
    client = jupyter.nbclient.NotebookClient(
        node, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path / "notebooks"}}
    )
    client.execute()
    assert COMPLETED in node.cells[-1].outputs[-1].data
    assert "<style>" in node.cells[2].outputs[-1].data["text/html"]
