""".labels/: the truth about the planted incidents. Readers of evidence leave the folder alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from riskkit.simulator.events import Event
from riskkit.simulator.incidents import Incident
from riskkit.simulator.writers.pack import Pack

INCIDENT_COLUMNS = (
    "incident_id", "kind", "label", "system_id", "user_id", "patient_id", "starts", "ends", "events", "note",
    "sealed",
)  # fmt: skip
EVENT_COLUMNS = ("incident_id", "event_time", "system_id", "event", "user_id", "patient_id")


def write_labels(pack: Pack, incidents: Iterable[Incident], events: Iterable[Event]) -> None:
    """Write .labels/labels.csv, a row per incident, and .labels/events.csv, a row per event of one."""
    found = [event for event in events if event.incident]
    counts = Counter(event.incident for event in found)
    pack.table(
        ".labels/labels.csv",
        INCIDENT_COLUMNS,
        (
            (
                one.id, one.kind, one.label, one.system, one.user_id, one.patient_id, one.starts, one.ends,
                counts[one.id], one.note, one.sealed,
            )
            for one in incidents
        ),
    )  # fmt: skip
    pack.table(
        ".labels/events.csv",
        EVENT_COLUMNS,
        (
            (
                event.incident, event.at.isoformat(timespec="milliseconds"), event.system, event.kind,
                event.actor.id, event.patient.patient_id if event.patient else "",
            )
            for event in found
        ),
    )  # fmt: skip
