"""What the inventory expects to be judged: a system without a verdict is unknown, not fine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskkit.assess.engine import Engine
from riskkit.assess.registry import base_tables
from riskkit.derived.inventory import NO_TRAIL, in_scope, system_names, system_of
from riskkit.derived.trail import in_period
from riskkit.model import Check, Moment, Verdict
from riskkit.tables import KINDS, of_kind, records


@dataclass(frozen=True, slots=True)
class Inventory:
    """Systems that hold ePHI and are covered, by id, with their kinds; every name of a system to its id.

    `silent` are those that wrote no audit event in the period.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    absent: str = ""


def read_inventory(engine: Engine, moment: Moment) -> Inventory:
    """The systems of inventory/systems.csv; `absent` says why there is none."""
    state = engine.state("systems")
    if state.state != "present":
        return Inventory(absent=state.reason)
    systems = engine.frame("systems")
    kinds = {system.system_id: system.kind for system in records(systems) if in_scope(system)}
    names = system_names(systems)
    heard = {system_of(source, names) for source in _audit_sources(engine, moment)}
    silent = sorted(system for system, kind in kinds.items() if kind not in NO_TRAIL and system not in heard)
    return Inventory(kinds, names, tuple(silent))


def _audit_sources(engine: Engine, moment: Moment) -> list[str]:
    if engine.state("audit_events").state != "present":
        return []
    events = engine.lazy("audit_events").filter(in_period(moment)).select("source_system").unique()
    return [row.source_system for row in records(events) if row.source_system]


def expected_verdicts(check: Check, verdicts: Sequence[Verdict], inventory: Inventory) -> list[Verdict]:
    """An UNKNOWN verdict for each system of which the evidence should speak and does not.

    A check names the kinds of systems that it expects in the scopes of its verdicts. Which kind a system is
    stands in the inventory in free text: a word that is none of the known kinds counts as every kind, so
    that calling a system something else leaves no question aside. A check on the audit trail that names
    none is about people, whose doings on a silent system it cannot know.
    """
    on_trail = any("audit_events" in base_tables(need) for need in check.needs)
    if not check.expects and not on_trail:
        return []
    if inventory.absent:
        return [
            Verdict(
                subject="inventory",
                result="UNKNOWN",
                message=f"Whether every system was judged cannot be told: {inventory.absent}.",
            )
        ]
    if not check.expects:
        return [
            _unseen(system, "wrote no audit event in the period that the evidence holds")
            for system in inventory.silent
        ]
    seen = {system_of(verdict.scope, inventory.names) for verdict in verdicts}
    return [
        _unseen(system, f"({kind}) holds ePHI, and no evidence of it answers this question{_unknown(kind)}")
        for system, kind in sorted(inventory.kinds.items())
        if system not in seen and of_kind(kind, check.expects)
    ]


def _unknown(kind: str) -> str:
    if kind.strip().casefold() in KINDS:
        return ""
    return f"; its kind is none of {', '.join(KINDS)}, so it is asked of all"


def _unseen(system: str, why: str) -> Verdict:
    return Verdict(subject=system, result="UNKNOWN", scope=system, message=f"This system {why}.")
