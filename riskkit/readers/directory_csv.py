"""Active Directory through PowerShell: `Get-ADUser ... | Export-Csv` and the domain's password policies.

As PowerShell writes them: with or without a `#TYPE` line, in UTF-8, UTF-16 or the code page, with the
delimiter and the dates of the administrator's language. A date that can be read in two ways is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.canonical.lines import (
    DELIMITERS,
    Record,
    cells_of,
    encoding_of,
    encoding_of_file,
    split,
    text_lines,
)
from riskkit.readers.directory_facts import (
    DISABLED,
    NEVER_EXPIRES,
    SMARTCARD,
    administers,
    day_first,
    instant,
    local_day,
)
from riskkit.readers.system_names import system_of
from riskkit.tables import TABLES
from riskkit.words import count

_OWN_NAMES = r"directory|ad|aduser|adusers|get-aduser|users|accounts|export|password[-_ ]?policy"
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_DATES = frozenset(
    {
        "lastlogondate", "lastlogontimestamp", "lastlogon", "passwordlastset", "pwdlastset", "whencreated",
        "created",
    }
)  # fmt: skip
_SPAN = re.compile(r"(?:(\d{1,8})\.)?\d\d:\d\d:\d\d(?:\.\d+)?", re.ASCII)
_UNJOINED = "Microsoft.ActiveDirectory"

Cells = Mapping[str, str]


def _recognize(head: bytes, _name: str) -> bool:
    text = head.decode(encoding_of(head) or "utf-8", errors="replace")
    header = next((line for line in re.split(r"\r\n?|\n", text) if not _leads(line)), "")
    return _columns(header) is not None


def _columns(header: str) -> tuple[str, list[str]] | None:
    """Delimiter and columns in lower case, when the header is one of accounts or of policies."""
    for delimiter in DELIMITERS:
        names = [cell.strip().casefold() for cell in cells_of(header, delimiter) or ()]
        listed = "samaccountname" in names and {"enabled", "useraccountcontrol"} & set(names)
        if (listed and "system_id" not in names) or {"minpasswordlength", "lockoutthreshold"} <= set(names):
            return delimiter, names
    return None


@reader(
    id="directory_csv",
    title="Active Directory accounts and password policies, as PowerShell's Export-Csv writes them",
    version=2,
    tables=("accounts", "configurations"),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line after the header.

    The file or its folder names the system. Whoever has a given name and a surname is a person;
    AdminCount or a group of administrators makes an account privileged; only SmartcardLogonRequired
    says that more than a password is asked for. LastLogonDate is up to 14 days late by design.
    Raises EvidenceError when the header is neither of accounts nor of policies.
    """
    lines = text_lines(member, encoding_of_file(member))
    header = next((line for _, line in lines if line is None or not _leads(line)), None)
    found = header and _columns(header)
    if not found:
        raise EvidenceError("its header is not one of Active Directory", file=member.name)
    delimiter, names = found
    records: list[Record] = []
    failure: EvidenceError | None = None
    try:
        records.extend(split(lines, delimiter))
    except EvidenceError as error:  # the compression broke: what came before it counts
        failure = error
    yield (_accounts if "samaccountname" in names else _policies)(member, context, names, records)
    if failure:
        raise failure


def _leads(line: str) -> bool:
    return not line.strip() or line.lstrip("\ufeff").startswith("#") or line.casefold().startswith("sep=")


def _taken(names: list[str], record: Record) -> Cells | Quarantined | None:
    """The cells of a record by column; None for a blank line, or why it cannot be read."""
    cells = [cell.strip() for cell in record.cells]
    if record.fault:
        return Quarantined(record.line, record.fault, record.detail)
    if not any(cells):
        return None
    if any("\ufffd" in cell for cell in cells):
        return Quarantined(record.line, "encoding", "a character that the file's encoding does not know")
    if any(cells[len(names) :]):
        return Quarantined(record.line, "bad_framing", "more cells than the header has")
    return {name: cell for name, cell in zip(names, cells, strict=False) if not cell.startswith(_UNJOINED)}


def _accounts(member: Member, context: Context, names: list[str], records: list[Record]) -> Batch:
    taken = [(record.line, _taken(names, record)) for record in records]
    dates = (cells[name] for _, cells in taken if isinstance(cells, dict) for name in _DATES & cells.keys())
    order = day_first(dates)
    unread: Counter[str] = Counter()
    system = system_of(member.name, _OWN_NAMES)

    def when(cells: Cells, *columns: str) -> datetime | None:
        for column in columns:
            if cells.get(column):
                try:
                    found = instant(cells[column], context.zone, days_first=order)
                except ValueError:
                    unread[column] += 1
                    continue
                if found:
                    return found
        return None

    def row(cells: Cells) -> dict[str, Any]:
        return _row(system, cells) | {
            "last_login": when(cells, "lastlogondate", "lastlogontimestamp", "lastlogon"),
            "created_on": local_day(when(cells, "whencreated", "created"), context.zone),
            "password_changed_on": local_day(when(cells, "passwordlastset", "pwdlastset"), context.zone),
        }

    rows, quarantined, ignored = _gathered(member, taken, row)
    notes = [
        f"{column}: {count(number, 'date')} not understood, left out"
        for column, number in sorted(unread.items())
    ]
    return Batch(
        "accounts", TABLES["accounts"].rows(rows), len(records), len(rows), tuple(quarantined), ignored,
        notes=tuple(notes),
    )  # fmt: skip


def _gathered(
    member: Member,
    taken: list[tuple[int, Cells | Quarantined | None]],
    row: Callable[[Cells], dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[Quarantined], Counter[str]]:
    rows: list[dict[str, Any]] = []
    quarantined: list[Quarantined] = []
    ignored: Counter[str] = Counter()
    seen: set[str] = set()
    for line, cells in taken:
        if cells is None:
            ignored["blank_line"] += 1
        elif isinstance(cells, Quarantined):
            quarantined.append(cells)
        elif cells.get("objectclass", "").casefold() in ("computer", "group", "contact"):
            ignored["no account of a user"] += 1
        else:
            made = row(cells)
            missing = [name for name in ("account", "enabled") if made[name] is None]
            if missing:
                quarantined.append(Quarantined(line, "missing_required", ", ".join(missing)))
            elif made["account"].casefold() in seen:
                quarantined.append(Quarantined(line, "duplicate", "account as in a row before"))
            else:
                seen.add(made["account"].casefold())
                rows.append({**made, "source": member.name, "offset": line, "n": 0})
    return rows, quarantined, ignored


def _row(system: str, cells: Cells) -> dict[str, Any]:
    account = cells.get("samaccountname") or None
    managed = "managedserviceaccount" in cells.get("objectclass", "").casefold()
    named = bool(cells.get("givenname") and (cells.get("surname") or cells.get("sn"))) and not managed
    return {
        "system_id": system,
        "account": account,
        "user_id": account if named else None,
        "enabled": _said(cells, "enabled", DISABLED, when_set=False),
        "mfa": _said(cells, "smartcardlogonrequired", SMARTCARD) or None,
        "privileged": _privileged(cells),
        "kind": "service" if managed else "person" if named else None,
        "password_never_expires": _said(cells, "passwordneverexpires", NEVER_EXPIRES),
    }


def _said(cells: Cells, column: str, flag: int, *, when_set: bool = True) -> bool | None:
    """A column of true and false, else a flag of userAccountControl, else nothing."""
    said = _BOOLEANS.get(cells.get(column, "").casefold())
    flags = cells.get("useraccountcontrol", "")
    if said is None and re.fullmatch(r"\d{1,10}", flags, re.ASCII):
        return (int(flags) & flag != 0) is when_set
    return said


def _privileged(cells: Cells) -> bool | None:
    """AdminCount is 1 for whoever is or was in a protected group, nested ones included."""
    if cells.get("admincount") == "1" or administers(cells.get("memberof", "")):
        return True
    if cells.get("sid", cells.get("objectsid", "")).endswith("-500"):
        return True
    return False if "admincount" in cells else None


def _policies(member: Member, _context: Context, names: list[str], records: list[Record]) -> Batch:
    system = system_of(member.name, _OWN_NAMES)
    rows: list[dict[str, Any]] = []
    quarantined: list[Quarantined] = []
    blank = accepted = 0
    for record in records:
        cells = _taken(names, record)
        if cells is None:
            blank += 1
            continue
        if isinstance(cells, Quarantined):
            quarantined.append(cells)
            continue
        found = _settings(cells)
        if not {"password.min_length", "lockout.enabled"} <= found.keys():
            quarantined.append(Quarantined(record.line, "bad_value", "length of passwords or lock-out"))
            continue
        accepted += 1
        place = {"system_id": system, "part": cells.get("name") or None, "source": member.name}
        rows += [
            {**place, "key": key, "value": value, "offset": record.line, "n": n}
            for n, (key, value) in enumerate(found.items())
        ]
    table = TABLES["configurations"].rows(rows)
    ignored = {"blank_line": blank} if blank else {}
    return Batch("configurations", table, len(records), accepted, tuple(quarantined), ignored)


def _settings(cells: Cells) -> dict[str, str]:
    found = {}
    for column, key in (
        ("minpasswordlength", "password.min_length"),
        ("passwordhistorycount", "password.history"),
        ("lockoutthreshold", "lockout.attempts"),
    ):
        if re.fullmatch(r"\d{1,6}", cells.get(column, ""), re.ASCII):
            found[key] = str(int(cells[column]))
    if "lockout.attempts" in found:
        found["lockout.enabled"] = "no" if found["lockout.attempts"] == "0" else "yes"
    age = _SPAN.fullmatch(cells.get("maxpasswordage", ""))
    if age:
        found["password.max_age_days"] = str(int(age[1] or 0))
    complex_ = _BOOLEANS.get(cells.get("complexityenabled", "").casefold())
    if complex_ is not None:
        found["password.character_classes"] = "3" if complex_ else "0"
    reversible = _BOOLEANS.get(cells.get("reversibleencryptionenabled", "").casefold())
    if reversible is not None:
        found["password.reversible"] = "yes" if reversible else "no"
    return found
