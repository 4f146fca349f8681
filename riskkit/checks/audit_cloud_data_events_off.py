"""Cloud audit trails in which reading images leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE
from riskkit.derived.trail_files import SourceFiles, sources_of
from riskkit.model import Result, Verdict
from riskkit.words import be, count, out_of

CLOUDS = {
    "cloudtrail": "data events (GetImageFrame and the DICOMweb actions) of AWS HealthImaging in the trail",
    "google_audit": "Data Access audit logs (DATA_READ, DATA_WRITE) of the Healthcare API",
    "azure_dicom": "the AuditLogs category of the DICOM service in its diagnostic settings",
}
"""How `source_format` begins, and what to switch on so that reading leaves a trace."""


@check(
    id="audit.cloud_data_events_off",
    title="Cloud archives record who reads images",
    question="Which cloud audit trails hold no event of anybody reading or searching images?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="high",
    remediation="Switch on the recording of data access for the image store, and export it with the trail.",
    look_first="The settings of the trail: which kinds of events it records, and for which stores.",
    usual_cause="Management events are recorded by default, data events only when somebody asks for them.",
    aliases=("C17",),
)
def audit_cloud_data_events_off(trail_files: nw.LazyFrame[Any]) -> Iterator[Verdict]:
    """One verdict per audit source whose events of the period came in a format of a cloud provider.

    AWS records GetImageFrame and DICOMweb as data events, off until opted in; Google Cloud keeps
    reads in Data Access logs, off by default; Azure writes an event when a request starts and another
    when it succeeded or failed. Without any successful event, or without any access among data events
    or in a log of data access, the trail cannot show who saw an image: what management events tell
    of reading concerns stores, jobs and image sets.
    """
    for source in sources_of(trail_files):
        clouds = sorted({name for file in source.files if (name := _cloud(file.source_format))})
        if not clouds:
            continue
        result, message = _judged(source, clouds)
        yield Verdict(
            subject=source.name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(source.total('data_accesses'), 'access')} to data among "
            f"{count(source.total('events'), 'event')}",
            expected="events of reading and searching, recorded as access to data",
            scope=source.name,
            rows=(source.rows(source.total("events")),),
        )


def _cloud(source_format: str | None) -> str | None:
    written = (source_format or "").casefold()
    return next((name for name in CLOUDS if written.startswith(name)), None)


def _judged(source: SourceFiles, clouds: list[str]) -> tuple[Result, str]:
    events, accesses, data = (source.total(name) for name in ("events", "accesses", "data_accesses"))
    needed = "; ".join(CLOUDS[name] for name in clouds)
    if not source.total("succeeded"):
        return "FAIL", f"{_none_of(events)} anything that succeeded. To be recorded: {needed}."
    if not accesses:
        return "FAIL", (
            f"{_none_of(events)} reading or searching: nobody did, or it is not recorded. To be recorded: "
            f"{needed}."
        )
    if not data:
        return "FAIL", (
            f"{out_of(accesses, events, 'event')} {be(accesses)} of reading or searching, and none of them "
            f"was recorded as access to data: who saw an image is not recorded. To be recorded: {needed}."
        )
    return "PASS", (
        f"{out_of(data, events, 'event')} {be(data)} of reading, searching, sending or exporting, "
        "recorded as access to data."
    )


def _none_of(events: int) -> str:
    return "The only event does not tell of" if events == 1 else f"None of {events:,} events tells of"
