"""The review queue of riskkit on a pack: signals once, then the alerts of several budgets and settings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.made.figures import Alert
from benchmarks.made.hospitals import Case
from riskkit.assess import surfacing
from riskkit.model import Outcome
from riskkit.queue import QueueRules, candidates, choose, load_rules, matches


@dataclass
class Queue:
    """What the detectors said of a pack, and what they could not."""

    outcomes: tuple[Outcome, ...]
    not_run: tuple[tuple[str, str], ...]

    def alerts(
        self, budget: int, *, without: Collection[str] = (), rules: QueueRules | None = None
    ) -> list[Alert]:
        """The alerts of the budget, and with rank 0 what matched a rule; `without` some detectors."""
        wanted = [outcome for outcome in self.outcomes if outcome.check.id not in without]
        rules = rules or load_rules()
        chosen = choose(candidates(wanted, rules), budget, rules, lambda text: text)
        within = [
            Alert(
                one.candidate.day, one.candidate.user_id, one.candidate.patient_id, one.rank,
                one.candidate.family,
            )
            for one in chosen
            if one.line == "alert"
        ]  # fmt: skip
        apart = [Alert(one.day, one.user_id, one.patient_id, 0, one.family) for one in matches(wanted)]
        return within + apart


def run(case: Case, work: Path) -> Queue:
    """Run the detectors once, as `riskkit triage` does."""
    with _remembered() as outcomes:
        queue = surfacing.review_queue(case.pack, since=case.first, work=work)
    return Queue(tuple(outcomes), queue.not_run)


@contextmanager
def _remembered() -> Any:
    """Keep what each detector said, so that other budgets need not ask again."""
    judge: Callable[..., Outcome] = surfacing.judge
    outcomes: list[Outcome] = []

    def keeping(*arguments: Any) -> Outcome:
        outcomes.append(judge(*arguments))
        return outcomes[-1]

    surfacing.judge = keeping
    try:
        yield outcomes
    finally:
        surfacing.judge = judge


def top(table: pd.DataFrame, scores: Any, first: pd.Timestamp, budget: int) -> list[Alert]:
    """The user-days with the highest scores of each day of the last month."""
    scored = table.assign(score=scores)
    scored = scored[(scored["day"] >= first) & (scored["score"] > 0)]
    best = scored.sort_values(["day", "score", "person"], ascending=[True, False, True]).groupby("day")
    return [Alert(row.day.date(), row.person) for row in best.head(budget).itertuples()]
