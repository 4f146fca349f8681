"""Test data of OpenATNA (`<entities>`): known, counted, and no audit trail.

An audit record repository fills its database from such a file to try itself out: codes, people and objects,
and messages that refer to them and take the time of loading. No system sent them. So every message is
ignored with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.events import Events

_HEAD = re.compile(rb"<entities>\s*+(?:<!--.*?-->\s*+)*+<Codes>\s*+<CodeType name=", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_MESSAGE = re.compile(rb"<message[\s>]")
_LIMIT = 16 << 20
"""Bytes that are looked through: our own cap, far above such a file."""


def _recognize(head: bytes, _name: str) -> bool:
    return _HEAD.search(_COMMENT.sub(b"", head)) is not None


@reader(
    id="openatna_entities",
    title="Test data of OpenATNA, which is no audit trail",
    version=1,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    evidence=False,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per message, all of them ignored; the whole file is one when it holds none."""
    events = Events(member.name)
    with member.open() as stream:
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        events.quarantine(0, "too_large", f"more than {_LIMIT} bytes", len(data))
    else:
        messages = len(_MESSAGE.findall(_COMMENT.sub(b"", data)))
        events.ignore("test_message" if messages else "test_data", messages or 1)
    yield events.batch(last=True, notes=("test data of a repository is no audit trail",))
