"""One decision of an analyst, added to programme/verdicts.csv of the pack."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from riskkit.errors import EvidenceError
from riskkit.queue.writing import write_private
from riskkit.tables import TABLES

FILE = Path("programme") / "verdicts.csv"
VERDICTS = next(column.values for column in TABLES["verdicts"].columns if column.name == "verdict")


def record_verdict(
    pack: Path, *, alert: str, verdict: str, decided_by: str, decided_at: datetime, note: str = ""
) -> Path:
    """Add one row to the pack's programme/verdicts.csv and return the file; nothing else is changed.

    alert: fingerprint of the alert or finding. verdict: explained, inappropriate, escalated or undecided.
    decided_at: with a time zone. Raises EvidenceError when a field is missing or not known, or when the
    file has columns of its own.
    """
    import pandas as pd  # noqa: PLC0415 - a second of import

    path = pack / FILE
    if verdict not in VERDICTS:
        raise EvidenceError(f"verdict {verdict!r} is not known", do=f"Known: {', '.join(VERDICTS)}")
    if not alert.strip() or not decided_by.strip():
        raise EvidenceError("a verdict names its alert and who decided", do="Fill in both")
    if decided_at.tzinfo is None:
        raise EvidenceError("a verdict's time has no zone", do="Give it one")
    columns = [column.name for column in TABLES["verdicts"].columns]
    kept: list[list[str]] = []
    if path.is_file():
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
        if lines and sorted(lines[0]) != sorted(columns):
            raise EvidenceError("has other columns", file=path, do=f"Its header is {','.join(columns)}")
        order = [lines[0].index(name) for name in columns] if lines else []
        kept = [[line[place] for place in order] for line in lines[1:]]
    said = [
        alert.strip(),
        verdict,
        decided_by.strip(),
        decided_at.isoformat(timespec="seconds"),
        note.strip(),
    ]
    values = dict(zip(("alert", "verdict", "decided_by", "decided_at", "note"), said, strict=True))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(
        path, pd.DataFrame([*kept, [values[name] for name in columns]], columns=columns, dtype=object)
    )
    return path
