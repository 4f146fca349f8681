"""Orthanc's list of changes (`/changes` of its REST API): known, counted, and no audit trail.

It names nobody, and what is deleted vanishes from it with all that was said of it before. Taken for a trail
it would say that a system is audited which is not. So every entry is ignored with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.events import Book, read_log
from riskkit.readers.json_stream import Broken, Item, json_values

_KEYS = ("ChangeType", "ResourceType", "Seq")
_HEAD = re.compile(rb'\s*+\{\s*+"Changes"\s*+:\s*+\[\s*+(?:\]|\{\s*+"ChangeType")')


def _recognize(head: bytes, _name: str) -> bool:
    return _HEAD.match(head) is not None


@reader(
    id="orthanc_changes_json",
    title="Changes of Orthanc, JSON, which are no audit trail",
    version=1,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    evidence=False,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per change, all of them ignored."""
    return read_log(member, context, _values, _take, lambda _book: (NOTE,))


NOTE = "a list of changes is no audit trail: it names nobody, and forgets what was deleted"


def _values(stream: IO[bytes]) -> Iterator[Item]:
    return json_values(stream, arrays=frozenset({"Changes"}), expected=_is_change)


def _is_change(value: Any) -> bool:
    return isinstance(value, dict) and all(name in value for name in _KEYS)


def _take(book: Book, item: Item) -> None:
    if isinstance(item, Broken):
        book.events.quarantine(*item)
    elif isinstance(item.value, dict) and item.value.get("Changes") == []:
        book.events.ignore("empty_list")
    elif _is_change(item.value):
        book.events.ignore("change_without_user")
    else:
        book.events.quarantine(item.offset, "missing_required", ", ".join(_KEYS), len(item.body))
