"""What the inventory expects to be judged: a system without a verdict is unknown, not fine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskkit.assess.engine import Engine
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Check, Verdict
from riskkit.tables import records


@dataclass(frozen=True, slots=True)
class Inventory:
    """Systems that hold ePHI and are covered, by id, with their kinds; every name of a system to its id."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""


def read_inventory(engine: Engine) -> Inventory:
    """The systems of inventory/systems.csv; `absent` says why there is none."""
    state = engine.state("systems")
    if state.state != "present":
        return Inventory(absent=state.reason)
    systems = engine.frame("systems")
    kinds = {system.system_id: system.kind for system in records(systems) if in_scope(system)}
    return Inventory(kinds, system_names(systems))


def expected_verdicts(check: Check, verdicts: Sequence[Verdict], inventory: Inventory) -> list[Verdict]:
    """An UNKNOWN verdict for each system that the check expects and that no verdict's scope names."""
    if not check.expects:
        return []
    if inventory.absent:
        return [
            Verdict(
                subject="inventory",
                result="UNKNOWN",
                message=f"Whether every system was judged cannot be told: {inventory.absent}.",
            )
        ]
    seen = {system_of(verdict.scope, inventory.names) for verdict in verdicts}
    return [
        Verdict(
            subject=system,
            result="UNKNOWN",
            scope=system,
            message=f"This {kind} holds ePHI, and no evidence of it answers this question.",
        )
        for system, kind in sorted(inventory.kinds.items())
        if system not in seen and ("*" in check.expects or kind in check.expects)
    ]
