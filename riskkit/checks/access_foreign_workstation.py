"""Work on workstations of other departments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import first_in_view
from riskkit.derived.beside_peers import beside_peers, daily, verdicts_of, vs
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.places import nowhere, placed
from riskkit.derived.trail import DAY_US
from riskkit.derived.turns import Turn, gathered, turns
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Verdict

PREDICATE = "user_id = :subject and the workstation belongs to another department"

EVENT = "event on workstations of other departments"


@check(
    id="access.foreign_workstation",
    title="People work on workstations of departments where they are on duty",
    question="Who used workstations of departments where they do not work, more than they and others do?",
    subject="user",
    controls=("45 CFR 164.310(b)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Ask what brought the person there, and lock workstations that stay open.",
    look_first="Float duty and consults of that day.",
    usual_cause="Somebody helped out, or used the next workstation that was open.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A17",),
)
def access_foreign_workstation(
    audit_events: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    peer_groups: nw.LazyFrame[Any] | None,
    schedule: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person of the roster; unknown without any event on a known workstation in the period.

    A workstation is foreign when it has a department in which the user was neither employed (in any row
    of the roster) nor scheduled on that day or the day before.
    """
    people = roster.select("user_id").unique()
    own = roster.select("user_id", home=nw.col("department").str.to_lowercase(), own=nw.lit(1)).unique()
    foreign = ~nw.col("home").is_null() & nw.col("own").is_null() & nw.col("duty").is_null()

    def counted(turn: Turn) -> nw.LazyFrame[Any]:
        events = placed(turn.trail, workstations, at).with_columns(
            day=local_day_number(at), home=nw.col("home").str.to_lowercase()
        )
        known = events.join(people, on="user_id", how="inner").join(own, on=["user_id", "home"], how="left")
        if schedule is not None:
            known = known.join(_duties(schedule, turn, at), on=["user_id", "home", "day"], how="left")
        else:
            known = known.with_columns(duty=nw.lit(None, dtype=nw.Int32))
        return daily(known, foreign, at)

    days = gathered(map(counted, turns(audit_events, at, first_in_view(at))), "user_id", "source")
    yield from verdicts_of(
        beside_peers(days, peers(peer_groups), at),
        noun=EVENT,
        one_in=one_in,
        predicate=PREDICATE,
        exempt=Exempt("access.foreign_workstation", exemptions, roster),
        reason=lambda day: vs(day, EVENT),
    )
    of_roster = audit_events.join(people, on="user_id", how="inner")
    yield from nowhere(of_roster, placed(of_roster, workstations, at), "a listed workstation", at)


def _duties(schedule: nw.LazyFrame[Any], turn: Turn, at: Moment) -> nw.LazyFrame[Any]:
    """Days of a turn on which a user was on duty in a department, the day after a duty began included."""
    starts = nw.col("starts_us")
    near = (starts >= turn.begin_us - 2 * DAY_US) & (starts < turn.end_us + DAY_US)
    begins = schedule.filter(~nw.col("department").is_null(), near).select(
        "user_id",
        home=nw.col("department").str.to_lowercase(),
        day=local_day_number(at, nw.col("starts_us")),
    )
    return (
        nw.concat([begins, begins.with_columns(day=nw.col("day") + 1)], how="vertical")
        .unique()
        .with_columns(duty=nw.lit(1))
    )
