"""What readers of scans and of configurations share: facts of listeners, their rows, the books kept of them.

The keys and values of `channel_observations` are listed in `sslyze_json`. One more is written here:
`suites.tls1_2` = unknown says that the suites of that version are not all in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from riskkit.model import Batch, Quarantined
from riskkit.tables import TABLES, Table

OBSERVATIONS, CERTIFICATES = TABLES["channel_observations"], TABLES["certificates"]

UNKNOWN = "unknown"
VERSIONS = ("ssl2_0", "ssl3_0", "tls1_0", "tls1_1", "tls1_2", "tls1_3")
"""Protocol versions from worst to best, as keys name them."""

HYBRIDS = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
"""Post-quantum groups of TLS 1.3, as IANA names them."""

LAST_PORT = 65_535

Place = tuple[str, int]
"""Host and port."""

_FIRST_SECOND, _LAST_SECOND = 631_152_000, 253_402_300_799  # 1990 to 9999
_SUFFIXES = frozenset({".json", ".conf", ".cfg", ".cnf", ".ini", ".service", ".ldif", ".sh", ".txt", ".dump"})
_PRESENT_CURVES = {
    "secp192r1": "prime192v1",
    "secp256r1": "prime256v1",
    "x25519": "X25519",
    "x448": "X448",
}


class Fact(NamedTuple):
    """One observation; `reason` tells why a value is unknown, `detail` more of what was seen."""

    key: str
    value: str
    reason: str = ""
    detail: str = ""
    confidence: str = "high"


def observation(fact: Fact, tool: str, version: str = "") -> dict[str, object]:
    """A fact as a row of `channel_observations`, without its place."""
    return {
        "key": fact.key,
        "value": fact.value,
        "reason": fact.reason or None,
        "detail": fact.detail or None,
        "tool": tool,
        "tool_version": version or None,
        "confidence": fact.confidence,
    }


@dataclass
class Books:
    """What became of the records of one table, for records that are listeners."""

    table: Table
    source: str
    rows: list[dict[str, object]] = field(default_factory=list)
    accepted: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    taken: set[Place] = field(default_factory=set)

    def accept(
        self, offset: int, place: Place, at: datetime | None, rows: Iterable[Mapping[str, object]]
    ) -> None:
        """Keep the rows of a record; there must be at least one."""
        self.accepted += 1
        self.taken.add(same(place))
        common = {"host": place[0], "port": place[1], "observed_at": at, "source": self.source}
        self.rows += [{**row, **common, "offset": offset, "n": number} for number, row in enumerate(rows)]

    def refuse(self, offset: int, reason: str, detail: str) -> None:
        """Set a record aside, naming no value."""
        self.quarantined.append(Quarantined(offset, reason, detail))

    def batch(self, records: int, at: datetime | None, notes: tuple[str, ...] = ()) -> Batch:
        """Everything so far; `records` is counted from the input."""
        rows = self.table.rows(self.rows)
        quarantined, ignored = tuple(self.quarantined), dict(self.ignored)
        return Batch(self.table.name, rows, records, self.accepted, quarantined, ignored, at, notes)


def same(place: Place) -> Place:
    """A place as it is compared: hosts whatever their case."""
    return place[0].casefold(), place[1]


def place_of(host: object, port: object) -> Place | None:
    """Host and port of two values of a file, if that is what they are."""
    number = port if type(port) is int else _digits(port)
    named = host.strip() if isinstance(host, str) else ""
    if not named or number is None or not 0 < number <= LAST_PORT or not named.isprintable():
        return None
    return named, number


def _digits(value: object) -> int | None:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,5}", value, re.ASCII) else None


def instant(seconds: object) -> datetime | None:
    """Seconds since 1970 UTC, as text or number; None for what is no time after 1990."""
    if isinstance(seconds, str):
        seconds = int(seconds) if re.fullmatch(r"\d{1,12}", seconds, re.ASCII) else None
    if type(seconds) is not int or not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def without_tls(reason: str) -> list[Fact]:
    """A listener from which a scanner got no TLS: what else it says of it is about nothing."""
    return [Fact("connectivity", "no_tls", reason, confidence="medium")]


def curve(name: str) -> Fact | None:
    """An elliptic curve by the name that OpenSSL gives it; None for groups that are none."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{1,39}", name) or name.lower().startswith("ffdhe"):
        return None
    return Fact(f"curve.{_PRESENT_CURVES.get(name.lower(), name)}", "accepted")


def host_of(name: str, tool: str) -> str:
    """The host that a file is about, which no such file says itself.

    `TOOL-HOST.json` (or `_` or `.`), else the folder of a file that is named as the tool or one of
    its usual files (`HOST/lsblk.json`), else the file's stem. `tool` lists these names, joined by `|`.
    """
    path = PurePosixPath(name.replace("!", "/"))
    stem = path.name.removesuffix(".gz")
    suffix = PurePosixPath(stem).suffix
    if suffix.casefold() in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    named = re.fullmatch(rf"(?i)(?:{tool})[-_.](.+)", stem)
    if named:
        return named[1]
    folder = path.parent.name
    return folder if folder and re.fullmatch(rf"(?i)(?:{tool})", stem) else stem or path.name
