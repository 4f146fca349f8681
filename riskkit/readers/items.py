"""From the items of an export to the rows of a table: each becomes one row, or is told why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.model import Batch, Member, Quarantined
from riskkit.readers.documents import DocumentError
from riskkit.tables import TABLES

GIB = 1 << 30
_LARGEST = 1 << 63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,9})?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)

Row = Mapping[str, object]


class IgnoredError(Exception):
    """An item that is none of the table's; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def gather(
    table: str,
    member: Member,
    items: Iterable[Any],
    row_of: Callable[[Any], Row],
    *,
    offsets: Sequence[int] | None = None,
    notes: Iterable[str] = (),
) -> Batch:
    """One batch of a table: a row per item, numbered from 0 unless `offsets` gives their places.

    `row_of` raises IgnoredError for an item that is none of the table's, KeyError for one that lacks
    what it needs, and ValueError, TypeError, AttributeError or OverflowError for one that is odd.
    """
    listed = list(items)
    rows: list[Row] = []
    quarantined: list[Quarantined] = []
    ignored: Counter[str] = Counter()
    for offset, item in zip(offsets or range(len(listed)), listed, strict=True):
        try:
            rows.append({**row_of(item), "source": member.name, "offset": offset, "n": 0})
        except IgnoredError as error:
            ignored[error.reason] += 1
        except KeyError:
            quarantined.append(Quarantined(offset, "missing_required"))
        except (ValueError, TypeError, AttributeError, OverflowError):
            quarantined.append(Quarantined(offset, "bad_value"))
    event = TABLES[table].event_time
    times = [time for row in rows if event and isinstance(time := row.get(event), datetime)]
    return Batch(
        table,
        TABLES[table].rows(rows),
        records=len(listed),
        accepted=len(rows),
        quarantined=tuple(quarantined),
        ignored=dict(ignored),
        collected_at=max(times, default=None),
        notes=tuple(notes),
    )


def listed_in(content: Any, key: str) -> list[Any]:
    """The list under a key of a document; raises DocumentError."""
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise DocumentError("json_malformed", f"{key} is no list")
    return found


def one_or_many(content: Any) -> list[Any]:
    """The objects of a document that holds a list of them, or only one; raises DocumentError."""
    if isinstance(content, dict):
        return [content]
    if not isinstance(content, list):
        raise DocumentError("json_malformed", "neither an object nor a list of objects")
    return content


def elements(value: object) -> list[Any] | None:
    """A list, or the one object that stands where a list is meant; None of anything else."""
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else None


def named(item: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is a text and not empty; raises KeyError."""
    found = optional(item, *keys)
    if found is None:
        raise KeyError(keys[0])
    return found


def optional(item: Mapping[str, Any], *keys: str) -> str | None:
    """The first of these that is a text and not empty, else None; raises ValueError for another type."""
    for key in keys:
        value = item.get(key)
        if value is not None and not isinstance(value, str):
            raise ValueError
        if value:
            return value
    return None


def stated(value: object) -> str:
    """A truth value as the tables write it; what is missing, or no truth value, is unknown."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "unknown"


def whole(value: object, unit: int = 1) -> int | None:
    """A size as bytes: a number or digits, times the unit; None for all else."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        return None
    size = round(value * unit)
    return size if size < _LARGEST else None


def instant(value: object, zone: ZoneInfo | None = None) -> datetime:
    """An instant from seconds since 1970 or an ISO 8601 time; one without zone is read in `zone`.

    Raises ValueError, also for a time without zone when none is given, and OverflowError.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _EPOCH + timedelta(seconds=value)
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise ValueError
    local = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    if local.tzinfo is None:
        if zone is None:
            raise ValueError
        local = local.replace(tzinfo=zone)
    return local.astimezone(UTC)
