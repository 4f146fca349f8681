"""What readers of audit events in JSON share: texts, the fate of a record, operations of two records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from riskkit.errors import EvidenceError
from riskkit.readers.events import Events, Row
from riskkit.readers.json_stream import Broken, Found, Item
from riskkit.readers.text_log import harmless

Json = Mapping[str, Any]

WRONG_TYPE = (AttributeError, TypeError, ValueError, LookupError)
"""What comes of a list where an object belongs, and the like."""

SHORT = 256
OPERATIONS = 20_000
"""Operations whose other record is waited for, and joined ones that are remembered: our own cap."""


def text_of(value: object) -> str | None:
    """A text without surrounding blanks, its control characters written out; None for anything else."""
    if value.__class__ is not str:
        return None
    text: str = value.strip()
    return text if text and len(text) < SHORT and text.isprintable() else harmless(text)


def take_record(events: Events, item: Item, read: Callable[[Json, Found], str | None]) -> None:
    """Give one record to `read`, which adds its rows, or says why it is ignored.

    What is broken, lacks what `read` looks for (KeyError) or is of another structure is quarantined.
    """
    if isinstance(item, Broken):
        events.quarantine(*item)
        return
    offset, value, body = item
    if not isinstance(value, dict):
        events.quarantine(offset, "unknown_format", "no object", len(body))
        return
    try:
        ignored = read(value, item)
    except KeyError as error:
        events.quarantine(offset, "missing_required", f"no {error.args[0]}", len(body))
    except WRONG_TYPE:
        detail = "an element is not of the type that the format gives it"
        events.quarantine(offset, "bad_value", detail, len(body))
    else:
        if ignored:
            events.ignore(ignored)


def with_end(items: Iterable[Item]) -> Iterator[Item | None]:
    """The items, then None, also when the compression breaks: what waits must be told."""
    try:
        yield from items
    except EvidenceError:
        yield None
        raise
    yield None


class Operations:
    """Joins the record of an operation's start with that of its end, in either order, to one event.

    The event has the place and the outcome of the end, the time of the start, and of the start what the
    end does not say. A start alone is an event of unknown outcome, an end alone one as it stands.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._waiting: dict[object, tuple[bool, int, Row]] = {}
        self._settled: set[object] = set()
        self._order: deque[object] = deque()

    def take(self, key: object, offset: int, row: Row, *, ended: bool) -> str | None:
        """Take one of two records; says why it is ignored when its operation is told already."""
        if not ended and key in self._settled:
            return STARTED
        other = self._waiting.get(key)
        if other and other[0] != ended:
            del self._waiting[key]
            start, end = (other[2], row) if ended else (row, other[2])
            self._events.add(offset if ended else other[1], [_joined(start, end)])
            self._settle(key)
            if not ended:
                return STARTED
            self._events.ignore(STARTED)
            return None
        if other or len(self._waiting) >= OPERATIONS:
            self._alone(key if other else next(iter(self._waiting)))
        self._waiting[key] = ended, offset, row
        return None

    def close(self) -> None:
        """Add what still waits."""
        for key in list(self._waiting):
            self._alone(key)

    def _settle(self, key: object) -> None:
        self._settled.add(key)
        self._order.append(key)
        if len(self._order) > OPERATIONS:
            self._settled.discard(self._order.popleft())

    def _alone(self, key: object) -> None:
        ended, offset, row = self._waiting.pop(key)
        if ended:
            self._settle(key)
        else:
            said = filter(None, (row.get("parse_notes"), "an operation without its end"))
            notes = "; ".join(map(str, said))
            unknown = {"event_outcome": "unknown", "event_severity": None, "parse_status": "partial"}
            row = {**row, **unknown, "parse_notes": notes}
        self._events.add(offset, [row])


STARTED = "start_of_an_operation"
_TIMES = frozenset({"event_time_us", "event_time_raw", "time_quality"})
_WHO = frozenset({"user_id", "user_name", "user_type", "user_role", "agents", "source_ip", "source_host"})


def _joined(start: Row, end: Row) -> Row:
    """The end, at the time of the start, and with the people of the start where it names nobody."""
    kept = {name for name, value in end.items() if value is not None}
    if start["event_time_us"] is not None:
        kept -= _TIMES
    if end["user_id"] is None:
        kept -= _WHO
    severity = {"event_severity": end["event_severity"], "event_reason": end["event_reason"]}
    return {**start, **{name: end[name] for name in kept}, **severity}
