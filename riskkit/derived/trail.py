"""What questions to the audit trail share: the period, whole hours, opened records, first rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import narwhals as nw

from riskkit.derived.inventory import system_names
from riskkit.model import Moment, Rows

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

RECORD_OPENED = ("query", "read", "transfer", "export")
"""Event categories in which someone sees what an archive holds."""

MACHINES = ("application", "node")
"""Values of `user_type` that are no person."""

UNNAMED_SOURCE = "source without a name"
"""The audit source of events that carry no AuditSourceID."""

TRANSFER_BEGINS = "110102"
"""One transfer writes 110102 at its begin and 110104 at its end; only the end counts."""

LOG_OUT = "110123"
"""The type of event of a log-out: sessions end by themselves where nobody is any more."""

ROWS_PER_RECORD = 1 << 14
"""More than a reader makes of one record."""


def in_period(at: Moment) -> nw.Expr:
    """Whether an event happened in the period, as far as it has run."""
    time = nw.col("event_time_us")
    return (time >= at.start_us) & (time < at.end_us)


def opens_record() -> nw.Expr:
    """Whether an event shows someone what the archive holds; refused ones and begins do not."""
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    begins = nw.col("event_code").fill_null("") == TRANSFER_BEGINS
    return nw.col("event_category").is_in(RECORD_OPENED) & ~refused & ~begins


def logs_out() -> nw.Expr:
    """Whether an event is a log-out: it shows no one at that place."""
    code, kinds = nw.col("event_code").fill_null(""), nw.col("event_subcode").fill_null("")
    return (code == LOG_OUT) | kinds.str.contains(LOG_OUT, literal=True)


def arrived(systems: Any | None) -> nw.Expr:
    """Whether a transfer has ended at the system that recorded it, by the names in the inventory."""
    of: dict[str, list[str]] = {}
    for name, system in system_names(systems).items():
        of.setdefault(system, []).append(name)
    here = nw.lit(False)
    for names in of.values():
        source, to = nw.col("source_system").str.to_lowercase(), nw.col("dest_aet").str.to_lowercase()
        here = here | (source.is_in(names) & to.is_in(names))
    ended = nw.col("event_code").fill_null("") != TRANSFER_BEGINS
    return (nw.col("event_category") == "transfer") & ended & here.fill_null(False)


_DONE = (
    # that it went well
    "success(?:ful|fully)?", "succee?d(?:ed|s)?", "ok(?:ay)?", "complet(?:e|ed|ely|ion)", "done", "finished",
    "accepted", "passed", "performed", "processed", "executed", "normal", "(?:no|without(?: any)?) errors?",
    "result", "status", "outcome", "code", "http",
    # that nothing is told
    "n/?a", "nil", "none", "null", "unknown", "unspecified", "not (?:applicable|available|known|specified)",
    "no reason", "reason",
    # what was done, and to what
    "updat(?:e[ds]?|ing)", "delet(?:e[ds]?|ing|ion)", "remov(?:e[ds]?|al)", "chang(?:e[ds]?|ing)",
    "modif(?:y|ied|ication)", "edit(?:ed|ing)?", "merg(?:e[ds]?|ing)", "creat(?:e[ds]?|ion)", "sav(?:e[ds]?)",
    "stored?", "operation", "action", "event", "request", "transaction", "command",
    "(?:patient|study|studie|serie|image|instance|object|record|item)s?",
    # words between them
    "the", "an?", "of", "by", "to", "in", "with", "and", "it", "for", "is", "are", "was", "were", "ha[sd]",
    "have", "been",
)  # fmt: skip
_ONLY_DONE = rf"^(?:[\s\x21-\x2f\x3a-\x60\x7b-\x7e]|\b(?:[0-9]{{1,3}}|{'|'.join(_DONE)})\b)*$"
"""A text of nothing but these words, signs and short numbers such as `HTTP 200`, in lower case."""


def gives_no_reason() -> nw.Expr:
    """Whether an event says neither why nor for what purpose; that it was done, and well, is no reason."""
    said = nw.col("event_reason").fill_null("").str.to_lowercase()
    return said.str.contains(_ONLY_DONE) & nw.col("purpose_of_use").is_null()


def flag(condition: nw.Expr) -> nw.Expr:
    """1 where a condition holds, else 0 (also where it is null): a sum of it counts."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def hour(at: Moment) -> nw.Expr:
    """The hour of an event as an integer: hours since 1970, starting with the site's clock hours.

    Hours are counted in elapsed time, so none is doubled or missing when clocks change.
    """
    return (nw.col("event_time_us") + _shift_us(at)) // HOUR_US


def hour_of(instant_us: int, at: Moment) -> int:
    """The hour, as `hour` counts them, that holds an instant."""
    return (instant_us + _shift_us(at)) // HOUR_US


def local_start(hour_number: int, at: Moment) -> datetime:
    """The local time at which an hour starts."""
    return _local(hour_number * HOUR_US - _shift_us(at), at)


def local_day(hour_number: int, at: Moment) -> date:
    """The local day that holds an hour."""
    return local_start(hour_number, at).date()


def row_key() -> nw.Expr:
    """Offset and row number as one integer, so that a minimum of it names a row within its source."""
    return nw.col("offset").fill_null(0) * ROWS_PER_RECORD + nw.col("n").fill_null(0)


def first_rows(
    found: Iterable[tuple[str, int]], count: int, predicate: str, table: str = "audit_events"
) -> Rows:
    """Refer to the first rows of (source, row key) pairs.

    `predicate` finds the rest; `:subject` and `:scope` in it stand for those of the verdict, so
    that it names nobody.
    """
    keys = tuple(
        (source, key // ROWS_PER_RECORD, key % ROWS_PER_RECORD) for source, key in sorted(found)[: Rows.FIRST]
    )
    return Rows(table, count, keys, predicate)


def local(instant_us: int, at: Moment) -> str:
    """An instant as local time for people to read."""
    return f"{_local(instant_us, at):%Y-%m-%d %H:%M}"


def _local(instant_us: int, at: Moment) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_us)).astimezone(at.zone)


def _shift_us(at: Moment) -> int:
    """How far the site's clock hours stand from those of UTC: 0, or 30 or 45 minutes in some zones."""
    offset = at.as_of.astimezone(at.zone).utcoffset() or timedelta()
    return (offset % timedelta(hours=1)) // timedelta(microseconds=1)
