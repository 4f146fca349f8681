"""Recall, precision and intervals of alerts against what was planted, and tables of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from scipy import stats

from benchmarks.made.hospitals import Truth


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of an alert list; rank 0 stands outside the budget, and user or patient may be empty."""

    day: date
    user: str
    patient: str = ""
    rank: int = 1
    family: str = ""


@dataclass
class Hits:
    """What a list of alerts found: incidents within the budget, by a rule alone, and correct alerts."""

    found: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    alerts: int = 0
    correct: int = 0
    apart: int = 0
    apart_correct: int = 0

    @property
    def precision(self) -> float:
        """Of the alerts within the budget."""
        return self.correct / self.alerts if self.alerts else float("nan")


def judge(alerts: Iterable[Alert], truth: Truth) -> Hits:
    """Incidents of which at least one user-day (and patient, where the alert names one) is alerted."""
    index: dict[tuple[date, str, str], set[str]] = defaultdict(set)
    for incident, keys in truth.keys.items():
        for day, user, patient in keys:
            for key in ((day, user, ""), (day, "", patient), (day, user, patient)):
                index[key].add(incident)
    hits = Hits()
    for alert in alerts:
        if not alert.user and not alert.patient:
            continue
        found = index.get((alert.day, alert.user, alert.patient), set())
        if alert.rank:
            hits.alerts += 1
            hits.correct += bool(found)
            hits.found |= found
        else:
            hits.apart += 1
            hits.apart_correct += bool(found)
            hits.matched |= found
    return hits


def recall(hits: Hits, truth: Truth, incidents: Iterable[str] | None = None, *, rules: bool = True) -> float:
    """Share of incidents that were found, by alerts of the budget and, if asked, by rules."""
    wanted = set(truth.kinds if incidents is None else incidents)
    found = hits.found | (hits.matched if rules else set())
    return len(found & wanted) / len(wanted) if wanted else float("nan")


def ceiling(truth: Truth, budget: int, days: int) -> float:
    """The highest precision that this budget allows: there are only so many days with an incident."""
    return min(1.0, len(truth.user_days) / (budget * days))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean with its 95 % interval (Student's t over the seeds)."""
    sample = np.array([value for value in values if not np.isnan(value)])
    mean = float(sample.mean()) if len(sample) else float("nan")
    if len(sample) < 2:  # noqa: PLR2004 - one value has no spread
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample)))
    return mean, mean - half, mean + half


def shown(values: Sequence[float]) -> str:
    """Mean and interval for a table."""
    mean, low, high = interval(values)
    return (
        "" if np.isnan(mean) else f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} ({low:.3f} to {high:.3f})"
    )


def markdown(title: str, head: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> str:
    """A table with a heading, a number to three places, and a note."""
    cells = [[f"{value:.3f}" if isinstance(value, float) else str(value) for value in row] for row in rows]
    lines = [f"## {title}", "", _line(head), _line(["---"] * len(head)), *map(_line, cells), ""]
    return "\n".join([*lines, *([note, ""] if note else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def by_kind(found: Mapping[str, set[str]], truth: Truth) -> dict[str, tuple[int, int]]:
    """Found and planted incidents of each kind, of one list of found incidents."""
    tally: dict[str, tuple[int, int]] = {}
    for incident, kind in truth.kinds.items():
        hit, all_of = tally.get(kind, (0, 0))
        tally[kind] = hit + (incident in found.get("all", set())), all_of + 1
    return tally
