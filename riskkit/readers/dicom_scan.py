"""The walk of an image store that `riskkit collect dicom` writes: gzip, one JSON object a line.

Header, one line a file, trailer. A scan is complete only when its trailer is there and counts as many
files as there are lines: an archive half seen must not look like one with half the exposure.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.errors import RiskkitError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.tables import TABLES, Column
from riskkit.words import amount

FORMAT = 1
MARK = "riskkit_dicom_scan"
BATCH_ROWS = 5_000
LONGEST_LINE = 1 << 20

_SCANS, _FILES = TABLES["dicom_scans"], TABLES["dicom_files"]
_PER_SCAN = frozenset({"scan_id", "system_id"})
_COLUMNS = tuple(column for column in _FILES.columns if column.name not in _PER_SCAN)
_LARGEST = (1 << 63) - 1
_YEAR = re.compile(r"(?:^|/)((?:19|20)\d\d)/(?:0[1-9]|1[0-2])/", re.ASCII)


class _UnfitError(Exception):
    """A record that cannot become a row: the reason code, and which column it is about."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    content: bytes
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Scan:
    """What header and trailer say together; `row` is None when the header cannot be trusted."""

    row: Mapping[str, object] | None
    unfit: _UnfitError | None
    last_line: int | None
    collected_at: datetime | None
    notes: tuple[str, ...] = ()


def _recognize(head: bytes, _name: str) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t")
    if not start.startswith(b"{"):
        return False
    try:
        return MARK in _object(start.partition(b"\n")[0])
    except _UnfitError:
        return False


@reader(
    id="dicom_scan",
    title="Walk of an image store (riskkit collect dicom)",
    version=3,
    tables=("dicom_scans", "dicom_files"),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """Read twice: the trailer at the end says when the scan was finished and whether it is whole."""
    scan = _scan(member)
    yield from _files(member, scan)
    rows = [] if scan.row is None else [{**scan.row, "source": member.name, "offset": 1, "n": 0}]
    unfit = scan.unfit
    yield Batch(
        table="dicom_scans",
        rows=_SCANS.rows(rows),
        records=1,
        accepted=len(rows),
        quarantined=() if unfit is None else (Quarantined(1, unfit.reason, unfit.detail),),
        collected_at=scan.collected_at,
        notes=scan.notes,
    )


def _scan(member: Member) -> _Scan:
    first, last = b"", _Line(0, b"")
    lines = 0
    for line in _lines(member):
        if line.number == 1:
            first = line.content
        elif line.content.strip() or line.problem:
            last = line
            lines += 1
    trailer = _trailer(last)
    files = lines - (trailer is not None)
    try:
        header = _header(first)
    except _UnfitError as unfit:
        return _Scan(None, unfit, last.number if trailer is not None else None, None)
    finished_at = _instant(trailer.get("finished_at")) if trailer is not None else None
    notes = []
    if trailer is None:
        notes.append("the walk was interrupted: the scan has no trailer")
    elif trailer.get("files") != files:
        notes.append(
            f"the trailer does not count the {amount(files, 'file')} listed here: the scan is incomplete"
        )
    whole = trailer is not None and trailer["complete"] is True and trailer.get("files") == files
    counts = {name: (trailer or {}).get(name) for name in ("unreadable", "files_read", "bytes_read")}
    row = {
        **header,
        "finished_at": finished_at,
        "complete": whole,
        "files": files,
        **{name: count if _is_count(count) else None for name, count in counts.items()},
    }
    collected_at = finished_at or header["started_at"]
    return _Scan(row, None, last.number if trailer is not None else None, collected_at, tuple(notes))


def _files(member: Member, scan: _Scan) -> Iterator[Batch]:
    """The file lines in batches; lines of a scan that cannot be trusted are quarantined one by one."""
    rows: list[dict[str, object]] = []
    quarantined: list[Quarantined] = []
    blank = 0
    for line in _lines(member):
        if line.number in (1, scan.last_line):
            continue
        if not line.content.strip() and not line.problem:
            blank += 1
            continue
        try:
            if scan.row is None:
                raise _UnfitError("missing_required", "the header of the scan is unusable")
            row = _file(line)
        except _UnfitError as unfit:
            quarantined.append(Quarantined(line.number, unfit.reason, unfit.detail, len(line.content)))
        else:
            common = {"scan_id": scan.row["scan_id"], "system_id": scan.row["system_id"]}
            rows.append({**row, **common, "source": member.name, "offset": line.number, "n": 0})
        if len(rows) + len(quarantined) >= BATCH_ROWS:
            yield _batch(rows, quarantined, blank, scan)
            rows, quarantined, blank = [], [], 0
    yield _batch(rows, quarantined, blank, scan)


def _batch(rows: list[dict[str, object]], quarantined: list[Quarantined], blank: int, scan: _Scan) -> Batch:
    return Batch(
        table="dicom_files",
        rows=_FILES.rows(rows),
        records=len(rows) + len(quarantined) + blank,
        accepted=len(rows),
        quarantined=tuple(quarantined),
        ignored={"blank line": blank} if blank else {},
        collected_at=scan.collected_at,
    )


def _lines(member: Member) -> Iterator[_Line]:
    """Lines by number from 1; a too long one is cut, one that broken compression hides is `truncated`."""
    number = 1
    with member.open() as file:
        while True:
            try:
                content = file.readline(LONGEST_LINE + 1)
                problem = ""
                if len(content) > LONGEST_LINE and not content.endswith(b"\n"):
                    problem = "too_large"
                    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
            except (RiskkitError, OSError, EOFError, zlib.error):
                yield _Line(number, b"", "truncated")
                return
            if not content:
                return
            yield _Line(number, content, problem)
            number += 1


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except UnicodeDecodeError as error:
        raise _UnfitError("encoding", "the line is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        cut = not content.endswith(b"\n")
        raise _UnfitError("truncated" if cut else "json_malformed", "the line is not JSON") from error
    if not isinstance(found, dict):
        raise _UnfitError("json_malformed", "the line is not a JSON object")
    return found


def _header(content: bytes) -> dict[str, Any]:
    found = _object(content.lstrip(b"\xef\xbb\xbf"))
    if found.get(MARK) != FORMAT or isinstance(found[MARK], bool):
        raise _UnfitError("unknown_format", f"{MARK} is not {FORMAT}")
    started_at = _instant(found.get("started_at"))
    if started_at is None:
        raise _UnfitError("no_timestamp", "started_at")
    names = ("scan_id", "system_id", "root", "digest_key", "restored_copy")
    texts = {name: _value(found.get(name), _SCANS.by_name[name]) for name in names}
    return {**texts, "started_at": started_at}


def _trailer(line: _Line) -> dict[str, Any] | None:
    if line.problem:
        return None
    try:
        found = _object(line.content)
    except _UnfitError:
        return None
    return found if "complete" in found else None


def _file(line: _Line) -> dict[str, object]:
    if line.problem:
        raise _UnfitError(line.problem, "the line cannot be read whole")
    found = _object(line.content)
    row = {column.name: _value(found.get(column.name), column) for column in _COLUMNS}
    return {**row, "year": row["year"] or _year(row["path"])}


def _year(path: object) -> int | None:
    """The year in which a file was stored, where an archive names its folders so: `2021/03/17/...`."""
    folder = _YEAR.search(path) if isinstance(path, str) else None
    return int(folder[1]) if folder else None


def _value(value: object, column: Column) -> object:
    """A value that fits its column; raises _UnfitError."""
    if value is None:
        if column.required:
            raise _UnfitError("missing_required", column.name)
        return None
    match column.dtype:
        case "integer":
            fits = _is_count(value)
        case "boolean":
            fits = isinstance(value, bool)
        case _:
            fits = isinstance(value, str) and _is_text(value)
    if not fits or (column.values and value not in column.values):
        raise _UnfitError("bad_value", column.name)
    return value


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_text(value: str) -> bool:
    """Whether it can be stored: JSON may hold half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return bool(value)


def _instant(value: object) -> datetime | None:
    """An aware datetime, or None."""
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
