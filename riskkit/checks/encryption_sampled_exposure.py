"""Image stores too big to be walked, judged by random samples of their files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from math import ceil, floor
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.statistics.intervals import Stratum, stratified
from riskkit.tables import records


@check(
    id="encryption.sampled_exposure",
    title="Samples show no image files that give patients away",
    question="In which sampled image stores can more files than wanted be read and name patients?",
    subject="image store",
    controls=("45 CFR 164.312(a)(2)(iv)", "45 CFR 164.312(a)(1)"),
    severity="medium",
    method="TEST",
    remediation="Encrypt the place where the files rest, and restrict who can open it.",
    look_first="The strata with the most exposed files among those drawn.",
    usual_cause="Archives store DICOM files as they come and leave encryption to the storage below.",
)
def encryption_sampled_exposure(
    sampled_scans: pd.DataFrame, systems: pd.DataFrame | None, *, most_per_mille: int = 0, at: Moment
) -> Iterator[Verdict]:
    """One verdict per sample: the interval of how many files of the whole store are exposed.

    Exact at 95 % over all strata together (Clopper-Pearson, hypergeometric where more than 5 % were drawn,
    Bonferroni). FAIL when even the lower end is above what is allowed, PASS when the upper end is not,
    else UNKNOWN: a sample without a find shows few files, never none. The interval is of what was drawn:
    of studies where whole studies were, of files where these were drawn one by one (Cochran 1977, chapter
    9: files of one study are no independent draws).
    """
    names = system_names(systems)
    samples: dict[str, list[Any]] = {}
    for row in records(sampled_scans):
        if row.sampled_on is None or row.sampled_on <= at.today:
            samples.setdefault(row.sample_id, []).append(row)
    for sample, found in sorted(samples.items()):
        result, message, observed = _judged(found, most_per_mille)
        days = [row.sampled_on for row in found]
        yield Verdict(
            subject=sample,
            result=result,
            message=message,
            observed=observed,
            expected=f"at most {most_per_mille} of 1000 {_plural(found)}",
            scope=system_of(found[0].system_id, names),
            collected_at=None if None in days else datetime.combine(min(days), time.min, at.zone),
            rows=(Rows.of("sampled_scans", found),),
        )


def _plural(found: list[Any]) -> str:
    return "studies" if all(row.unit == "study" for row in found) else "files"


def _judged(found: list[Any], most_per_mille: int) -> tuple[Result, str, str]:
    drawn_as = {row.unit or "" for row in found}
    if "study" in drawn_as and len(drawn_as) > 1:
        return "UNKNOWN", "Some strata count studies, others files: they do not add up.", "not possible"
    try:
        strata = [Stratum(row.files, row.sampled, row.exposed) for row in found]
    except ValueError:
        return "UNKNOWN", "The numbers of the sample contradict each other.", "not possible"
    things = _plural(found)
    size, drawn, seen = (sum(getattr(one, name) for one in strata) for name in ("size", "drawn", "found"))
    low, high = stratified(strata)
    least, most = max(floor(low), seen), min(ceil(high), size - (drawn - seen))
    allowed = most_per_mille * size
    result: Result = "FAIL" if least * 1000 > allowed else "PASS" if most * 1000 <= allowed else "UNKNOWN"
    message = (
        f"{seen} of {drawn} {things} drawn at random from {size} in {len(strata)} strata can be read and "
        f"name patients; of all {things} that are at least {least} and at most {most} (exact, 95 %)."
    )
    if "" in drawn_as and drawn < size:
        message += (
            " This holds if the files were drawn one by one, which is not told: drawn study by study, as "
            "many files show less."
        )
    return result, message, f"{least} to {most} of {size} {things}"
