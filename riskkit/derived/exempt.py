"""Exemptions of the site, applied and counted: what is known to be in order is not put up for review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from ipaddress import ip_address, ip_network
from typing import Any

from riskkit.derived.inventory import system_names, system_of
from riskkit.tables import records

ALL = "*"


class Exempt:
    """The exemptions that hold for one detector.

    Each filled cell must match, an empty one matches all; role and department are those of the roster,
    in any row of the person. `applied` counts what each one set aside.
    """

    def __init__(
        self, detector: str, exemptions: Any | None, roster: Any | None = None, systems: Any | None = None
    ) -> None:
        rows: Sequence[Any] = () if exemptions is None else list(records(exemptions))
        self._rows = sorted(
            (row for row in rows if row.detector in (ALL, detector)),
            key=lambda row: (row.source or "", row.offset or 0),
        )
        self._names = system_names(systems) if self._rows else {}
        self._people: dict[str, set[tuple[str, str]]] = {}
        if self._rows and roster is not None:
            for row in records(roster):
                place = (row.role or "").casefold(), (row.department or "").casefold()
                self._people.setdefault(row.user_id, set()).add(place)
        self.applied: Counter[str] = Counter()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._rows)

    @property
    def networks(self) -> bool:
        """Whether any exemption names a network, so that addresses are needed."""
        return any(row.network for row in self._rows)

    def holds(self, user: str, day: date, *, patient: str = "", address: str = "", system: str = "") -> bool:
        """Whether an exemption sets this aside; it is counted if so."""
        for row in self._rows:
            if self._fits(row, user, day, patient, address, system):
                self.applied[f"{row.source or 'exemptions'}:{row.offset or 0}"] += 1
                return True
        return False

    def told(self) -> str:
        """What was set aside by which rows, as a sentence; empty when nothing was."""
        if not self.applied:
            return ""
        parts = ", ".join(f"{count} by {row}" for row, count in sorted(self.applied.items()))
        return f"Exemptions set aside {sum(self.applied.values())} ({parts})."

    def _fits(self, row: Any, user: str, day: date, patient: str, address: str, system: str) -> bool:
        if (row.valid_from and day < row.valid_from) or (row.valid_to and day > row.valid_to):
            return False
        if (row.user_id and row.user_id != user) or (row.patient_id and row.patient_id != patient):
            return False
        if row.system_id and row.system_id != system_of(system, self._names):
            return False
        if row.network and not _within(address, row.network):
            return False
        role, department = (row.role or "").casefold(), (row.department or "").casefold()
        if not role and not department:
            return True
        places = self._people.get(user, set())
        return any(role in ("", of) and department in ("", at) for of, at in places)


def _within(address: str, network: str) -> bool:
    """Whether an address or host name is, or lies in, what an exemption names."""
    if address.casefold() == network.casefold():
        return bool(address)
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
