"""Judge all checks: first those of the evidence, then those that compare what the first have said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from riskkit.assess.judge import Court, judge
from riskkit.derived.judgements import COLUMNS, JUDGEMENTS
from riskkit.model import Check, Outcome


def judge_all(checks: Iterable[Check], court: Court) -> tuple[Outcome, ...]:
    """The outcomes of all checks, sorted by id; those that need `judgements` are judged last."""
    ordered = sorted(checks, key=lambda check: check.id)
    first = [judge(check, court) for check in ordered if not _hears(check)]
    court.engine.give(JUDGEMENTS, judgements_of(first))
    second = [judge(check, court) for check in ordered if _hears(check)]
    return tuple(sorted((*first, *second), key=lambda outcome: outcome.check.id))


def _hears(check: Check) -> bool:
    return JUDGEMENTS in (*check.needs, *check.optional)


def judgements_of(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """How many subjects examinations and tests passed, failed and left open, per control and check."""
    counts: Counter[tuple[str, ...]] = Counter(
        (control, outcome.check.id, outcome.method_of(verdict), verdict.result)
        for outcome in outcomes
        if not outcome.check.signal
        for verdict in outcome.verdicts
        for control in verdict.controls or outcome.check.controls
        if outcome.method_of(verdict) != "INTERVIEW"
    )
    return pd.DataFrame(_rows(counts), columns=list(COLUMNS))


def _rows(counts: Counter[tuple[str, ...]]) -> Iterator[tuple[str | int, ...]]:
    for key in sorted({key[:3] for key in counts}):
        yield *key, *(counts[*key, result] for result in ("PASS", "FAIL", "UNKNOWN"))
