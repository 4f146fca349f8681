"""FHIR AuditEvent, DSTU2 to R5, IHE BALP among them: resources, Bundles, and bulk exports (NDJSON).

`riskkit.readers.json_stream` finds the resources, `shapes` reads what differs between the releases,
`meaning` turns an event into rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.events import Events, batches
from riskkit.readers.fhir_audit.meaning import read_event
from riskkit.readers.json_stream import Broken, Found, Item, json_values
from riskkit.readers.texts import outline

_AUDIT_EVENT = re.compile(rb'"resourceType"\s*+:\s*+"AuditEvent"')
_BUNDLE = re.compile(rb'"resourceType"\s*+:\s*+"Bundle"')


def _recognize(head: bytes, _name: str) -> bool:
    if _AUDIT_EVENT.search(head):
        return True
    # Other resources of a Bundle may come first, more of them than a head holds.
    kind, keys = outline(head)
    return kind == "object" and "resourceType" in keys and _BUNDLE.search(head) is not None


@reader(
    id="fhir_audit",
    title="FHIR AuditEvent (DSTU2 to R5, IHE BALP): resource, Bundle or NDJSON",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per resource, and per piece of the file that is none.

    Copies of one event, as client and server record it, are both kept; `correlation_id` joins them.
    `collected_at` stands in the last batch: the time of the last plausible event.
    """
    events = Events(member.name)

    def take(item: Item) -> None:
        if isinstance(item, Broken):
            events.quarantine(*item)
        else:
            _take(events, item, context)

    with member.open() as stream:
        values = json_values(stream, arrays=frozenset({"entry"}), expected=_expected)
        yield from batches(events, values, take)


def _expected(value: Any) -> bool:
    """An AuditEvent, or an entry of a Bundle."""
    if not isinstance(value, dict):
        return False
    inner = value.get("resource")
    return value.get("resourceType") == "AuditEvent" or (isinstance(inner, dict) and "resourceType" in inner)


def _take(events: Events, found: Found, context: Context) -> None:
    value = found.value
    if (
        isinstance(value, dict)
        and "resourceType" not in value
        and ("resource" in value or "fullUrl" in value)
    ):
        value = value.get("resource")
        if value is None:
            events.ignore("entry_without_resource")
            return
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if kind == "Bundle" and not value.get("entry"):
        events.ignore("empty_bundle")
    elif not isinstance(kind, str) or kind == "Bundle":
        detail = "a Bundle within a Bundle" if kind else "no FHIR resource"
        events.quarantine(found.offset, "unknown_format", detail, len(found.body))
    elif kind != "AuditEvent":
        events.ignore("other_resource")
    else:
        try:
            rows = read_event(value, found.body, context.zone)
        except KeyError as error:
            events.quarantine(found.offset, "missing_required", str(error.args[0]), len(found.body))
        # An element that is a list where an object belongs, and the like: anywhere in the resource.
        except (AttributeError, TypeError, ValueError):
            detail = "an element is not of the type that FHIR gives it"
            events.quarantine(found.offset, "bad_value", detail, len(found.body))
        else:
            events.add(found.offset, rows)
