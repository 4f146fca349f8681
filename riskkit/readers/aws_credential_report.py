"""AWS IAM credential report (`aws iam get-credential-report`, decoded): who can open the account's stores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.canonical.lines import cells_of, encoding_of_file, split, text_lines
from riskkit.readers.directory_facts import instant, local_day
from riskkit.readers.system_names import system_of
from riskkit.tables import TABLES

_HEADER = ("user", "arn", "user_creation_time", "password_enabled")
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?" + b"".join(rb'(?:"%b"|%b),' % (name, name) for name in map(str.encode, _HEADER))
)
_OWN_NAMES = r"aws|iam|credential[-_]?report|aws[-_]credential[-_]report|status_reports.*"
_ROOT = "<root_account>"
_NOTHING = frozenset({"", "N/A", "no_information", "not_supported"})
_BOOLEANS = {"true": True, "false": False}
_ACCOUNT = re.compile(r"arn:[\w-]{1,20}:iam::(\d{12}):", re.ASCII)

Cells = Mapping[str, str]


def _recognize(head: bytes, _name: str) -> bool:
    return _START.match(head) is not None


@reader(
    id="aws_credential_report",
    title="AWS IAM credential report",
    version=2,
    tables=("accounts",),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per user, the root user included.

    The file or its folder names the system, else `aws-` and the account's number. A user with a
    password for the console counts as a person, one with keys alone as a service; who has neither is
    disabled. The console is reached from anywhere. Groups and policies are not in this report, so
    only of root it is known that it may do everything. Raises EvidenceError for another header.
    """
    lines = text_lines(member, encoding_of_file(member))
    first = next(lines, (1, ""))[1] or ""
    names = [name.strip() for name in cells_of(first.lstrip("\ufeff"), ",") or ()]
    if tuple(names[: len(_HEADER)]) != _HEADER:
        raise EvidenceError("its header is not one of a credential report", file=member.name)
    rows: list[dict[str, Any]] = []
    quarantined: list[Quarantined] = []
    records = blank = 0
    seen: set[str] = set()
    failure: EvidenceError | None = None
    try:
        for record in split(lines, ","):
            records += 1
            cells = dict(zip(names, (cell.strip() for cell in record.cells), strict=False))
            if record.fault:
                quarantined.append(Quarantined(record.line, record.fault, record.detail))
            elif not any(cells.values()):
                blank += 1
            elif fault := _fault(cells, names, record.cells, seen):
                quarantined.append(Quarantined(record.line, *fault))
            else:
                seen.add(cells["user"])
                place = {"source": member.name, "offset": record.line, "n": 0}
                rows.append(_row(member.name, cells, context) | place)
    except EvidenceError as error:  # the compression broke: what came before it counts
        failure = error
    ignored = {"blank_line": blank} if blank else {}
    yield Batch("accounts", TABLES["accounts"].rows(rows), records, len(rows), tuple(quarantined), ignored)
    if failure:
        raise failure


def _fault(cells: Cells, names: list[str], written: list[str], seen: set[str]) -> tuple[str, str] | None:
    if len(written) != len(names):
        return "bad_framing", "not as many cells as the header has"
    if any("\ufffd" in cell for cell in written):
        return "encoding", "a character that the file's encoding does not know"
    if not cells["user"]:
        return "missing_required", "user"
    if cells["user"] in seen:
        return "duplicate", "user as in a row before"
    if cells["user"] != _ROOT and cells["password_enabled"].casefold() not in _BOOLEANS:
        return "bad_value", "password_enabled"
    return None


def _row(name: str, cells: Cells, context: Context) -> dict[str, Any]:
    number = _ACCOUNT.match(cells["arn"])
    root = cells["user"] == _ROOT
    console = root or _BOOLEANS[cells["password_enabled"].casefold()]
    keys = [cells.get(f"access_key_{n}_active", "").casefold() == "true" for n in (1, 2)]
    person = console and not root
    times = [cells.get(f"access_key_{n}_last_used_date", "") for n in (1, 2)]
    times.append(cells.get("password_last_used", ""))
    used = [when for text in times if (when := _instant(text, context))]
    rotation = cells.get("password_next_rotation", "")
    return {
        "system_id": system_of(name, _OWN_NAMES, inside=f"aws-{number[1]}" if number else ""),
        "account": cells["user"],
        "user_id": cells["user"] if person else None,
        "enabled": console or any(keys),
        "mfa": _BOOLEANS.get(cells.get("mfa_active", "").casefold()) if console else None,
        "privileged": True if root else None,
        "remote": True if console else None,
        "kind": "person" if person else None if root else "service",
        "last_login": max(used, default=None),
        "created_on": _day(cells["user_creation_time"], context),
        "password_changed_on": _day(cells.get("password_last_changed", ""), context),
        "password_never_expires": rotation == "N/A" if person and rotation else None,
    }


def _instant(text: str, context: Context) -> datetime | None:
    try:
        return None if text in _NOTHING else instant(text, context.zone)
    except ValueError:
        return None


def _day(text: str, context: Context) -> date | None:
    return local_day(_instant(text, context), context.zone)
