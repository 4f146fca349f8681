"""Orthanc's configuration (`orthanc.json`, comments and all): who may log in, and whether anybody must.

Written for Orthanc 1.5.8 and later, by its documented options. Passwords, which Orthanc keeps as plain
text, are compared with the documented ones and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.documents import DocumentError, load_json, refused, without_comments
from riskkit.readers.system_names import asked_of, system_of
from riskkit.tables import TABLES

_ACCOUNTS, _CONFIGURATIONS = TABLES["accounts"], TABLES["configurations"]

_KEYS = re.compile(
    rb'"(RegisteredUsers|AuthenticationEnabled|RemoteAccessAllowed|DicomAet|DicomPort|HttpPort|OrthancPeers'
    rb'|DicomModalities|StorageDirectory|IndexDirectory|OrthancExplorerEnabled|DicomServerEnabled)"\s*:'
)
_OWN = re.compile(rb'\{\s*"RegisteredUsers"\s*:\s*\{')
_ENOUGH = 3
_OWN_NAMES = r"orthanc|credentials|configuration|config"
_UNNAMED = frozenset({"", "orthanc", "myorthanc", "orthanc inside docker"})
"""The names that Orthanc's own sample configurations carry: they name no system."""

_SETTINGS: Mapping[str, str] = {
    "AuthenticationEnabled": "authentication.enabled",
    "RemoteAccessAllowed": "remote.allowed",
    "SslEnabled": "ssl.enabled",
    "DicomCheckCalledAet": "dicom.called_aet_checked",
    "DicomCheckModalityHost": "dicom.host_checked",
    "DicomAlwaysAllowStore": "dicom.store_from_anyone",
    "DicomAlwaysAllowFind": "dicom.find_from_anyone",
    "DicomAlwaysAllowGet": "dicom.get_from_anyone",
}
_INSECURE = "orthanc"
_DOCUMENTED = frozenset({("orthanc", "orthanc"), ("alice", "alicePassword")})
"""User and password of the insecure setup, and of the sample in the configuration file."""


def _recognize(head: bytes, _name: str) -> bool:
    plain = without_comments(head.removeprefix(b"\xef\xbb\xbf")).lstrip()
    if not plain.startswith(b"{"):
        return False
    return len(set(_KEYS.findall(plain))) >= _ENOUGH or _OWN.match(plain) is not None


@reader(
    id="orthanc_json",
    title="Orthanc configuration: users and log-in",
    version=2,
    tables=("configurations", "accounts"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record of settings per file, and one per registered user.

    A file named as it is asked for (`SYSTEM-orthanc.json`) names the system; else `Name` does, except where
    it is one that Orthanc ships with; then the file or its folder. Options may lie in several files and in
    the environment, so that what a file does not set is not assumed. Every user of Orthanc may do
    everything, with a password alone (HTTP Basic).
    """
    try:
        document = load_json(member, comments=True)
        if not isinstance(document, dict):
            raise DocumentError("json_malformed", "not an object")
    except DocumentError as error:
        yield refused("configurations", error, member)
        return
    name = document.get("Name")
    own = name.strip() if isinstance(name, str) and name.strip().casefold() not in _UNNAMED else ""
    system = asked_of(member.name, _OWN_NAMES) or own or system_of(member.name, _OWN_NAMES)
    yield _settings(member, system, document)
    yield from _users(member, system, document)


def _settings(member: Member, system: str, document: Mapping[str, Any]) -> Batch:
    found = {
        key: {True: "yes", False: "no"}[document[option]] if isinstance(document[option], bool) else None
        for option, key in _SETTINGS.items()
        if option in document
    }
    if _plugin(document):
        found["authentication.plugin"] = "yes"
    rows = [
        {"system_id": system, "key": key, "value": value, "source": member.name, "offset": 0, "n": n}
        for n, (key, value) in enumerate(found.items())
    ]
    unread = sorted(key for key, value in found.items() if value is None)
    return Batch(
        "configurations",
        _CONFIGURATIONS.rows(rows),
        records=1,
        accepted=int(bool(rows)),
        ignored={} if rows else {"no setting of log-in": 1},
        notes=(f"not yes or no in the file: {', '.join(unread)}",) if unread else (),
    )


def _users(member: Member, system: str, document: Mapping[str, Any]) -> Iterator[Batch]:
    users = document.get("RegisteredUsers")
    if users is None:
        return
    if not isinstance(users, dict):
        yield refused("accounts", DocumentError("bad_value", "RegisteredUsers is no object"), member)
        return
    rows, quarantined = [], []
    for number, (user, password) in enumerate(users.items()):
        if not user.strip():
            quarantined.append(Quarantined(number, "missing_required", "account"))
            continue
        known = isinstance(password, str) and "${" not in password  # else it comes from the environment
        default = (user, password) in _DOCUMENTED if known else None
        rows.append(_row(member, system, user, number) | {"default_password": default})
    notes: tuple[str, ...] = ()
    if not users and document.get("AuthenticationEnabled") is document.get("RemoteAccessAllowed") is True:
        rows.append(_row(member, system, _INSECURE, 0) | {"default_password": True})
        notes = ("no user is registered: Orthanc then makes its insecure default user",)
    records = len(users) or len(rows)
    yield Batch("accounts", _ACCOUNTS.rows(rows), records, len(rows), tuple(quarantined), notes=notes)


def _row(member: Member, system: str, user: str, number: int) -> dict[str, Any]:
    return {
        "system_id": system,
        "account": user,
        "enabled": True,
        "mfa": False,
        "privileged": True,
        "source": member.name,
        "offset": number,
        "n": 0,
    }


def _plugin(document: Mapping[str, Any]) -> bool:
    """Whether the authorization plugin is set up, which decides by itself who may do what."""
    section = document.get("Authorization")
    return isinstance(section, dict) and section.get("Enable") is not False and bool(section)
