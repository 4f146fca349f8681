"""What is known of care: the patients, and who had a reason to see them."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

PATIENTS = Table(
    name="patients",
    doc="Patients whose images the archive holds.",
    place="care/patients.csv",
    canonical=True,
    lazy=True,
    key=("patient_id",),
    ask="the patient index: record number, name, address, VIP flag",
    columns=(
        Column("patient_id", required=True, phi=True),
        Column("family_name", required=True, phi=True),
        Column("given_name", phi=True),
        Column("address", phi=True),
        Column("vip", "boolean", "access is to be watched"),
    ),
)

RELATIONSHIPS = Table(
    name="relationships",
    doc="Reasons to open a record: orders, appointments, admissions, consults, protocols.",
    place="care/relationships.csv",
    canonical=True,
    lazy=True,
    key=(),
    ask="orders, appointments and admissions of the period from the RIS or HIS, "
    "with patient, department or person",
    columns=(
        Column("patient_id", required=True, phi=True),
        Column("user_id", doc="the person, when the relationship is personal", phi=True, folded=True),
        Column("department", doc="the department, when it is not"),
        Column("valid_from_us", "instant_us", required=True, unit="µs since 1970 UTC"),
        Column("valid_to_us", "instant_us", "empty while it lasts", unit="µs since 1970 UTC"),
        Column("kind", doc="order, appointment, admission, consult, protocol ...", required=True),
    ),
)

TABLES = (PATIENTS, RELATIONSHIPS)
