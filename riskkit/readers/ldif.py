"""LDIF (RFC 2849), as ldapsearch and ldifde write it: accounts and password policies of a directory.

Only attributes named here are kept while an entry is read: userPassword, hashes and keys are not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.canonical.lines import encoding_of, encoding_of_file, text_lines
from riskkit.readers.directory_facts import (
    DISABLED,
    NEVER_EXPIRES,
    SMARTCARD,
    administers,
    instant,
    local_day,
)
from riskkit.readers.system_names import system_of
from riskkit.tables import TABLES
from riskkit.words import count

_OWN_NAMES = r"ldap|ldif|directory|slapcat|export|users|accounts"
_LINE = re.compile(r"([A-Za-z][\w.\-]*)(?:;[\w;.\-]*)?(::?|:<)\s*(.*)", re.ASCII | re.DOTALL)
_LARGEST_ENTRY = 1 << 20

_TIMES = {
    "last_login": (
        "lastlogontimestamp", "lastlogon", "authtimestamp", "pwdlastsuccess", "krblastsuccessfulauth",
    ),
    "created_on": ("whencreated", "createtimestamp"),
    "password_changed_on": ("pwdlastset", "pwdchangedtime", "krblastpwdchange"),
}  # fmt: skip
_POLICY = {
    "pwdminlength": "password.min_length", "minpwdlength": "password.min_length",
    "pwdinhistory": "password.history", "pwdhistorylength": "password.history",
    "pwdmaxfailure": "lockout.attempts", "lockoutthreshold": "lockout.attempts",
}  # fmt: skip
_KEPT = frozenset(
    {
        "dn", "changetype", "objectclass", "uid", "samaccountname", "cn", "givenname", "sn", "memberof",
        "useraccountcontrol", "admincount", "nsaccountlock", "pwdaccountlockedtime", "loginshell",
        "pwdmaxage", "maxpwdage", "pwdlockout", "pwdproperties",
        *(name for names in _TIMES.values() for name in names), *_POLICY,
    }
)  # fmt: skip
_ACCOUNTS = frozenset({"user", "inetorgperson", "posixaccount", "account", "person", "organizationalperson"})
_POLICIES = frozenset({"pwdpolicy", "domaindns"})
_LONGEST = 100_000
_NO_SHELLS = ("/nologin", "/false")

Entry = Mapping[str, list[str]]


@dataclass
class _Block:
    """The lines of one entry as they come in."""

    line: int = 0
    values: dict[str, list[str]] = field(default_factory=dict)
    fault: tuple[str, str] | None = None
    size: int = 0


def _recognize(head: bytes, _name: str) -> bool:
    text = head.decode(encoding_of(head) or "utf-8", errors="replace")
    lines = (line for line in re.split(r"\r?\n", text) if line.strip() and not line.startswith(("#", " ")))
    for line in lines:
        if re.match(r"dn::?\s", line, re.IGNORECASE):
            return True
        if not re.match(r"(?:version|search|result)\s*:", line, re.IGNORECASE):
            return False
    return False


@reader(
    id="ldif",
    title="LDIF of a directory: accounts and password policies",
    version=2,
    tables=("accounts", "configurations"),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per entry, for accounts; an entry with a password policy is one for configurations.

    The file or its folder names the system. An account is enabled unless the entry says otherwise
    (userAccountControl, nsAccountLock, pwdAccountLockedTime for good, a shell that lets nobody in);
    operational attributes are in an export only where it asked for them.
    """
    gathered = _Gathered(member.name, system_of(member.name, _OWN_NAMES), context.zone)
    failure: EvidenceError | None = None
    try:
        for block in _entries(member):
            gathered.add(block)
    except EvidenceError as error:  # the compression broke: what came before it counts
        failure = error
    yield from gathered.batches()
    if failure:
        raise failure


@dataclass
class _Gathered:
    """Rows of one file, and what became of every entry."""

    source: str
    system: str
    zone: ZoneInfo
    rows: list[dict[str, Any]] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    records: int = 0
    policies: int = 0

    def add(self, block: _Block) -> None:
        """Turn one entry into a row, or say why not."""
        self.records += 1
        entry = block.values
        fault = block.fault or (None if "dn" in entry else ("missing_required", "dn"))
        classes = {value.casefold() for value in entry.get("objectclass", ())}
        if fault:
            self._refuse(block, *fault)
        elif entry.get("changetype", ["add"]) != ["add"]:
            self.ignored["a change, not an entry"] += 1
        elif classes & _POLICIES:
            self.ignored["a password policy"] += 1
            self._policy(block)
        elif not classes & _ACCOUNTS or "computer" in classes:
            self.ignored["no account of a user"] += 1
        else:
            self._account(block, classes)

    def batches(self) -> Iterator[Batch]:
        """Accounts, and configurations where there is a policy."""
        notes = [
            f"{name}: {count(number, 'date')} not understood" for name, number in sorted(self.unread.items())
        ]
        yield Batch(
            "accounts", TABLES["accounts"].rows(self.rows), self.records, len(self.rows),
            tuple(self.quarantined), self.ignored, notes=tuple(notes),
        )  # fmt: skip
        if self.policies:
            rows = TABLES["configurations"].rows(self.settings)
            yield Batch("configurations", rows, self.policies, self.policies)

    def _refuse(self, block: _Block, reason: str, detail: str) -> None:
        self.quarantined.append(Quarantined(block.line, reason, detail))

    def _place(self, block: _Block) -> dict[str, Any]:
        return {"system_id": self.system, "source": self.source, "offset": block.line}

    def _policy(self, block: _Block) -> None:
        found = _settings(block.values)
        self.policies += bool(found)
        part = _first(block.values, "cn") or None
        self.settings += [
            {**self._place(block), "part": part, "key": key, "value": value, "n": n}
            for n, (key, value) in enumerate(found.items())
        ]

    def _account(self, block: _Block, classes: set[str]) -> None:
        row = _row(block.values, classes, self.zone, self.unread)
        if not row["account"]:
            self._refuse(block, "missing_required", "uid or sAMAccountName")
        elif row["account"].casefold() in self.seen:
            self._refuse(block, "duplicate", "account as in an entry before")
        else:
            self.seen.add(row["account"].casefold())
            self.rows.append({**row, **self._place(block), "n": 0})


def _entries(member: Member) -> Iterator[_Block]:
    """Entries with the attributes that are kept; lines are unfolded, comments left out."""
    block, pending = _Block(), ""
    for number, text in text_lines(member, encoding_of_file(member)):
        line = "" if text is None else text.rstrip("\r")
        if text is None:
            block.fault = ("too_large", "a line")
        elif line.startswith(" ") and (pending or block.values):
            block.size += len(line)
            if block.size <= _LARGEST_ENTRY:
                pending += line[1:]
            else:
                block.fault = ("too_large", "an entry")
            continue
        _keep(block, pending)
        pending = ""
        if not line.strip() and text is not None:
            if block.values or block.fault:
                yield block
            block = _Block()
            continue
        if line.startswith("#"):
            pending = "#"  # a comment may be folded, too
            continue
        if not block.line:
            block.line = number
        block.size += len(line)
        pending = line
    _keep(block, pending)
    if block.values or block.fault:
        yield block


def _keep(block: _Block, line: str) -> None:
    if not line or line.startswith("#"):
        return
    found = _LINE.fullmatch(line)
    if not found:
        block.fault = block.fault or ("bad_framing", "a line that is no attribute")
        return
    name = found[1].casefold()
    if name in ("version", "search", "result") and "dn" not in block.values:
        return
    if name not in _KEPT or found[2] == ":<":
        block.values.setdefault("", [])
        return
    value = found[3].strip()
    if found[2] == "::":
        try:
            value = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            block.fault = block.fault or ("encoding", f"attribute {name}")
            return
    if "\ufffd" in value:
        block.fault = block.fault or ("encoding", f"attribute {name}")
        return
    block.values.setdefault(name, []).append(value)


def _first(entry: Entry, *names: str) -> str:
    return next((entry[name][0] for name in names if entry.get(name)), "")


def _row(entry: Entry, classes: set[str], zone: ZoneInfo, unread: Counter[str]) -> dict[str, Any]:
    account = _first(entry, "samaccountname", "uid")
    managed = any("managedserviceaccount" in name for name in classes)
    named = bool(_first(entry, "givenname") and _first(entry, "sn")) and not managed
    flags = _number(_first(entry, "useraccountcontrol"))
    times = {column: _time(entry, names, zone, unread) for column, names in _TIMES.items()}
    return {
        "account": account,
        "user_id": account if named else None,
        "enabled": _enabled(entry, flags),
        "mfa": True if flags is not None and flags & SMARTCARD else None,
        "privileged": _privileged(entry),
        "kind": "service" if managed else "person" if named else None,
        "last_login": times["last_login"],
        "created_on": local_day(times["created_on"], zone),
        "password_changed_on": local_day(times["password_changed_on"], zone),
        "password_never_expires": None if flags is None else flags & NEVER_EXPIRES != 0,
    }


def _enabled(entry: Entry, flags: int | None) -> bool:
    locked_for_good = _first(entry, "pwdaccountlockedtime").startswith("000001010000")
    return not (
        (flags is not None and flags & DISABLED)
        or _first(entry, "nsaccountlock").casefold() == "true"
        or locked_for_good
        or _first(entry, "loginshell").endswith(_NO_SHELLS)
    )


def _privileged(entry: Entry) -> bool | None:
    if _first(entry, "admincount") == "1" or administers(";".join(entry.get("memberof", ()))):
        return True
    return False if "admincount" in entry else None


def _time(entry: Entry, names: tuple[str, ...], zone: ZoneInfo, unread: Counter[str]) -> datetime | None:
    for name in names:
        written = _first(entry, name)
        if written:
            try:
                return instant(written, zone)
            except ValueError:
                unread[name] += 1
    return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,19}", text, re.ASCII) else None


def _settings(entry: Entry) -> dict[str, str]:
    found = {
        key: str(value)
        for name, key in _POLICY.items()
        if (value := _number(_first(entry, name))) is not None and value >= 0
    }
    switch = _first(entry, "pwdlockout").casefold()
    if switch in ("true", "false"):
        found["lockout.enabled"] = "yes" if switch == "true" else "no"
    elif "lockoutthreshold" in entry and "lockout.attempts" in found:
        found["lockout.enabled"] = "no" if found["lockout.attempts"] == "0" else "yes"
    seconds, ticks = _number(_first(entry, "pwdmaxage")), _number(_first(entry, "maxpwdage"))
    if seconds is not None and seconds >= 0:
        found["password.max_age_days"] = str(seconds // 86_400)
    elif ticks is not None:  # AD: units of 100 ns below zero; the smallest means never
        days = -ticks // 864_000_000_000
        found["password.max_age_days"] = str(days if 0 < days < _LONGEST else 0)
    flags = _number(_first(entry, "pwdproperties"))
    if flags is not None:
        found["password.character_classes"] = "3" if flags & 1 else "0"
        found["password.reversible"] = "yes" if flags & 16 else "no"
    return found
