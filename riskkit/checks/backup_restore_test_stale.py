"""Copies of which nobody knows whether they can be restored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.recovery import proof, sample_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, out_of, percent


@check(
    id="backup.restore_test_stale",
    title="Restores of each archive are tested and proved every year",
    question="For which systems did the last restore test fail, prove nothing, or take place too long ago?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(D)", "45 CFR 164.308(a)(7)(ii)(B)"),
    severity="high",
    method="TEST",
    remediation="Restore a sample of studies to a separate place, compare the images with the originals, "
    "and record it.",
    look_first="The outcome and duration of the last test, and whether images were compared.",
    usual_cause="There is no spare storage to restore to, and no date is set.",
    expects=("archive",),
)
def backup_restore_test_stale(
    restore_tests: pd.DataFrame, systems: pd.DataFrame | None, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a restore test; the newest test decides.

    A restore without a comparison of counts and digests, or of nothing at all, proves nothing: it neither
    passes nor fails.
    """
    names = system_names(systems)
    tests: dict[str, list[Any]] = {}
    for test in records(restore_tests):
        if test.finished_at < at.as_of:
            tests.setdefault(system_of(test.system_id, names), []).append(test)
    for system, found in sorted(tests.items()):
        last = max(found, key=lambda test: (test.finished_at, test.offset or 0))
        result, message = _judged(last, at.age_days(last.finished_at), max_days)
        yield Verdict(
            subject=system,
            result=result,
            message=message,
            observed=f"{last.outcome}, {amount(at.age_days(last.finished_at), 'day')} ago",
            expected=f"success, at most {amount(max_days, 'day')} ago",
            scope=system,
            rows=(Rows.of("restore_tests", [last]),),
        )


SAID = {
    "proved": "their digests are those of the originals, and as many came back as were expected",
    "empty": "nothing was brought back, so nothing is proved",
    "not told": "whether counts and digests were compared is not recorded, so it is not proved",
    "not compared": "what came back was not compared with the originals, so it is not proved",
    "incomplete": "fewer objects came back than should",
    "partial": "only a part came back",
    "failed": "nothing came back",
}
"""What a restore shows, by its proof."""


def _judged(last: Any, age: int, max_days: int) -> tuple[Result, str]:
    found = proof(last)
    facts = (
        f"The last test, {amount(age, 'day')} before the end of the period, ended with {last.outcome}: "
        f"{SAID[found]}{_objects(last)}."
    )
    if last.outcome != "success" or age > max_days or found == "incomplete":
        return "FAIL", facts
    return ("PASS" if found == "proved" else "UNKNOWN"), facts


def _objects(test: Any) -> str:
    """How many objects were to come back, and how many did, as far as that is on record."""
    expected, restored = test.objects_expected, test.objects_restored
    if expected is None or restored is None:
        return ""
    among = sample_of(test)
    sample = f", a sample: {percent(expected, among)} of {among:,}" if among else ""
    return f" ({out_of(restored, expected, 'object')}{sample})"
