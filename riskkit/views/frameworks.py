"""Other frameworks beside the rule, and practices over twelve months: readings, never part of a score."""

from __future__ import annotations

from collections import Counter

from riskkit.assess.continuity import NEEDED, continuity
from riskkit.catalog.frameworks import FRAMEWORKS, Reference, references
from riskkit.model import Assessment
from riskkit.views.html import Html
from riskkit.views.tables import rows, table
from riskkit.words import listed

PROPOSED = "nprm"
BEYOND = ", which may ask less than the proposal does (no number of hours, no fixed interval)"
SHOWN = ("met", "alternative documented")
FAILING = ("not met", "partly met")


def overlay(assessment: Assessment, framework: str) -> Html:
    """Each reference of a framework with how the controls behind it stand; raises KeyError for none."""
    about = {one.id: one for one in FRAMEWORKS}[framework]
    statuses = {status.control.citation: status.status for status in assessment.controls}
    columns = ["reference", "controls", "met", "not met", "not demonstrated"]
    if framework == PROPOSED:
        columns.append("what the proposal says was")
    frame = rows(
        (
            {
                "reference": _title(one),
                "controls": listed(one.controls, most=4),
                **_triple([statuses[citation] for citation in one.controls]),
                "what the proposal says was": _read(one.basis),
            }
            for one in references(framework)
        ),
        columns,
    )
    return table(
        assessment, frame, caption=about.title, numbers=("met", "not met", "not demonstrated"),
        note=f"{about.basis.capitalize()}. Counts are of controls of the Security Rule as they stand today"
        f"{BEYOND if framework == PROPOSED else ''}; nothing here enters a score.",
    )  # fmt: skip


def continuous(assessment: Assessment) -> Html:
    """For how many months in a row each recognized practice was shown, from the findings kept in history."""
    found = continuity(assessment)
    frame = rows(
        (
            {
                "practice": f"{one.title} ({one.reference})",
                "controls": len(one.controls),
                "months on record": len(one.recorded),
                "months shown": len(one.shown),
                "in a row": one.in_a_row,
                "reading": one.words,
            }
            for one in found
        ),
        ("practice", "controls", "months on record", "months shown", "in a row", "reading"),
    )
    return table(
        assessment, frame, caption=f"Recognized security practices over {NEEDED} months",
        numbers=("controls", "months on record", "months shown", "in a row"),
        note="A month counts only when every control behind the practice was met on fresh and dated "
        "evidence. The record supports that a practice was in place, and does not prove it.",
    )  # fmt: skip


def _title(one: Reference) -> str:
    """A title with its number, where the number is the framework's own and not said already."""
    if one.framework == PROPOSED or one.reference.partition(":")[2] in (
        one.title,
        one.title.partition(" (")[0],
    ):
        return one.title
    return one.title if one.title == one.reference else f"{one.title} ({one.reference})"


def _read(basis: str) -> str:
    """How the words of the proposal came here."""
    if "memory" not in basis:
        return "read in its text"
    return "in part read in its text" if "seen" in basis else "not compared with its text"


def _triple(statuses: list[str]) -> dict[str, int]:
    counts = Counter(
        "met" if status in SHOWN else "not met" if status in FAILING else "not demonstrated"
        for status in statuses
        if status != "not applicable"
    )
    return {name: counts[name] for name in ("met", "not met", "not demonstrated")}
