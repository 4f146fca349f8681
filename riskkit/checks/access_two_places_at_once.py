"""Accounts that work in two zones within minutes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import first_in_view
from riskkit.derived.beside_peers import beside_peers, daily, verdicts_of, vs
from riskkit.derived.exempt import Exempt
from riskkit.derived.places import nowhere, placed, with_previous
from riskkit.derived.trail import MINUTE_US
from riskkit.derived.turns import gathered, turns
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Verdict
from riskkit.words import amount

PREDICATE = "user_id = :subject and the event before it lies in another zone, that before in the same"


@check(
    id="access.two_places_at_once",
    title="An account is used in one place at a time",
    question="Which accounts went to and fro between distant workstations within minutes, unlike others?",
    subject="user",
    controls=("45 CFR 164.312(a)(2)(i)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="medium",
    remediation="Ask who worked where at that time, and give each person an account of their own.",
    look_first="Whether the sessions stay open when people walk away, and virtual desktops or badge log-ins.",
    usual_cause="Two people use one log-in, or a session was left open.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A16",),
)
def access_two_places_at_once(
    audit_events: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any],
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    minutes: int = 10,
    one_in: int = 1000,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user; unknown without any event on a known workstation in the period.

    Counted are events in a zone where the user was less than `minutes` ago and has worked in another since,
    beside the user's own days and peers: some work in two zones all the time. A single change is no sign
    of two people: whoever is called to another ward walks there in minutes.
    """
    quick = nw.col("moved") & (nw.col("away_us") < minutes * MINUTE_US)
    counted = gathered(
        (
            daily(with_previous(placed(turn.trail, workstations, at), "zone").filter(turn.own), quick, at)
            for turn in turns(audit_events, at, first_in_view(at), minutes * MINUTE_US)
        ),
        "user_id",
        "source",
    )
    yield from verdicts_of(
        beside_peers(counted, peers(peer_groups), at),
        noun="quick return to a zone",
        one_in=one_in,
        predicate=PREDICATE,
        exempt=Exempt("access.two_places_at_once", exemptions, roster),
        reason=lambda day: vs(day, f"return from another zone within {amount(minutes, 'minute')}"),
    )
    yield from nowhere(audit_events, placed(audit_events, workstations, at), "a listed workstation", at)
