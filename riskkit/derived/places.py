"""Where people worked: workstations of the audit trail, and changes from one place to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.derived.baseline import of_people
from riskkit.derived.trail import in_period, logs_out
from riskkit.model import Moment, Verdict
from riskkit.tables import records
from riskkit.words import amount, out_of

ORDER = ("event_time_us", "event_seq", "source", "offset", "n")


def placed(audit_events: nw.LazyFrame[Any], workstations: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """Events of people on a known workstation, with its zone, department and site; log-outs left out.

    The host name of an event counts before its address; upper and lower case are the same.
    """
    stations = workstations.select(
        place=nw.col("host").str.to_lowercase(), zone="zone", home="department", site="site"
    ).unique(subset=["place"], keep="any")
    events = audit_events.filter(of_people(at), ~logs_out()).with_columns(
        named=nw.col("source_host").str.to_lowercase(), addressed=nw.col("source_ip").str.to_lowercase()
    )
    by_name = events.join(stations, left_on="named", right_on="place", how="inner")
    others = events.join(stations, left_on="named", right_on="place", how="anti")
    by_address = others.join(stations, left_on="addressed", right_on="place", how="inner")
    columns = ("user_id", *ORDER, "event_category", "source_ip", "zone", "home", "site")
    return nw.concat([by_name.select(*columns), by_address.select(*columns)], how="vertical")


def nowhere(
    audit_events: nw.LazyFrame[Any], known: nw.LazyFrame[Any], what: str, at: Moment
) -> Iterator[Verdict]:
    """UNKNOWN for each user of the period without an event among the `known` ones, which are at `what`."""
    within = audit_events.filter(in_period(at), of_people(at), ~logs_out())
    users = known.filter(in_period(at)).select("user_id").unique()
    others = within.join(users, on="user_id", how="anti").group_by("user_id").agg(nw.len().alias("events"))
    for row in records(others.sort("user_id")):
        yield Verdict(
            subject=row.user_id,
            result="UNKNOWN",
            message=f"None of {amount(row.events, 'event')} was made at {what}.",
            observed=out_of(0, row.events, "event"),
        )


def with_previous(events: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    """Each event with its user's event before it: `before` (its place) and `apart_us` between them.

    `away_us` is the time since the user's last event at the same place: with `moved`, how long ago the user
    was last where this event is.
    """
    previous = {
        "same": nw.col("event_time_us").shift(1).over("user_id", column, order_by=list(ORDER)),
        "before": nw.col(column).shift(1).over("user_id", order_by=list(ORDER)),
        "earlier": nw.col("event_time_us").shift(1).over("user_id", order_by=list(ORDER)),
        "address_before": nw.col("source_ip").shift(1).over("user_id", order_by=list(ORDER)),
    }
    return events.with_columns(**previous).with_columns(
        apart_us=nw.col("event_time_us") - nw.col("earlier"),
        away_us=nw.col("event_time_us") - nw.col("same"),
        moved=(nw.col("before") != nw.col(column)).fill_null(nw.lit(False)),
    )
