"""Orthanc's text log: DIMSE requests and REST calls, as far as it tells of them.

It is no audit trail. A REST call is logged without user, address, query and status, and a refused one not
at all; so nothing here names a person, and how a call ended is unknown. A line has neither year nor zone:
the year is taken from a mapping file (`year`), else from the name of the file, in which it must stand;
without either every event is quarantined as `no_timestamp`. The zone is that of the mapping file
(`timezone`), else of the site.

`/changes` of Orthanc's REST API is no trail either (`orthanc_changes_json`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.dicomweb_uri import decode
from riskkit.readers.events import Book, read_lines
from riskkit.readers.text_log import Line, as_json, harmless, ip_of
from riskkit.readers.times import read_time

# Level, month and day, time, since 1.11 the name of the thread, source file and line, category.
# The line number changes with every version, the text hardly ever.
_PREFIX = re.compile(
    r"([IWETD])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{3,6})\s{1,40}(?:(\S{1,64})\s{1,40})?"
    r"[\w.\-]{1,80}\.\w{1,3}:\d{1,6}\] (?:\(([\w\-]{1,20})\) )?(.*)"
)
_HEAD = re.compile(rb"(?m)^[IWETD](?:0\d|1[0-2])[0-3]\d \d\d:\d\d:\d\d\.\d{3,6}\s[^\]\n]{1,200}:\d{1,6}\] ")
_LOOKED_AT = 4096

DECEMBER = 12
HALF_A_YEAR, A_YEAR, LATE_DAYS = 186, 372, 2
"""In days, each month counted as 31."""

_REQUEST = re.compile(
    r"Incoming (Store|Find|Move|Get|StorageCommitment) request from AET (.{0,64}?) on IP (\S{1,64}), "
    r"calling AET (.{0,64}?)\s*"
)
_REJECTED = re.compile(r"Rejected association, because of an? (.{1,80}?) in the request \((.{0,64})\)\s*")
_HTTP = re.compile(r"(GET|POST|PUT|DELETE|PATCH|HEAD) (/\S*)(?: .*)?")
_NO_TLS = "Orthanc SCP will *not* use DICOM TLS"

_DIMSE: Mapping[str, tuple[str, str, str | None]] = {
    "Store": ("import", "C", "110104"),
    "Find": ("query", "E", "110112"),
    "Move": ("transfer", "R", "110104"),
    "Get": ("transfer", "R", "110104"),
    "StorageCommitment": ("other", "E", None),
}
_LIFE = {"Orthanc has started": "110120", "Orthanc has stopped": "110121"}

# A year, or a whole month or day, as names of log files have it: 2026, 2026-11, 20261124.
_DATED = re.compile(r"(?<!\d)(20\d\d)(?:[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")


def _recognize(head: bytes, _name: str) -> bool:
    return _HEAD.search(head[:_LOOKED_AT]) is not None


@reader(
    id="orthanc_log",
    title="Orthanc text log",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line; lines that tell of no request, start or stop are ignored.

    Raises EvidenceError when the mapping file is wrong.
    """
    years = _Years(member.name)
    return read_lines(member, context, partial(_take, years), partial(_notes, years))


def _take(years: _Years, book: Book, line: Line, text: str) -> None:
    found = _PREFIX.fullmatch(text)
    if not found:
        if book.seen["lines"]:  # a body of JSON, or the rest of a message
            book.events.ignore("continuation_line")
        else:
            book.events.quarantine(line.offset, "unknown_format", "no line of an Orthanc log", line.length)
        return
    book.seen["lines"] += 1
    month, day = int(found[2]), int(found[3])
    year = years.of(month, day, book.origin.year) if 1 <= month <= DECEMBER else None
    message = found[7]
    book.seen["no_tls"] += message.startswith(_NO_TLS)
    what = _event(message, found[6] or "")
    if what is None:
        book.events.ignore("other_log_line")
        return
    instant = _instant(year, month, day, found[4], book.zone)
    if instant is None:
        untold = years.first is None
        detail = "no year: name it in a mapping file" if untold else "the day does not exist"
        book.events.quarantine(line.offset, "no_timestamp", detail, line.length)
        return
    row = {
        "event_time_us": instant,
        "event_time_raw": f"{found[2]}{found[3]} {found[4]}",
        "time_quality": "assumed_year",
        "break_glass": False,
        "source_system": book.origin.source_system,
        "source_format": "orthanc_log",
        "parse_status": "ok" if line.utf8 else "partial",
        "parse_notes": None if line.utf8 else "bytes that are not UTF-8",
        **what,
    }
    book.add(line.offset, row, text)
    book.seen["rows"] += 1
    book.seen["rest"] += found[6] == "http"


def _notes(years: _Years, book: Book) -> Iterator[str]:
    if book.seen["rows"]:
        told_by = "the mapping file" if book.origin.year else "the file's name"
        yield (
            f"no year and no zone in its lines: they begin in {years.first}, as {told_by} says, "
            f"and were read in {book.zone.key}"
        )
    if book.seen["rest"]:
        yield "REST calls are logged without user, address and status: nobody can be named for them"
    if book.seen["no_tls"]:
        yield "the log says that the DICOM server does not use TLS"


def _event(message: str, category: str) -> dict[str, object] | None:
    for pattern, read_it in _KINDS:
        found = pattern.fullmatch(message)
        if found and (category == "http") == (pattern is _HTTP):
            return read_it(found)
    if message.strip() in _LIFE:
        return {
            "event_code": "110100",
            "event_subcode": _LIFE[message.strip()],
            "event_category": "application",
            "event_action": "E",
            "event_outcome": "success",
            "user_type": "application",
        }
    return None


def _request(found: re.Match[str]) -> dict[str, object]:
    category, action, code = _DIMSE[found[1]]
    ip = ip_of(found[3])
    caller = harmless(found[2])
    return {
        "event_code": code,
        "event_category": category,
        "event_action": action,
        # Written when the request comes in: how it ended is not told.
        "event_outcome": "unknown",
        "user_id": caller,
        "user_type": "application",
        "source_ip": ip,
        "source_host": None if ip else harmless(found[3]),
        "source_aet": caller,
        "dest_aet": harmless(found[4]),
    }


def _rejected(found: re.Match[str]) -> dict[str, object]:
    called = "called" in found[1]
    return {
        "event_code": "110113",
        "event_subcode": "110126",
        "event_category": "security_alert",
        "event_action": "E",
        "event_outcome": "failure",
        "event_severity": 4,
        "event_reason": f"association rejected: {harmless(found[1])}",
        "user_type": "application",
        "user_authenticated": False,
        "source_aet": None if called else harmless(found[2]),
        "dest_aet": harmless(found[2]) if called else None,
    }


def _rest(found: re.Match[str]) -> dict[str, object]:
    asked = decode(found[1], found[2])
    wado = found[1] == "GET" and found[2].endswith("/wado")  # what it names stands in the query
    return {
        "event_category": asked.category if asked else "read" if wado else "other",
        "event_action": asked.action if asked else "R" if wado else "E",
        "event_outcome": "unknown",
        "user_type": "unknown",
        "patient_id": harmless(asked.patient_id) if asked else None,
        "study_uid": asked.study_uid if asked else None,
        "entities": as_json({"method": found[1], "path": harmless(found[2])}),
    }


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, object]]], ...] = (
    (_REQUEST, _request),
    (_REJECTED, _rejected),
    (_HTTP, _rest),
)


class _Years:
    """The year of each line of a file whose lines have none.

    A name that dates the file does so by its first day (Orthanc) or by the day after its last one
    (rotation): so the first line lies in the last year in which it is not later than that date. The
    year changes when the day goes back by more than half a year.
    """

    def __init__(self, name: str) -> None:
        self._latest = _date_in(name)
        self.first: int | None = None
        self._year: int | None = None
        self._place = 0

    def of(self, month: int, day: int, stated: int | None) -> int | None:
        """The year of the next line, the first one's if that is stated; None when nothing tells."""
        place = month * 31 + day
        if self._year is None:
            self._year = self.first = stated or self._begin(month, day)
        elif self._place - place > HALF_A_YEAR:
            self._year += 1
        elif place - self._place >= A_YEAR - LATE_DAYS:  # a line of another thread that came late
            self._year -= 1
        self._place = place
        return self._year

    def _begin(self, month: int, day: int) -> int | None:
        if self._latest is None:
            return None
        # A day more: the name may be in another zone than the lines.
        latest = self._latest + timedelta(days=1)
        later = (self._latest.year, month, day) > (latest.year, latest.month, latest.day)
        return self._latest.year - later


def _date_in(path: str) -> date | None:
    """The last day of the most exact date in a file's name, else in its path; of equal ones the last."""
    for text in (PurePosixPath(path).name, path):
        dates = [found for found in _DATED.finditer(text) if _last_day(found)]
        if dates:
            # Not simply the last: Orthanc ends the name with its process number, which may be 2044.
            return _last_day(max(dates, key=lambda found: (found.lastindex or 0, found.start())))
    return None


def _last_day(found: re.Match[str]) -> date | None:
    year, month = int(found[1]), int(found[2] or DECEMBER)
    last = monthrange(year, month)[1]
    day = int(found[3] or last)
    return date(year, month, day) if day <= last else None


def _instant(year: int | None, month: int, day: int, clock: str, zone: ZoneInfo) -> int | None:
    return None if year is None else read_time(f"{year:04}-{month:02}-{day:02}T{clock}", zone)[0]
