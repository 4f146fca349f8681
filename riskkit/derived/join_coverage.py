"""How much of the audit trail other evidence knows by id: what no list knows is passed over, not judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.baseline import of_people
from riskkit.derived.clock_days import day_number
from riskkit.derived.trail import in_period, logs_out
from riskkit.model import Moment
from riskkit.tables import TABLES
from riskkit.words import amount, be, plural, some

LEAST_PERCENT = 75
"""A list that knows less of the trail's events says nothing of what it does not know: our own choice.

A tenth may well be missing from a sound list: patients of other hospitals, visiting staff, stations that
were moved. The list of one department, or ids that a program wrote anew, lack most. At three in four a case
is still seen three times as often as it is missed.
"""
REWRITTEN_PERCENT = 1
"""More ids than that which match only when leading zeros are set aside were written anew by a program.

A sound list has none; one in a hundred is left for two numbers that happen to be alike.
"""

COUNTS = ("ids", "events", "found", "found_events", "zeros", "affixes")

JOINS = {
    "patients": "patients",
    "relationships": "relationships",
    "roster": "roster",
    "workstations": "workstations",
    "carers": "relationships",
    "own_users": "self_match",
    "own_numbers": "self_match",
}
"""Joins, and the table that each is about."""


class Coverage(NamedTuple):
    """A join of the period: distinct `ids`, the `events` behind them, and how many are found exactly.

    Of those not found, `zeros` would match without leading zeros and blanks, `affixes` others without what
    stands before or behind (an issuer, a domain, letters). Nothing but equal ids ever matches.
    """

    join: str
    ids: int
    events: int
    found: int
    found_events: int
    zeros: int
    affixes: int

    @property
    def table(self) -> str:
        """The table that the join is about."""
        return JOINS[self.join]

    @property
    def short(self) -> bool:
        """Whether so little is found, or so many ids were written anew, that silence means nothing."""
        if self.zeros * 100 > REWRITTEN_PERCENT * self.ids:
            return True
        if self.join == "own_numbers":
            # Few people are patients where they work, so nothing follows from how many are found.
            return bool(self.affixes) and not self.found
        part, whole = (self.found_events, self.events) if self.events else (self.found, self.ids)
        return part * 100 < LEAST_PERCENT * whole

    @property
    def whole(self) -> bool:
        """Whether every id is found."""
        return self.found == self.ids

    def told(self) -> str:
        """The numbers and what may have happened, in one sentence."""
        place, ids = TABLES[self.table].place, self.ids
        found = f"{some(self.found)} of {ids:,}"
        people = f"{found} {plural('person', ids)} of {place} {be(self.found)} in the roster or the trail"
        text = {
            "patients": f"{found} {plural('patient', ids)} of the trail {be(self.found)} in {place}",
            "relationships": f"{found} {plural('patient', ids)} of the trail {be(self.found)} in {place}",
            "roster": f"{found} {plural('user', ids)} of the trail {be(self.found)} in {place}",
            "workstations": f"{some(self.found_events)} of {amount(self.events, 'event')} of people "
            f"{be(self.found_events, 'was', 'were')} made at a workstation of {place}",
            "own_users": people,
            "carers": people,
            "own_numbers": f"{found} own {plural('record number', ids)} {be(self.found)} in the trail or in "
            f"{TABLES['patients'].place}",
        }[self.join]
        if self.zeros:
            text += (
                f"; {self.zeros:,} more would match without leading zeros: the column was probably opened in "
                "a spreadsheet"
            )
        if self.affixes:
            text += f"; {self.affixes:,} more would match without what stands before or behind the id"
        return f"{text[0].upper()}{text[1:]}."


@derive(
    name="join_coverage",
    doc="One row per join of the trail with other evidence (of the period; accesses of people to records, "
    "for workstations all their events): distinct `ids` and `events` behind them, those `found` exactly, and "
    "how many more ids would match without leading `zeros` or without `affixes`. Own record numbers and "
    "people whom lists name are looked up in the trail, all others are ids of the trail.",
)
def join_coverage(
    patient_days: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any] | None,
    relationships: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    self_match: nw.LazyFrame[Any] | None,
    workstations: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[nw.LazyFrame[Any]]:
    """Aggregates only: no id leaves the engine."""
    period = patient_days.filter(nw.col("day") >= day_number(at.period.first_day))
    seen, users = (
        period.select("accesses", id=column).group_by("id").agg(nw.col("accesses").sum().alias("events"))
        for column in ("patient_id", "user_id")
    )
    opened, active = patient_days.select(id="patient_id"), patient_days.select(id="user_id")
    yield _row("roster", users, [active], _local).head(0)  # a trail alone is joined with nothing
    if patients is not None:
        yield _row("patients", seen, [patients.select(id="patient_id")], _inner)
    if relationships is not None:
        yield _row("relationships", seen, [relationships.select(id="patient_id")], _inner)
    if roster is not None:
        yield _row("roster", users, [roster.select(id="user_id")], _local)
    known = active if roster is None else nw.concat([active, roster.select(id="user_id")], how="vertical")
    for join, named in (("carers", relationships), ("own_users", self_match)):
        if named is not None:
            yield _row(join, _listed(named.select(id="user_id")), [known], _local)
    own = [one.select(id="patient_id") for one in (self_match, roster) if one is not None]
    if own:
        lists = [opened] if patients is None else [opened, patients.select(id="patient_id")]
        yield _row("own_numbers", _listed(nw.concat(own, how="vertical")), lists, _inner)
    if workstations is not None:
        yield _stations(audit_events, workstations, at)


def _listed(ids: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Ids of a list, each once; no events stand behind them."""
    return ids.filter(~nw.col("id").is_null()).unique().with_columns(events=nw.lit(0))


def _row(
    join: str, seen: nw.LazyFrame[Any], lists: Sequence[nw.LazyFrame[Any]], core: Callable[[], nw.Expr]
) -> nw.LazyFrame[Any]:
    """Ids and events, how many are in a list, and how many are in one that writes them otherwise."""
    asked = seen.with_columns(bare=_bare(), core=core())
    exact: list[nw.Expr] = []
    bare: list[nw.Expr] = []
    near: list[nw.Expr] = []
    for n, ids in enumerate(lists):
        keys = (("id", nw.col("id"), exact), ("bare", _bare(), bare), ("core", core(), near))
        for column, key, marks in keys:
            mark = f"{column}_{n}"
            known = ids.select(**{column: key}).filter(nw.col(column) != "").unique()
            asked = asked.join(known.with_columns(nw.lit(1).alias(mark)), on=column, how="left")
            marks.append(nw.col(mark).fill_null(nw.lit(0)))
    # In the list that knows the bare number, the id itself must not stand.
    none = nw.lit(0)  # the greatest of one column alone is refused by Spark
    zeros = nw.max_horizontal(none, *(b * (1 - e) for b, e in zip(bare, exact, strict=True)))
    found = nw.max_horizontal(none, *exact)
    return (
        asked.with_columns(found=found, zeros=zeros, near=nw.max_horizontal(none, *near))
        .with_columns(found=nw.col("found") * (1 - nw.col("zeros")))
        .select(
            "events",
            "found",
            "zeros",
            found_events=nw.col("found") * nw.col("events"),
            affixes=nw.col("near") * (1 - nw.col("found")) * (1 - nw.col("zeros")),
        )
        .select(nw.len().alias("ids"), *(nw.col(name).sum() for name in COUNTS[1:]))
        .select(nw.lit(join).alias("join"), *(nw.col(name).fill_null(0).cast(nw.Int64) for name in COUNTS))
    )


def _stations(
    audit_events: nw.LazyFrame[Any], workstations: nw.LazyFrame[Any], at: Moment
) -> nw.LazyFrame[Any]:
    """Places of people's events: host name and address, of which the list must know one."""
    places = (
        audit_events.filter(in_period(at), of_people(at), ~logs_out())
        .select(
            host=nw.col("source_host").str.to_lowercase().fill_null(""),
            address=nw.col("source_ip").str.to_lowercase().fill_null(""),
        )
        .group_by("host", "address")
        .agg(nw.len().alias("events"))
    )
    listed = workstations.select(place=nw.col("host").str.to_lowercase())
    short = listed.select(place=_first_part("place"))
    asked = places.with_columns(short=_first_part("host"))
    for column, known in (("host", listed), ("address", listed), ("short", short)):
        marked = known.filter(nw.col("place") != "").unique().with_columns(nw.lit(1).alias(f"{column}_known"))
        asked = asked.join(marked, left_on=column, right_on="place", how="left")
    one, other, near = (
        nw.col(f"{column}_known").fill_null(nw.lit(0)) for column in ("host", "address", "short")
    )
    return (
        asked.with_columns(found=nw.max_horizontal(one, other), near=near)
        .select(
            "events",
            "found",
            zeros=nw.lit(0),
            found_events=nw.col("found") * nw.col("events"),
            affixes=nw.col("near") * (1 - nw.col("found")),
        )
        .select(nw.len().alias("ids"), *(nw.col(name).sum() for name in COUNTS[1:]))
        .select(
            nw.lit("workstations").alias("join"),
            *(nw.col(name).fill_null(0).cast(nw.Int64) for name in COUNTS),
        )
    )


def _bare() -> nw.Expr:
    """An id as a spreadsheet leaves it: without blanks around it and leading zeros, in any case."""
    return nw.col("id").str.strip_chars().str.to_lowercase().str.replace_all("^0+", "")


def _inner() -> nw.Expr:
    """A record number without issuer (`^^^HOSPITAL`), letters around it and leading zeros."""
    number = nw.col("id").str.to_lowercase().str.replace_all(r"\^.*$", "")
    return number.str.replace_all("^[^0-9]*0*", "").str.replace_all("[^0-9]+$", "")


def _local() -> nw.Expr:
    r"""A log-in name without its domain (`DOMAIN\name`, `name@domain`) and leading zeros."""
    name = nw.col("id").str.replace_all(r"^.*\\", "").str.replace_all("@.*$", "")
    return name.str.strip_chars().str.replace_all("^0+", "")


def _first_part(column: str) -> nw.Expr:
    """A host name without its domain; nothing of an address."""
    name = nw.col(column)
    return nw.when(name.str.contains("[g-z]")).then(name.str.replace_all(r"\..*$", "")).otherwise(nw.lit(""))
