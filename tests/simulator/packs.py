"""Reading a simulated pack in tests, with nothing of riskkit's own readers."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from defusedxml import ElementTree

ZONE = ZoneInfo("America/Chicago")
MESSAGE = re.compile(rb"<AuditMessage>(?:(?!<AuditMessage>).)*?</AuditMessage>", re.DOTALL)


def names(pack: Path) -> list[str]:
    """Every file of a pack but its history, sorted."""
    found = (path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(("history/", "reports/", ".riskkit/")))


def digests(pack: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {name: hashlib.sha256((pack / name).read_bytes()).hexdigest() for name in names(pack)}


def unpacked(path: Path) -> object:
    """What a file holds, whatever release of zlib packed it."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return {name: book.read(name) for name in book.namelist()}
    return content


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Message:
    """One audit message, whichever dialect it is in."""

    file: str
    system: str
    code: str
    subcode: str
    outcome: str
    written: str
    user: str
    name: str
    patient: str
    ip: str

    @property
    def at(self) -> datetime:
        """When it happened; without a zone, the hospital's."""
        at = datetime.fromisoformat(self.written)
        return at if at.tzinfo else at.replace(tzinfo=ZONE)


def messages(pack: Path) -> Iterator[Message]:
    """Every whole audit message of a pack."""
    for path in sorted((pack / "audit").iterdir()):
        content = unpacked(path)
        assert isinstance(content, bytes)
        for found in MESSAGE.findall(content):
            yield _message(path.name, ElementTree.fromstring(found.decode(), forbid_dtd=True))


def _message(file: str, root: Any) -> Message:
    event = root.find("EventIdentification")
    kind = event.find("EventTypeCode")
    asking = [one for one in root.findall("ActiveParticipant") if one.get("UserIsRequestor") == "true"]
    patients = [
        one.get("ParticipantObjectID").split("^")[0]
        for one in root.findall("ParticipantObjectIdentification")
        if one.get("ParticipantObjectTypeCode") == "1"
    ]
    return Message(
        file=file,
        system=root.find("AuditSourceIdentification").get("AuditSourceID"),
        code=_code(event.find("EventID")),
        subcode="" if kind is None else _code(kind),
        outcome=event.get("EventOutcomeIndicator"),
        written=event.get("EventDateTime"),
        user=asking[0].get("UserID"),
        name=asking[0].get("UserName") or "",
        patient=patients[0] if patients else "",
        ip=asking[0].get("NetworkAccessPointID") or "",
    )


def _code(coded: Any) -> str:
    return str(coded.get("csd-code") or coded.get("code"))
