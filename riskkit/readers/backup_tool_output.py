"""What restic and Borg print of checks, restores, sizes and keys: known, counted, and no evidence by itself.

None of it says when it was, and without a time it proves nothing of a period. A check belongs into the
column `verified` of backup/jobs.csv, a restore into backup/restore_tests.csv; the backups themselves are
listed by `restic snapshots --json` and `borg info --json`. So every record is ignored with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.texts import head_text, load_text, outline
from riskkit.tables import TABLES

CHECKED = "a check without a time: it goes into verified of backup/jobs.csv"
RESTORED = "a restore without times or a comparison: it goes into backup/restore_tests.csv"
RUN = "one run: the list of snapshots tells of all"
SIZES = "sizes without a time"
KEYS = "who holds passwords of the repository: not asked for"

_TEXTS = (
    (re.compile(r"(?m)^(?:check all packs|check snapshots, trees and blobs)\s*$"), CHECKED),
    (re.compile(r"(?m)^Starting repository check\s*$"), CHECKED),
    (re.compile(r"^restoring (?:<Snapshot |snapshot )[0-9a-f]{8}"), RESTORED),
)
_OBJECTS = (
    ({"message_type", "num_errors"}, CHECKED),
    ({"message_type", "files_restored"}, RESTORED),
    ({"message_type", "snapshot_id"}, RUN),
    ({"message_type", "percent_done"}, RUN),
    ({"total_size", "snapshots_count"}, SIZES),
    ({"current", "userName", "hostName", "created"}, KEYS),
)


def _reason(head: bytes) -> str | None:
    kind, keys = outline(head)
    if kind:
        return next((reason for wanted, reason in _OBJECTS if wanted <= keys), None)
    text = head_text(head).lstrip("\ufeff \t\r\n")
    return next((reason for pattern, reason in _TEXTS if pattern.search(text)), None)


def _recognize(head: bytes, _name: str) -> bool:
    return _reason(head) is not None


@reader(
    id="backup_tool_output",
    title="Checks, restores, sizes and keys of restic and Borg, which tell no time",
    version=1,
    tables=("backups",),
    recognize=_recognize,
    offset_unit="item",
    evidence=False,
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record: the file as a whole, ignored."""
    try:
        reason = _reason(load_text(member).encode("utf-8", "replace"))
        if reason is None:
            raise DocumentError("unknown_format", "nothing that restic or Borg prints")
    except DocumentError as error:
        yield refused("backups", error, member)
        return
    yield Batch("backups", TABLES["backups"].rows([]), records=1, accepted=0, ignored={reason: 1})
