"""Audit events that say too little to be understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE
from riskkit.derived.trail_files import SourceFiles, sources_of
from riskkit.model import Result, Verdict
from riskkit.words import be, count, some


@check(
    id="audit.parse_health",
    title="Audit events say what happened, when and how it ended",
    question="For which audit sources do too many events lack a time, a code or an outcome, or cannot be "
    "understood?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="low",
    remediation="Have the producer write event code, time with zone and outcome into each event, or give "
    "the file a mapping that tells them.",
    look_first="The notes on the events in question (parse_notes), most often the same one.",
    usual_cause="A product writes codes of its own, or leaves out fields that the standard asks for.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C16",),
)
def audit_parse_health(trail_files: nw.LazyFrame[Any], *, max_percent: int = 1) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    Events that lack a time, code or outcome fail beyond `max_percent`; events of no known kind, or
    whose time was written without zone or year, leave it unknown: other findings about the source
    then rest on less than they seem to. An event without any time is in no period: those of the same
    files are counted. Records that could not be read are quarantined; the engine says so per file.
    """
    for source in sources_of(trail_files):
        result, message = _judged(source, max_percent)
        lacking = source.total("partial") + source.total("timeless")
        yield Verdict(
            subject=source.name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{lacking} incomplete, {source.total('uncoded')} of no known kind",
            expected=f"at most {max_percent} % of each",
            scope=source.name,
            rows=(source.rows(source.total("events")),),
        )


def _judged(source: SourceFiles, max_percent: int) -> tuple[Result, str]:
    events, timeless = source.total("events"), source.total("timeless")
    partial, uncoded, unsure = (source.total(name) for name in ("partial", "uncoded", "unsure"))
    facts = (
        f"Of {count(events, 'event')}, {some(partial)} {be(partial, 'lacks', 'lack')} a code or outcome, "
        f"{some(uncoded)} {be(uncoded)} of no known kind and {some(unsure)} {be(unsure, 'was', 'were')} "
        f"written without zone or year; {count(timeless, 'more record')} {be(timeless, 'lacks', 'lack')} a "
        "time"
    )
    if (partial + timeless) * 100 > max_percent * (events + timeless):
        return "FAIL", f"{facts}."
    if max(uncoded, unsure) * 100 > max_percent * events:
        return "UNKNOWN", f"{facts}. What is said of this source rests on assumptions about these."
    return "PASS", f"{facts}."
