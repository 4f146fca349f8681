"""Nobody is named, and no count is small enough to point at one."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from riskkit.assess.registry import all_derived
from riskkit.errors import ReportError
from riskkit.model import Assessment
from riskkit.tables import TABLES
from riskkit.views import access_patterns, risk_register, table
from riskkit.views.privacy import SMALL, WITHHELD, covered, pools, suppress
from tests.views.made import CANARY

COUNTS = st.integers(0, 40)
GROUPS = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(COUNTS, min_size=columns, max_size=columns), min_size=1, max_size=6)
)


def frame_of(rows: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=[f"g{number}" for number in range(len(rows))]).add_prefix("c")


@given(GROUPS)
@example([[3, 200]])
@example([[10, 10, 10]])
@example([[10, 10, 200]])
@example([[1, 11, 50]])
@example([[11, 11, 10]])  # of two equal counts the first was withheld, and its place told the rest
@example([[3, 0]])
@example([[1, 1], [1, 1]])
@example([[50, 0], [3, 20], [20, 20]])
def test_no_small_count_is_shown_or_follows(rows: list[list[int]]) -> None:
    """No cell and no total of 1 to 10 is printed, and none can be computed from what is printed."""
    counts = frame_of(rows)
    shown = suppress(counts)
    printed = [text for text in shown.to_numpy().ravel() if text != WITHHELD]
    assert not any(0 < int(text.replace(",", "")) <= SMALL for text in printed)
    for name, groups in pools(counts).items():
        assert _told_apart(counts.loc[list(groups)].sum().tolist(), shown.loc[name].tolist())


@given(GROUPS)
def test_what_is_shown_is_true(rows: list[list[int]]) -> None:
    """Every printed cell is the sum over the groups of its row; every group stands in exactly one row."""
    counts = frame_of(rows)
    shown, joined = suppress(counts), pools(counts)
    assert list(shown.index) == list(joined)
    assert sorted(itertools.chain(*joined.values())) == sorted(counts.index)
    for name, groups in joined.items():
        sums = counts.loc[list(groups)].sum()
        for column in counts.columns:
            assert shown.loc[name, column] in (WITHHELD, f"{sums[column]:,}")
        assert shown.loc[name, "people"] in (WITHHELD, f"{sums.sum():,}")


@given(GROUPS)
def test_nothing_is_hidden_without_need(rows: list[list[int]]) -> None:
    """Groups without a small count are printed as they are."""
    counts = frame_of(rows)
    if not ((counts > 0) & (counts <= SMALL)).to_numpy().any() and (counts.sum(axis=1) > 0).all():
        assert WITHHELD not in set(suppress(counts).to_numpy().ravel())
        assert len(suppress(counts)) == len(counts)


def test_a_group_of_which_one_count_is_small_stands_with_another() -> None:
    """Departments are joined, not blanked: the reader still sees most numbers."""
    counts = pd.DataFrame(
        {"trained": [40, 18, 25], "overdue": [12, 2, 15]}, index=["radiology", "emergency", "surgery"]
    )
    assert suppress(counts).loc["radiology"].tolist() == ["40", "12", "52"]
    assert suppress(counts).loc["together: emergency, surgery"].tolist() == ["43", "17", "60"]


def test_a_group_twice_is_refused() -> None:
    """Two rows of one name could be subtracted from one another."""
    with pytest.raises(ValueError, match="twice"):
        pools(pd.DataFrame({"a": [1, 2]}, index=["x", "x"]))


@pytest.mark.parametrize("name", sorted({n for t in TABLES.values() for n in t.phi}))
def test_every_identifying_column_is_covered(name: str, nothing: Assessment) -> None:
    """A column that identifies in any table is shown as surrogates wherever it turns up."""
    shown = covered(nothing, pd.DataFrame({name: [CANARY, None]}))[name]
    assert CANARY not in str(shown.iloc[0])
    assert pd.isna(shown.iloc[1])


def test_columns_of_derived_tables_too(nothing: Assessment) -> None:
    """A derived table says for itself what identifies."""
    for derived in all_derived().values():
        for name in derived.phi:
            assert CANARY not in str(covered(nothing, pd.DataFrame({name: [CANARY]}))[name].iloc[0])


def test_identities_by_hand(nothing: Assessment) -> None:
    """Whoever may see the evidence may ask who it is."""
    frame = pd.DataFrame({"user_id": [CANARY]})
    assert CANARY in table(nothing, frame, caption="c", identities=True).markup


@pytest.mark.parametrize(
    "view",
    [
        lambda a: table(a, pd.DataFrame({"user_id": [CANARY]}), caption="c", identities=True),
        lambda a: access_patterns.queue(a, identities=True),
        lambda a: access_patterns.timeline(a, None, identities=True),
        lambda a: risk_register.findings(a, identities=True),
    ],
    ids=["table", "queue", "timeline", "findings"],
)
def test_never_in_a_report(view: object, something: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a report is made, asking who it is is an error, not a silent refusal."""
    monkeypatch.setenv("RISKKIT_RENDERING", "1")
    with pytest.raises(ReportError, match="nobody by name"):
        view(something)  # type: ignore[operator]


def test_one_surrogate_for_one_person(something: Assessment) -> None:
    """The queue and the timeline speak of the same person by the same name."""
    who = access_patterns.first(something)
    assert who is not None
    assert who in access_patterns.queue(something, top=1000).markup
    assert who in access_patterns.timeline(something, who).markup


def _told_apart(sums: list[int], printed: list[str]) -> bool:
    """Whether other counts print the same row, with another value in every withheld cell.

    So not even who knows how it is done can compute one.
    """
    if printed[-1] == WITHHELD:
        return set(printed) <= {WITHHELD, "0"}
    hidden = [index for index, text in enumerate(printed[:-1]) if text == WITHHELD]
    unsettled = set()
    for one, other in itertools.permutations(hidden, 2):
        for moved in range(1, sums[one]):
            changed = list(sums)
            changed[one] -= moved
            changed[other] += moved
            if suppress(frame_of([changed])).iloc[0].tolist() == printed:
                unsettled |= {one, other}
                break
        if len(unsettled) == len(hidden):
            break
    return len(unsettled) == len(hidden)
