"""Badges of people who left that still open doors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd

from riskkit.declare import check
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.doors import granted
from riskkit.derived.employment import employments, last_day, spells_away, standing
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

Place = tuple[str, str]
"""Area and badge."""

_WORST: tuple[Result, ...] = ("FAIL", "UNKNOWN", "PASS")


@check(
    id="places.badge_after_termination",
    title="Badges of people who left open nothing",
    question="Whose badges are active, or were used, after the last day of employment?",
    subject="badge",
    controls=(
        "45 CFR 164.310(a)(2)(iii)",
        "45 CFR 164.308(a)(3)(ii)(C)",
    ),
    severity="high",
    remediation="Deactivate the badge now, and let the leaving notice of human resources trigger it.",
    look_first="Whether the badge was handed in and given to somebody else.",
    usual_cause="The door system is run by another office, which the leaving notice does not reach.",
)
def places_badge_after_termination(
    facility_lists: pd.DataFrame,
    roster: pd.DataFrame,
    facility_access: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per badge and area whose holder is known; passages of the period count.

    The holder is whom the list names, and whoever the door system says used the badge; where neither names
    anybody for the area, whom they name elsewhere for the badge. A badge on no list of the area is judged
    where the roster knows its holder. Without passages an inactive badge of a leaver is unknown: the list
    alone does not show that it opens nothing. A rehire that lies ahead is none yet.
    """
    people = employments(roster)
    lists: dict[Place, list[Any]] = {}
    for row in records(facility_lists):
        lists.setdefault((row.area, row.badge), []).append(row)
    users = _users(facility_access, at)
    of_badge: dict[str, set[str]] = {}
    for (_, badge), entries in lists.items():
        of_badge.setdefault(badge, set()).update(row.user_id for row in entries if row.user_id)
    for (_, badge), names in users.items():
        of_badge.setdefault(badge, set()).update(names)
    watched = sorted(
        badge
        for badge, names in of_badge.items()
        if any(spells_away(people[name]) for name in names if name in people)
    )
    days = _days(facility_access, watched, at)
    for area, badge in sorted(lists.keys() | users.keys()):
        passages = days.get((area, badge), {})
        said = []
        for row in lists.get((area, badge), [None]):
            owner = row.user_id if row is not None and row.user_id else ""
            holders = ({owner} - {""}) | users.get((area, badge), set()) or of_badge[badge]
            if row is None:
                holders = {name for name in holders if name in people}
            for name in sorted(holders):
                # Of whom the list names, and of the only holder, every passage counts.
                whole = name == owner or len(holders) == 1
                passed = {day for user, found in passages.items() if whole or user == name for day in found}
                rows = people.get(name, ())
                said.append((*_judged(row, rows, passed, facility_access is None, at), row, rows))
        if not said:
            continue
        result, message, row, rows = min(said, key=lambda one: _WORST.index(one[0]))
        yield Verdict(
            subject=badge,
            result=result,
            message=message,
            observed={True: "active", False: "inactive", None: "not recorded"}[row.active if row else None],
            expected="active only while the person is employed",
            scope=area,
            rows=(Rows.of("facility_lists", [row] if row else []), Rows.of("roster", rows)),
        )


def _users(facility_access: Any | None, at: Moment) -> dict[Place, set[str]]:
    """Whom the door system names as users of each badge in the period, by area and badge."""
    if facility_access is None:
        return {}
    passages = granted(facility_access, at).select("area", "badge", user=_user()).unique()
    found: dict[Place, set[str]] = {}
    for row in records(passages):
        found.setdefault((row.area, row.badge), set()).update({row.user} - {""})
    return found


def _days(
    facility_access: Any | None, badges: Sequence[str], at: Moment
) -> dict[Place, dict[str, list[date]]]:
    """The local days of granted passages of some badges, by area and badge, and then by user."""
    found: dict[Place, dict[str, list[date]]] = {}
    if facility_access is None or not badges:
        return found
    passages = granted(facility_access, at).filter(nw.col("badge").is_in(list(badges)))
    day = local_day_number(at, nw.col("passed_us"))
    for row in records(passages.select("area", "badge", user=_user(), day=day).unique()):
        found.setdefault((row.area, row.badge), {}).setdefault(row.user, []).append(day_of(row.day))
    return found


def _user() -> nw.Expr:
    return nw.col("user_id").fill_null("")


def _judged(
    row: Any | None, rows: Sequence[Any], passed: set[date], unseen: bool, at: Moment
) -> tuple[Result, str]:
    """How a badge stands as one of a person; `row` is its entry in the list, `unseen` without passages."""
    if not rows:
        return "UNKNOWN", "The roster does not know whose badge it is."
    away = spells_away(rows)
    after = [(day, begin) for day in sorted(passed) for begin, back in away if begin <= day < back]
    if after:
        day, begin = after[-1]
        # The first day away is the one after the last day of employment.
        return "FAIL", (
            f"The badge opened a door {amount((day - begin).days + 1, 'day')} after the last day of "
            "employment."
        )
    left = last_day(rows, at.today)
    if left is None:
        told = standing(rows, at.today)
        return "PASS", f"{told[0].upper()}{told[1:]}."
    return _of_a_leaver(row, at.age_days(left), unseen, at)


def _of_a_leaver(row: Any | None, days: int, unseen: bool, at: Moment) -> tuple[Result, str]:
    if row is None or row.active is None:
        return "UNKNOWN", "Whether the badge is active is not recorded, and its person left."
    if row.active and not (row.may_enter_to and row.may_enter_to <= at.today):
        return "FAIL", (f"The badge is active {amount(days, 'day')} after the last day of employment.")
    if unseen:
        return "UNKNOWN", (
            "The list does not let the badge of the person who left in, and no passages of the door system "
            "show that it opens nothing."
        )
    return "PASS", "The badge of the person who left opened nothing in the period, and the list bars it."
