"""Rooms, doors and things: who may enter, who did, and what became of media and equipment."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

FACILITY_ACCESS = Table(
    name="facility_access",
    doc="Passages through doors as the door system recorded them, refused ones included.",
    place="facility/access/*.csv",
    canonical=True,
    lazy=True,
    key=(),
    ask="the door system's events for the period: time, area, door, badge, granted or denied; the columns of "
    "its export are named in a mapping file beside it",
    columns=(
        Column("passed_us", "instant_us", required=True, unit="µs since 1970 UTC"),
        Column("area", doc="server room, reading room ..., as in the lists of who may enter", required=True),
        Column("badge", doc="number of the badge", required=True, phi=True),
        Column("user_id", doc="whose badge it is, when the door system says so", phi=True, folded=True),
        Column("door"),
        Column("direction", values=("in", "out")),
        Column("passage", doc="empty is taken as granted", values=("granted", "denied")),
    ),
)

FACILITY_LISTS = Table(
    name="facility_lists",
    doc="Who may enter which area: one row per area and badge, inactive badges included.",
    place="facility/lists/*.csv",
    canonical=True,
    key=("area", "badge"),
    ask="the door system's list of badges by area, with whose they are, whether they are active, and when "
    "the list was last reviewed by the owner of the area",
    columns=(
        Column("area", required=True),
        Column("badge", required=True, phi=True),
        Column("user_id", doc="log-in name, as in people/roster.csv; empty for visitors and vendors",
               phi=True, folded=True),
        Column("active", "boolean", "the badge opens the area; empty is unknown"),
        Column("may_enter_from", "date"),
        Column("may_enter_to", "date", "last day"),
        Column("approved_by", doc="who decides about the area", proof=True),
        Column("reviewed_on", "date", "last day on which somebody confirmed the entry"),
    ),
)  # fmt: skip

VISITORS = Table(
    name="visitors",
    doc="Visitors to areas that hold ePHI: when they came and left, and who went with them.",
    place="facility/visitors.csv",
    canonical=True,
    key=("visit_id",),
    event_time="arrived_at",
    ask="the visitor log of server rooms and reading rooms, technicians of vendors included",
    columns=(
        Column("visit_id", required=True),
        Column("area", required=True),
        Column("arrived_at", "instant", required=True),
        Column("left_at", "instant"),
        Column("visitor", doc="who came", phi=True),
        Column("company"),
        Column("purpose"),
        Column("escort", doc="who went with the visitor", phi=True, proof=True),
    ),
)

FACILITY_REPAIRS = Table(
    name="facility_repairs",
    doc="Repairs and changes of what secures the building: doors, locks, walls, hardware of the door system.",
    place="facility/repairs.csv",
    canonical=True,
    key=("repair_id",),
    ask="facility management's record of repairs and changes to doors, locks, walls and readers",
    columns=(
        Column("repair_id", required=True),
        Column("area"),
        Column("component", doc="door, lock, wall, reader ...", required=True),
        Column("repaired_on", "date"),
        Column("work", doc="what was done", proof=True),
        Column("performed_by", doc="company or role", proof=True),
        Column("approved_by", proof=True),
    ),
)

MEDIA = Table(
    name="media",
    doc="What became of devices and media that can hold ePHI: one row for each movement, from receipt to "
    "disposal.",
    place="facility/media.csv",
    canonical=True,
    key=("media_id", "event", "occurred_on"),
    ask="the log of devices and media: what came, moved, was lent, wiped for re-use, destroyed or lost, with "
    "who is responsible and the certificate",
    columns=(
        Column("media_id", doc="asset or serial number", required=True),
        Column("medium", doc="disk, tape, optical, usb, workstation, server, modality ..."),
        Column("event", required=True,
               values=("received", "moved", "lent", "returned", "reused", "disposed", "lost", "stolen")),
        Column("occurred_on", "date", required=True),
        Column("system_id", doc="system that it served"),
        Column("holds_ephi", "boolean", "holds or held ePHI; empty is unknown"),
        Column("encrypted", "boolean", "what it holds is encrypted"),
        Column("responsible", doc="role or person who answers for it from then on", proof=True),
        Column("destination", doc="where it went"),
        Column("due_back_on", "date", "when what was lent is to be back"),
        Column("wipe_method", doc="how it was cleared, such as NIST SP 800-88 purge"),
        Column("certificate", doc="record of wiping or destruction", proof=True),
        Column("verified_by", doc="who checked that nothing is left", proof=True),
        Column("incident", doc="incident_id of programme/incidents.csv that takes up its loss", proof=True),
    ),
)  # fmt: skip

TABLES = (FACILITY_ACCESS, FACILITY_LISTS, VISITORS, FACILITY_REPAIRS, MEDIA)
