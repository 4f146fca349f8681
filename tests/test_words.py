"""Numbers in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import riskkit
from riskkit.words import (
    age,
    amount,
    be,
    capital,
    count,
    have,
    listed,
    none_of,
    out_of,
    percent,
    plural,
    share,
    size,
    some,
)


@pytest.mark.parametrize(
    ("noun", "many"),
    [("system", "systems"), ("access", "accesses"), ("policy", "policies"), ("day", "days"),
     ("person", "people"), ("restore test", "restore tests"), ("files", "files"),
     ("change of site", "changes of site"), ("access off duty", "accesses off duty"),
     ("event on desks of others", "events on desks of others")],
)  # fmt: skip
def test_plurals(noun: str, many: str) -> None:
    """Nouns of checks and views, in the singular and the plural."""
    assert (plural(noun, 1), plural(noun, 2)) == (noun, many)


def test_counts() -> None:
    """None, one, many."""
    assert [count(number, "event") for number in (0, 1, 1204)] == ["no events", "1 event", "1,204 events"]
    assert [amount(number, "day") for number in (0, 1, 1204)] == ["0 days", "1 day", "1,204 days"]
    assert [be(number) for number in (0, 1, 2)] == ["are", "is", "are"]
    assert [have(number) for number in (0, 1, 2)] == ["have", "has", "have"]


def test_a_part_of_a_whole() -> None:
    """The noun goes with the whole."""
    assert [out_of(1, whole, "file") for whole in (1, 2, 1204)] == [
        "1 of 1 file", "1 of 2 files", "1 of 1,204 files",
    ]  # fmt: skip


def test_a_sentence_begins_with_a_capital() -> None:
    """Only the first letter changes."""
    assert [capital(words) for words in ("", "no AE title", "5 events")] == ["", "No AE title", "5 events"]


def test_how_many_of_what_was_named() -> None:
    """A number alone, and none."""
    assert [some(number) for number in (0, 1, 1204)] == ["none", "1", "1,204"]


def test_a_share_has_both_numbers() -> None:
    """The part, the whole and what it is of; a share of nothing has no percentage."""
    assert share(3, 14, "system") == "3 of 14 systems (21\u00a0%)"
    assert share(0, 0, "system") == "0 of 0 systems"


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_only_none_is_0_and_only_all_is_100(part: int, whole: int) -> None:
    """Rounding never turns few into none, nor nearly all into all."""
    part = min(part, whole)
    words = percent(part, whole)
    assert (words == "0\u00a0%") == (part == 0)
    assert (words == "100\u00a0%") == (part == whole)


def test_sizes() -> None:
    """Decimal units; what would be rounded to a thousand takes the next one."""
    assert [size(number) for number in (0, 1, 999, 999_600, 1_500_000_000_000, 64 * 10**12)] == [
        "0", "1\u00a0byte", "999\u00a0bytes", "1.0\u00a0MB", "1.5\u00a0TB", "64\u00a0TB",
    ]  # fmt: skip


def test_lists() -> None:
    """Joined with and; what is more is counted."""
    assert listed([]) == "none"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), most=3) == "a, b, c and 5 more"


def test_ages() -> None:
    """Past, present and future days."""
    assert [age(days) for days in (0, 1, 45, -3)] == ["today", "1 day ago", "45 days ago", "in 3 days"]


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text that is not a docstring: constants, and the parts of f-strings."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def test_no_message_leaves_the_number_to_the_reader() -> None:
    """Nothing is written as `event(s)` or `address(es)`: `count`, `be` and `have` know the number."""
    root = Path(riskkit.__file__).parent
    files = sorted(root.rglob("*.py"))
    found = [
        f"{path.relative_to(root)}:{line}: {text}"
        for path in files
        for line, text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"\w\((?:s|es)\)(?!\?)", text)
    ]
    assert files
    assert not found


def test_none_of_as_many() -> None:
    """One is not spoken of as several, and of none there is nothing to speak of."""
    assert none_of(1204, "file", "is open.", "is not open.") == "None of 1,204 files is open."
    assert none_of(1, "file", "is open.", "is not open.") == "The one file is not open."
    assert none_of(0, "file", "is open.", "is not open.") == "No file is open."
    assert none_of(2, "person of the roster", "is it", "is not it") == "None of 2 people of the roster is it"
