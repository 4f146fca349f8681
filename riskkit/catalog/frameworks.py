"""Other frameworks beside the rule: which of their references each control serves. Never part of a score."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from riskkit.catalog.loading import FOLDER, load_catalog
from riskkit.errors import CatalogError
from riskkit.model import Control

OVERLAYS = FOLDER / "overlays"

CSF = {"GV": "Govern", "ID": "Identify", "PR": "Protect", "DE": "Detect", "RS": "Respond", "RC": "Recover"}
"""Functions of the NIST Cybersecurity Framework 2.0 (2024)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a framework asks, and the controls that serve it by citation."""

    framework: str
    reference: str
    title: str
    controls: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework: where its references come from."""

    id: str
    title: str
    basis: str


FRAMEWORKS = (
    Framework("nprm", "Proposed Security Rule (90 FR 898, January 2025)", "a proposal, not law"),
    Framework(
        "hph_cpg",
        "HPH Cybersecurity Performance Goals (2024)",
        "essential goals as read in 2026; the wording of most enhanced ones was not compared",
    ),
    Framework(
        "hicp",
        "HICP practices, section 405(d)",
        "practices by number, which serve which control is our choice",
    ),
    Framework("csf2", "NIST Cybersecurity Framework 2.0", "curated by us, per specification"),
    Framework("nist_800_53r5", "NIST SP 800-53 revision 5", "as in NIST SP 800-66 revision 2"),
    Framework("sp_1800_24", "NIST SP 1800-24 threat themes", "controls assigned by us"),
)


@cache
def references(framework: str) -> tuple[Reference, ...]:
    """The references of a framework in their order, each with its controls; raises KeyError, CatalogError."""
    basis = {one.id: one.basis for one in FRAMEWORKS}[framework]
    if framework == "nprm":
        shown = {name: _known(row["controls"].split(";")) for name, row in _rows("proposed_rule.csv").items()}
        return tuple(
            Reference(
                framework,
                control.id,
                control.nprm,
                shown.get(control.id, (control.citation,)),
                control.nprm_basis,
            )
            for control in load_catalog().controls.values()
            if control.nprm
        )
    if framework == "sp_1800_24":
        return tuple(
            Reference(framework, name, row["title"], _known(row["controls"].split(";")), basis)
            for name, row in _rows("sp_1800_24.csv").items()
        )
    titles = {name: row["title"] for name, row in _rows("hicp_practices.csv").items()}
    tell: Mapping[str, tuple[Callable[[Control], tuple[str, ...]], Callable[[str], str]]] = {
        "hph_cpg": (lambda control: control.hph_cpg, _goal),
        "hicp": (lambda control: control.hicp, lambda name: titles.get(name, name)),
        "csf2": (lambda control: control.csf2, lambda name: CSF.get(name[:2], name)),
        "nist_800_53r5": (lambda control: control.nist_800_53r5, lambda name: name),
    }
    column, title = tell[framework]
    found: dict[str, list[str]] = {}
    for control in load_catalog().controls.values():
        for name in column(control):
            found.setdefault(name, []).append(control.citation)
    return tuple(
        Reference(framework, name, title(name), tuple(found[name]), basis)
        for name in sorted(found, key=lambda name: (len(name) if name.isdigit() else 0, name))
    )


def _goal(name: str) -> str:
    kind, _, title = name.partition(":")
    return f"{title} ({ {'S': 'essential', 'E': 'enhanced'}.get(kind, kind) } goal)"


def _rows(name: str) -> dict[str, dict[str, str]]:
    with (OVERLAYS / name).open(encoding="utf-8", newline="") as file:
        return {row["reference"]: row for row in csv.DictReader(file, strict=True)}


def _known(citations: list[str]) -> tuple[str, ...]:
    named = tuple(citation.strip() for citation in citations)
    if unknown := set(named) - load_catalog().controls.keys():
        raise CatalogError(f"not in controls.csv: {sorted(unknown)}", file=OVERLAYS)
    return named
