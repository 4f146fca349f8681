"""From days that stand out to verdicts: one per user examined, with the signals for the review queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from riskkit.derived.baseline import of_a_person
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, in_period, row_key
from riskkit.model import Moment, Rows, Signal, Verdict
from riskkit.tables import records
from riskkit.words import count, out_of

LARGEST_P = 0.1
"""What is less rare than one in ten carries no signal: the review queue would not count it."""

ONE_IN = 10_000
"""For review by itself is what would come up once in so many days of people without cause."""

Keys = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A day of a user, or a patient of it, with how rare it is and where it stands (source, row key)."""

    user: str
    day: int
    p: float
    observed: float
    expected: float
    reason: str
    keys: Keys
    patient: str = ""

    @property
    def count(self) -> int:
        """Rows that the case rests on, at least those that are named."""
        return max(len(self.keys), 1 if self.patient else int(self.observed))


@dataclass(frozen=True, slots=True)
class Manner:
    """How the verdicts of one detector read: `what` was examined, `predicate` finds its rows."""

    what: str
    predicate: str
    one_in: int = ONE_IN
    note: str = ""


def examined(user_days: Any, at: Moment) -> dict[str, int]:
    """Users who opened a record in the period, with the number of days on which they did."""
    found = (
        user_days.filter(nw.col("day") >= day_number(at.period.first_day), nw.col("accesses") > 0)
        .group_by("user_id")
        .agg(nw.len().alias("days"))
        .sort("user_id")
    )
    return {row.user_id: int(row.days) for row in records(found)}


def verdicts(
    users: Mapping[str, int],
    cases: Iterable[Case],
    manner: Manner,
    exempt: Exempt,
    unknown: Mapping[str, str] | None = None,
) -> Iterator[Verdict]:
    """One verdict per user, for review when a case is rarer than one in `manner.one_in`.

    users: days examined of each; unknown: why the evidence does not suffice for some of them. A case
    that an exemption covers is set aside and counted.
    """
    of: dict[str, list[Case]] = {}
    for case in cases:
        if case.p <= LARGEST_P:
            of.setdefault(case.user, []).append(case)
    for user, days in users.items():
        found = sorted(of.get(user, ()), key=lambda case: (case.day, case.patient, case.reason))
        kept = [case for case in found if not exempt.holds(user, day_of(case.day), patient=case.patient)]
        yield _verdict(user, days, kept, len(found) - len(kept), manner, (unknown or {}).get(user, ""))


def _verdict(user: str, days: int, kept: list[Case], aside: int, manner: Manner, unknown: str) -> Verdict:
    rare = [case for case in kept if case.p * manner.one_in <= 1]
    most = min(kept, key=lambda case: (case.p, case.day, case.patient), default=None)
    odd = len({case.day for case in rare})
    message = f"On {out_of(odd, days, 'day')} {manner.what} stand out"
    message += f", for review: {most.reason}." if odd and most else "."
    if unknown:
        message = f"{unknown}{message}"
    if manner.note:
        message += f" {manner.note}"
    if aside:
        message += f" Exemptions of the site set aside {count(aside, 'case')}."
    shown = rare or kept
    keys = sorted({key for case in shown for key in case.keys})
    return Verdict(
        subject=user,
        result="FAIL" if rare else "UNKNOWN" if unknown else "PASS",
        message=message,
        observed=out_of(odd, days, "day"),
        expected=f"no day rarer than one in {manner.one_in}",
        signal={"p": most.p, "observed": most.observed, "expected": most.expected} if most else {},
        signals=tuple(_signal(case, manner.predicate) for case in kept),
        rows=(first_rows(keys, sum(case.count for case in shown), manner.predicate),),
    )


def _signal(case: Case, predicate: str) -> Signal:
    return Signal(
        day=day_of(case.day),
        patient_id=case.patient,
        p=case.p,
        observed=case.observed,
        expected=round(case.expected, 3),
        reason=case.reason,
        rows=(first_rows(case.keys, case.count, predicate),),
    )


def first_of_days(
    audit_events: nw.LazyFrame[Any],
    what: nw.Expr,
    at: Moment,
    asked: Collection[tuple[str, int]] | None = None,
) -> dict[tuple[str, int], Keys]:
    """The first row in each file of what people did, by user and day (those asked) of the period."""
    found = (
        audit_events.filter(in_period(at), of_a_person(), what)
        .with_columns(day=local_day_number(at), key=row_key())
        .group_by("user_id", "day", "source")
        .agg(nw.col("key").min())
    )
    keys: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for row in records(found):
        if asked is None or (row.user_id, row.day) in asked:
            keys.setdefault((row.user_id, row.day), []).append((row.source, row.key))
    return {unit: tuple(sorted(one)[: Rows.FIRST]) for unit, one in keys.items()}
