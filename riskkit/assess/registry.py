"""Every check and derived table there is: the folders are the list."""

from __future__ import annotations

from functools import cache

from riskkit.catalog import RULES, load_catalog
from riskkit.declare import load_rules
from riskkit.derived.join_coverage import JOINS
from riskkit.discovery import find
from riskkit.errors import CatalogError
from riskkit.model import METHODS, Check, Derived, Sufficiency
from riskkit.tables import TABLES

TRAIL = "audit_events"


@cache
def all_derived() -> dict[str, Derived]:
    """Derived tables by name."""
    found = {derived.name: derived for derived in find("riskkit.derived", Derived)}
    if clash := found.keys() & TABLES.keys():
        raise CatalogError(f"derived tables {sorted(clash)} have the names of tables")
    return found


@cache
def all_checks() -> tuple[Check, ...]:
    """Checks and rules, sorted by id; raises CatalogError when one does not hold together."""
    checks = {check.id: check for check in find("riskkit.checks", Check)}
    for rule in load_rules(RULES):
        if rule.id in checks:
            raise CatalogError(f"{rule.id} is both a check and a rule", file=RULES)
        checks[rule.id] = rule
    citations = load_catalog().controls.keys()
    known = TABLES.keys() | all_derived().keys()
    for check in checks.values():
        if unknown := set(check.controls) - citations:
            raise CatalogError(
                f"{check.id} cites what the catalog does not hold: {sorted(unknown)}",
                file=check.module,
            )
        if unknown := {*check.needs, *check.optional} - known:
            raise CatalogError(
                f"{check.id} needs tables that do not exist: {sorted(unknown)}", file=check.module
            )
    return tuple(checks[name] for name in sorted(checks))


@cache
def base_tables(name: str) -> frozenset[str]:
    """The tables that readers fill, on which a table (derived or not) rests."""
    derived = all_derived().get(name)
    if derived is None:
        return frozenset({name})
    return frozenset().union(*(base_tables(need) for need in (*derived.needs, *derived.optional)))


@cache
def needed_tables(name: str) -> frozenset[str]:
    """The tables that readers fill without which a table (derived or not) cannot be had."""
    derived = all_derived().get(name)
    if derived is None:
        return frozenset({name})
    return frozenset().union(*map(needed_tables, derived.needs))


def joins_of(check: Check) -> frozenset[str]:
    """The joins of `join_coverage` on which a pass of a check rests."""
    if check.joins is not None:
        return frozenset(check.joins)
    tables = frozenset().union(*map(needed_tables, check.needs))
    return frozenset(join for join, table in JOINS.items() if {TRAIL, table} <= tables)


def bringing(row: Sufficiency, kind: str) -> tuple[Check, ...]:
    """The checks that can show what a control needs of a kind of evidence (alternatives joined by `|`).

    They cite the control, rest on the kind and are at least as strong as is asked.
    """
    names = set(kind.split("|"))
    return tuple(
        check
        for check in all_checks()
        if row.control in check.controls
        and not names.isdisjoint(frozenset().union(*map(base_tables, check.needs)))
        and METHODS.index(check.method) >= METHODS.index(row.method)
    )
