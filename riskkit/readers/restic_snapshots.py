"""`restic snapshots --json`: the backups in one repository, which restic always encrypts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.tables import TABLES

_LARGEST_SIZE = 1 << 63
_BACKUPS = TABLES["backups"]


def _recognize(head: bytes, _name: str) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not re.match(rb"\[\s*\{", start):
        return False
    # The last object of a head may be cut; the first is whole or too long to be a snapshot.
    first = start[: start.find(b"}") + 1] or start
    return all(f'"{key}"'.encode() in first for key in ("time", "tree", "paths", "hostname"))


@reader(
    id="restic_snapshots",
    title="restic snapshots --json",
    version=1,
    tables=("backups",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per snapshot; a snapshot that exists was finished.

    The host stands for the system. `summary` (restic 0.17 and later) gives begin, end and size.
    """
    try:
        snapshots = _snapshots(member)
    except DocumentError as error:
        yield refused("backups", error, member)
        return
    rows, quarantined = [], []
    location = PurePosixPath(member.name.replace("!", "/")).name
    for number, snapshot in enumerate(snapshots):
        try:
            row = _row(snapshot, location)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            reason = "missing_required" if isinstance(error, KeyError) else "bad_value"
            quarantined.append(Quarantined(number, reason))
            continue
        rows.append({**row, "source": member.name, "offset": number, "n": 0})
    ends = [row["finished_at"] for row in rows]
    yield Batch(
        "backups",
        _BACKUPS.rows(rows),
        records=len(snapshots),
        accepted=len(rows),
        quarantined=tuple(quarantined),
        collected_at=max(ends, default=None),
    )


def _snapshots(member: Member) -> list[Any]:
    content = load_json(member)
    if not isinstance(content, list):
        raise DocumentError("json_malformed", "no list of snapshots")
    return content


def _row(snapshot: Mapping[str, Any], location: str) -> dict[str, Any]:
    summary = snapshot.get("summary") or {}
    size = summary.get("total_bytes_processed")
    begin, end = summary.get("backup_start"), summary.get("backup_end")
    host, identifier = snapshot["hostname"], snapshot["id"]
    if not (isinstance(host, str) and host and isinstance(identifier, str) and identifier):
        raise ValueError
    return {
        "system_id": host,
        "backup_id": identifier,
        "job": " ".join(map(str, snapshot["paths"])),
        "started_at": _instant(begin) if begin else None,
        "finished_at": _instant(end or snapshot["time"]),
        "status": "success",
        "size_bytes": size if type(size) is int and 0 <= size < _LARGEST_SIZE else None,
        "encrypted": "yes",
        "immutable": "unknown",
        "location": location,
        "tool": "restic",
    }


def _instant(text: str) -> datetime:
    """An RFC 3339 time; restic writes nanoseconds, of which microseconds are kept."""
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text)
    instant = datetime.fromisoformat(cut)
    if instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)
