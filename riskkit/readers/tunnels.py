"""What readers of tunnels share: rows of `tunnels`. Keys and secrets are dropped where the file is split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network

from riskkit.model import Batch, Member, Quarantined
from riskkit.tables import TABLES
from riskkit.tables.network import UNREAD

TUNNELS = TABLES["tunnels"]

_WORD = re.compile(r"[\w.:/%*@!-]{1,200}")


@dataclass
class Tunnels:
    """Rows of one file, and what became of its records; each record that is kept is one row."""

    member: Member
    host: str
    rows: list[dict[str, object]] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)

    def add(self, offset: int, row: dict[str, object]) -> None:
        """Keep a tunnel."""
        self.rows.append({**row, "host": self.host, "source": self.member.name, "offset": offset, "n": 0})

    def refuse(self, offset: int, reason: str, detail: str) -> None:
        """Set a record aside, naming no value."""
        self.quarantined.append(Quarantined(offset, reason, detail))

    def ignore(self, why: str) -> None:
        """Count a record that is no tunnel."""
        self.ignored[why] = self.ignored.get(why, 0) + 1

    def batch(self, records: int, at: datetime | None = None) -> Batch:
        """Everything; `records` is counted from the input."""
        kept, quarantined = TUNNELS.rows(self.rows), tuple(self.quarantined)
        return Batch(TUNNELS.name, kept, records, len(self.rows), quarantined, self.ignored, at)


def words(texts: Iterable[str]) -> str | None:
    """Plain words joined by |; a text that is none, which might be anything, is left out."""
    return "|".join(text for text in texts if _WORD.fullmatch(text)) or None


def word(text: str) -> str | None:
    """A plain word, such as a name or an address with a port; None for any other text."""
    return text if _WORD.fullmatch(text) else None


def spelled(texts: Iterable[str]) -> str | None:
    """Plain words joined by |, with a word of its own for each that cannot be read; None for no text."""
    return "|".join(word(text) or UNREAD for text in texts if text) or None


def networks(texts: Sequence[str]) -> tuple[str | None, bool]:
    """Networks in their usual form, joined by |, and whether every text was one."""
    found = []
    for text in texts:
        try:
            found.append(str(ip_network(text.strip(), strict=False)))
        except ValueError:
            continue
    return "|".join(found) or None, len(found) == len(texts)
