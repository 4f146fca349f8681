"""Who of those that hold an account stands in the audit trail, system by system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import DAY_US
from riskkit.model import Moment, Result
from riskkit.tables import records
from riskkit.words import be, count

SLACK_DAYS = 3
"""A trail that begins so many days late still counts as whole: systems rest over a weekend."""


@dataclass
class Uses:
    """Events of a window by system and account, and how far each system's trail reaches."""

    days: int
    window: tuple[int, int]
    events: dict[tuple[str, str], int] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, system: str, *accounts: str | None) -> tuple[Result, str, int]:
        """What the trail says of an account, under any of its names; result, message, events."""
        place = system_of(system, self.names)
        known = {account for account in accounts if account}
        events = sum(self.events.get((place, account), 0) for account in known)
        if events:
            return (
                "PASS",
                f"{count(events, 'event')} of the last {self.days} days {be(events, 'carries', 'carry')} the "
                "account.",
                events,
            )
        if place not in self.first:
            return "UNKNOWN", f"No audit trail of the system in the last {self.days} days.", 0
        slack = SLACK_DAYS * DAY_US
        missing = max(self.first[place] - self.window[0], self.window[1] - self.last[place])
        if missing > slack:
            covered = (self.last[place] - self.first[place]) // DAY_US + 1
            return "UNKNOWN", f"The trail of the system spans {covered} of the {self.days} days.", 0
        also = "; another system has some" if known & self.elsewhere else ""
        return "FAIL", f"No event of the last {self.days} days carries the account{also}.", 0


def uses(audit_events: nw.LazyFrame[Any], holders: Any, systems: Any | None, days: int, at: Moment) -> Uses:
    """Count events of the `days` before the end of the period by account; refused ones are no use.

    `holders` has the columns system_id and account, perhaps user_id. Events stay in the engine; what
    comes back is one row for each listed name and source.
    """
    window = (at.end_us - days * DAY_US, at.end_us)
    time = nw.col("event_time_us")
    within = audit_events.filter((time >= window[0]) & (time < window[1]))
    found = Uses(days, window, names=system_names(systems))
    spans = within.group_by("source_system").agg(time.min().alias("first"), time.max().alias("last"))
    for row in records(spans):
        place = system_of(row.source_system, found.names)
        found.first[place] = min(row.first, found.first.get(place, row.first))
        found.last[place] = max(row.last, found.last.get(place, row.last))
    columns = [name for name in ("account", "user_id") if name in holders.collect_schema().names()]
    listed = nw.concat([holders.select(user_id=nw.col(name)) for name in columns], how="vertical").unique()
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    counted = (
        within.filter(not_refused, ~nw.col("user_id").is_null())
        .group_by("source_system", "user_id")
        .agg(nw.len().alias("events"))
        .join(listed, on="user_id", how="inner")
    )
    for row in records(counted):
        key = (system_of(row.source_system, found.names), row.user_id)
        found.events[key] = found.events.get(key, 0) + int(row.events)
        found.elsewhere.add(key[1])
    return found
