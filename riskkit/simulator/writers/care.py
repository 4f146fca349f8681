"""care/: the patient index, and who had a reason to open which record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from riskkit.simulator.care import Care, Relationship
from riskkit.simulator.chance import Chance
from riskkit.simulator.writers.pack import Custody, Pack, RowWriter

RELATIONSHIP_COLUMNS = ("patient_id", "user_id", "department", "valid_from", "valid_to", "kind")


def write_patients(pack: Pack, care: Care) -> None:
    """Write care/patients.csv."""
    columns = ("patient_id", "family_name", "given_name", "address", "vip")
    rows = ((p.patient_id, p.family_name, p.given_name, p.address, p.vip) for p in care.patients)
    custody = Custody(
        "Health Information", pack.moment(0, 19), "ris1", "patient index", approved_by="Privacy Officer"
    )
    pack.table("care/patients.csv", columns, rows, custody)


@contextmanager
def relationships(pack: Pack, chance: Chance, missing: float = 0.0) -> Iterator[RelationshipWriter]:
    """Open care/relationships.csv for the relationships of each day, a share of which is `missing`."""
    custody = Custody(
        "Health Information", pack.moment(0, 23.9), "ris1", "orders, appointments, admissions, consults",
        "two months", "Privacy Officer",
    )  # fmt: skip
    with pack.rows("care/relationships.csv", RELATIONSHIP_COLUMNS, custody) as write:
        yield RelationshipWriter(pack, write, chance, missing)


class RelationshipWriter:
    """Writes relationships as they are known at the end of the last day."""

    def __init__(self, pack: Pack, write: RowWriter, chance: Chance, missing: float) -> None:
        self._pack, self._write, self._chance, self._missing = pack, write, chance, missing

    def __call__(self, row: Relationship) -> None:
        """Write one row; a stay that goes on has no end yet."""
        if self._chance.happens(self._missing):
            return
        stays = row.kind == "admission" and row.valid_to > self._pack.span.as_of
        until = None if stays else row.valid_to
        self._write((row.patient.patient_id, row.user_id, row.department, row.valid_from, until, row.kind))
