"""What readers of scanners for weaknesses share: words of severity, and one row for each finished scan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from riskkit.model import Batch, Member
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.items import instant
from riskkit.tables import TABLES

WEAKNESSES, SCANS, SOFTWARE = "vulnerabilities", "vulnerability_scans", "software"
OWN_NAMES = r"trivy|grype|sbom|bom|cyclonedx|syft|cdxgen|report|results?|scan|vulnerabilities"
"""Names that scanners and people give such files, which name no system."""

CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)

_WORDS: Mapping[str, str] = {
    "critical": "critical", "high": "high", "important": "high", "medium": "medium", "moderate": "medium",
    "low": "low", "negligible": "low", "none": "none", "info": "none", "informational": "none",
}  # fmt: skip
_BANDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
_HIGHEST = 10.0
_LARGEST_PORT = 65_535


def severity(word: object) -> str | None:
    """A scanner's word for how severe it is as the table writes it; None for unknown or another word."""
    return _WORDS.get(word.casefold()) if isinstance(word, str) else None


def graded(score: float | None) -> str | None:
    """The severity of a base score by the bands of CVSS version 3.1, section 5."""
    if score is None:
        return None
    return next((name for least, name in _BANDS if score >= least and score > 0), "none")


def score(value: object) -> float | None:
    """A base score of 0 to 10, as number or text; None for all else."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,2}(?:\.\d{1,3})?", value, re.ASCII):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _HIGHEST:
        return float(value)
    return None


def port(value: str) -> int | None:
    """A port as `443` or `443/tcp`; None for 0 and for words."""
    found = re.fullmatch(r"(\d{1,5})(?:/\w+)?", value, re.ASCII)
    return int(found[1]) if found and 0 < int(found[1]) <= _LARGEST_PORT else None


def day(value: object) -> date | None:
    """A date as 2026-10-20 or 2026/10/20, with a time after it or not; None for what is no date."""
    found = (
        re.match(r"(\d{4})[-/](\d\d)[-/](\d\d)(?!\d)", value, re.ASCII) if isinstance(value, str) else None
    )
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """An ISO 8601 time with its zone; None for what is none."""
    try:
        return instant(value)
    except (ValueError, OverflowError):
        return None


def listed(value: object) -> list[Any]:
    """A list, or the one object that stands where a list is meant; nothing is an empty list.

    Raises DocumentError for another value.
    """
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise DocumentError("json_malformed", "a list is of another type")
    return value


def scan(member: Member, row: Mapping[str, object], at: datetime | None) -> Batch:
    """The batch of one finished scan of one system."""
    rows = TABLES[SCANS].rows([{**row, "observed_at": at, "source": member.name, "offset": 0, "n": 0}])
    return Batch(SCANS, rows, records=1, accepted=1, collected_at=at)


def dated(batch: Batch, at: datetime | None, notes: Iterable[str] = ()) -> Batch:
    """A batch that was collected when the scan was done; a scan that does not say when is noted."""
    undated = () if at else ("the file does not say when the scan was made: evidence.csv must",)
    return replace(batch, collected_at=at, notes=(*batch.notes, *notes, *undated))


def refuse(member: Member, error: DocumentError, *tables: str) -> Iterable[Batch]:
    """The batches of a document that gives nothing."""
    return [refused(table, error, member) for table in tables]
