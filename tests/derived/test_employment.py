"""Who is employed when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from riskkit.derived.employment import employed_on, employments, last_day, spells_away
from riskkit.tables import TABLES
from tests.evidence import person

FIRST = date(2026, 1, 1)
LAST = date(2025, 1, 1)
DAYS = st.integers(0, 60).map(lambda days: FIRST + timedelta(days=days))


class Job(NamedTuple):
    """A row of the roster, as far as it matters here."""

    employed_from: date
    employed_to: date | None
    source: str = ""
    offset: int = 0


JOBS = st.lists(
    st.builds(
        lambda start, length: Job(start, None if length is None else start + timedelta(days=length)),
        DAYS,
        st.none() | st.integers(0, 30),
    ),
    min_size=1,
    max_size=5,
).map(lambda jobs: sorted(jobs, key=lambda job: (job.employed_from, job.employed_to or date.max)))


@given(JOBS, DAYS)
def test_away_is_not_employed_after_having_been(jobs: list[Job], day: date) -> None:
    """The spells away are exactly the days without employment after the first one began."""
    away = any(begin <= day < back for begin, back in spells_away(jobs))
    assert away == (not employed_on(jobs, day) and day >= jobs[0].employed_from)


@given(JOBS, DAYS)
def test_last_day(jobs: list[Job], day: date) -> None:
    """Who is away on a day left on the last day before it; who is there, or not yet, has none."""
    last = last_day(jobs, day)
    if any(begin <= day < back for begin, back in spells_away(jobs)):
        assert last is not None
        assert employed_on(jobs, last)
        assert not any(employed_on(jobs, last + timedelta(days=n)) for n in range(1, (day - last).days + 1))
    else:
        assert last is None


def test_a_person_is_found_by_any_spelling() -> None:
    """Two spellings in the evidence are one person: tables keep log-in names in lower case."""
    roster = TABLES["roster"]
    rows = employments(roster.conform(roster.rows([person("BWayne", employed_to=LAST), person("bwayne")])))
    assert {user: len(spells) for user, spells in rows.items()} == {"bwayne": 2}


def test_rows_of_a_person_are_in_order() -> None:
    """A rehire comes after the first employment, whatever the order of the file."""
    later, first = person("a", employed_from=date(2026, 5, 1)), person("a", employed_to=date(2025, 1, 1))
    rows = employments(TABLES["roster"].rows([later, person("b"), first]))
    assert [row.employed_from for row in rows["a"]] == [date(2020, 1, 1), date(2026, 5, 1)]
    assert list(rows) == ["a", "b"]
