"""Accounts that are at two sites sooner than anybody can travel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.places import nowhere, placed, with_previous
from riskkit.derived.trail import MINUTE_US, first_rows, in_period, row_key
from riskkit.derived.turns import turns
from riskkit.model import Moment, Signal, Verdict
from riskkit.tables import records
from riskkit.words import amount, capital, count

PREDICATE = "user_id = :subject and the event before it lies at another site"


@check(
    id="access.impossible_travel",
    title="Nobody is at two sites at once",
    question="Which accounts were used at two sites sooner than anybody can travel between them?",
    subject="user",
    controls=("45 CFR 164.312(d)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="medium",
    remediation="Ask the person where they were, and change the password where somebody else used the "
    "account.",
    look_first="Remote access: a VPN or a virtual desktop shows its own address, not the person's.",
    usual_cause="A session was left open at one site, or remote access is not listed as an exemption.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A18",),
)
def access_impossible_travel(
    audit_events: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    travel_minutes: int = 20,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user; unknown without any event at a known site in the period.

    Matched are changes of site within `travel_minutes`, the shortest time between any two sites of the
    place. Addresses and hosts that an exemption names (VPN egress) are left out before.
    """
    exempt = Exempt("access.impossible_travel", exemptions, roster)
    found: dict[str, dict[int, list[Any]]] = {}
    for turn in turns(audit_events, at, at.period.first_day, travel_minutes * MINUTE_US):
        moved = (
            with_previous(_sited(turn.trail, workstations, at), "site")
            .filter(turn.own, in_period(at), nw.col("moved"), nw.col("apart_us") < travel_minutes * MINUTE_US)
            .with_columns(day=local_day_number(at), key=row_key())
            .select("user_id", "day", "source", "key", "apart_us", "source_ip", "address_before")
            .sort("user_id", "day", "source", "key")
        )
        for row in records(moved):
            day = day_of(row.day)
            if not any(
                exempt.holds(row.user_id, day, address=address or "")
                for address in (row.source_ip, row.address_before)
            ):
                found.setdefault(row.user_id, {}).setdefault(row.day, []).append(row)
    within = _sited(audit_events, workstations, at).filter(in_period(at))
    seen = within.group_by("user_id").agg(nw.len().alias("events"), sites=nw.col("site").n_unique())
    for user in records(seen.sort("user_id")):
        days = found.get(user.user_id, {})
        rows = [row for day in sorted(days) for row in days[day]]
        keys = [(row.source, row.key) for row in rows]
        yield Verdict(
            subject=user.user_id,
            result="FAIL" if rows else "PASS",
            message=capital(count(len(rows), "change of site"))
            + f" within {amount(travel_minutes, 'minute')} among {count(user.events, 'event')} "
            f"at {count(user.sites, 'site')}" + (". Matched by workstation, not proven." if rows else "."),
            observed=count(len(rows), "change"),
            expected="0",
            signals=tuple(_signal(day, days[day], travel_minutes) for day in sorted(days)),
            rows=(first_rows(keys, len(keys), PREDICATE),),
        )
    yield from nowhere(audit_events, within, "a workstation whose site is listed", at)


def _sited(trail: nw.LazyFrame[Any], workstations: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    return placed(trail, workstations, at).filter(~nw.col("site").is_null())


def _signal(day: int, rows: list[Any], travel_minutes: int) -> Signal:
    shortest = min(row.apart_us for row in rows) // MINUTE_US
    return Signal(
        day=day_of(day),
        matched=True,
        observed=float(len(rows)),
        reason=f"{count(len(rows), 'change of site')}, the quickest after {amount(shortest, 'minute')} where "
        f"{travel_minutes} are the least; remote access that is not exempt looks the same",
        rows=(first_rows([(row.source, row.key) for row in rows], len(rows), PREDICATE),),
    )
