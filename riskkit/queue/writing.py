"""The queue as a table and as a file that only its owner may read."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from riskkit.queue.choosing import Choice
from riskkit.queue.decisions import Decisions

if TYPE_CHECKING:
    import pandas as pd

PHI_MARK = "PHI: case file, do not mail"
"""Stands in every row: a comment before the header would break whoever reads CSV."""

COLUMNS = (
    "day", "rank", "user_id", "patient_id", "score", "reasons", "family", "alert", "line", "first_surfaced",
    "reviewed_at", "escalated_at", "decision", "repeat_of", "phi",
)  # fmt: skip


def queue_frame(choices: Iterable[Choice], decisions: Decisions, surfaced_at: datetime) -> pd.DataFrame:
    """One row per choice: days in order, best first, what is outside the budget after it.

    `surfaced_at` stands for alerts that were not surfaced before; real ids, so the frame is PHI.
    """
    import pandas as pd  # noqa: PLC0415 - a second of import

    rows = [_row(choice, decisions, surfaced_at) for choice in sorted(choices, key=_order)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _order(choice: Choice) -> tuple[object, ...]:
    one = choice.candidate
    return one.day, not choice.rank, choice.rank, -one.score, one.user_id, one.patient_id, choice.alert


def _row(choice: Choice, decisions: Decisions, surfaced_at: datetime) -> Mapping[str, object]:
    one = choice.candidate
    shown = choice.line in ("alert", "matched")
    return {
        "day": one.day,
        "rank": choice.rank,
        "user_id": one.user_id,
        "patient_id": one.patient_id,
        "score": round(one.score, 2),
        "reasons": one.told() if choice.line != "matched" else one.reasons[0].text,
        "family": one.family,
        "alert": choice.alert,
        "line": choice.line,
        "first_surfaced": decisions.surfaced.get(choice.alert, surfaced_at if shown else None),
        "reviewed_at": decisions.first(choice.alert),
        "escalated_at": decisions.first(choice.alert, "escalated"),
        "decision": decisions.outcome(choice.alert),
        "repeat_of": choice.repeat_of,
        "phi": PHI_MARK,
    }


def write_private(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV, mode 0600, replacing what stands there; times in ISO 8601, ids as text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())
    draft.replace(path)


def _cell(value: object) -> object:
    import pandas as pd  # noqa: PLC0415 - a frame was given, so it is loaded

    if value is None or value is pd.NaT:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else value
