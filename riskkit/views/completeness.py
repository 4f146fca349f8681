"""Whether the risk analysis has all nine elements, each with evidence or with the name of what is lacking.

Source: HHS Office for Civil Rights, Guidance on Risk Analysis Requirements under the HIPAA Security Rule
(2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from riskkit.model import Assessment
from riskkit.tables import TABLES
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import inventory
from riskkit.views.tables import rows, table
from riskkit.words import count, listed, share


@dataclass(frozen=True, slots=True)
class Element:
    """One element: where it stands in the report, what shows it, and what is lacking; either may be empty."""

    name: str
    section: str
    evidence: str
    lacking: str


def nine(assessment: Assessment) -> tuple[Element, ...]:
    """The nine elements in the order of the guidance."""
    return tuple(_elements(assessment))


def elements(assessment: Assessment) -> Html:
    """The nine elements with their evidence, and the lack named where there is none."""
    found = nine(assessment)
    frame = rows(
        (
            {
                "element": one.name,
                "where it stands": one.section,
                "evidence": one.evidence or None,
                "lacking": one.lacking or None,
                "state": "✗ empty" if not one.evidence else "? something lacks" if one.lacking else "✓ shown",
            }
            for one in found
        ),
        ("element", "where it stands", "evidence", "lacking", "state"),
    )
    shown = sum(bool(one.evidence) for one in found)
    return join(
        [
            paragraph(f"{share(shown, len(found))} elements have content."),
            table(
                assessment, frame, caption="The nine elements of a risk analysis", badges={"state": "sign"},
                note="That a section has content does not say that it is complete.",
            ),
        ]
    )  # fmt: skip


def _elements(assessment: Assessment) -> Iterator[Element]:
    systems = inventory(assessment)
    settings, risks = assessment.settings, assessment.risks
    read = [source for source in assessment.evidence.sources if source.counts]
    absent = [name for name, state in assessment.evidence.states.items() if state.state != "present"]
    quarantined = sum(source.unread for source in assessment.evidence.sources)
    not_assessed = [one for one in assessment.outcomes if one.condition in ("NOT_ASSESSED", "ERROR")]
    yield Element(
        "Scope of the analysis", "00, scope",
        count(len(systems.ephi), "system") + " that hold ePHI" if systems.ephi else "",
        "; ".join(filter(None, [
            "" if systems.ephi else f"an inventory ({TABLES['systems'].place})",
            "" if settings.scope else "the scope in words (site.yaml, scope)",
            f"not covered: {listed(settings.not_covered)}" if settings.not_covered else "",
        ])),
    )  # fmt: skip
    yield Element(
        "Data collection", "08, evidence", f"{count(len(read), 'file')} read" if read else "",
        "; ".join(filter(None, [
            f"evidence of {listed(sorted(absent), most=4)}" if absent else "",
            f"{count(quarantined, 'record')} that could not be read" if quarantined else "",
        ])),
    )  # fmt: skip
    judged = len(assessment.outcomes) - len(not_assessed)
    yield Element(
        "Threats and vulnerabilities", "01 to 07; 08, risks in full",
        f"{count(len(risks), 'scenario')}, {count(judged, 'question')} answered" if risks else "",
        f"{count(len(not_assessed), 'question')} without evidence" if not_assessed else "",
    )  # fmt: skip
    silent = [one for one in assessment.controls if one.status == "not demonstrated"]
    yield Element(
        "Current security measures", "08, standards and specifications",
        f"{count(len(assessment.controls), 'specification')} judged" if assessment.controls else "",
        f"{share(len(silent), len(assessment.controls))} not demonstrated" if silent else "",
    )  # fmt: skip
    wide = [risk for risk in risks if risk.likelihood != risk.likelihood_low]
    yield Element(
        "Likelihood of threat occurrence", "08, risk register",
        f"{count(len(risks), 'risk')} rated" if risks else "",
        f"{count(len(wide), 'likelihood')} that missing evidence leaves open" if wide else "",
    )  # fmt: skip
    yield Element(
        "Potential impact", "08, risk register", f"{count(len(risks), 'risk')} rated" if risks else "", ""
    )
    unowned = [risk for risk in risks if not risk.owner and risk.level != "very low"]
    yield Element(
        "Level of risk", "08, risk register and grid", f"{count(len(risks), 'risk')} rated" if risks else "",
        f"an owner for {count(len(unowned), 'risk')} ({TABLES['actions'].place})" if unowned else "",
    )  # fmt: skip
    undated = [source for source in read if source.collected_at is None]
    yield Element(
        "Documentation", "this report and its manifest",
        f"{count(len(assessment.outcomes), 'question')} recorded",
        f"custody of {count(len(undated), 'file')} ({TABLES['custody'].place})" if undated else "",
    )  # fmt: skip
    yield Element(
        "Periodic review", "08, periods on record",
        f"{count(len(assessment.history), 'earlier period')}" if assessment.history else "",
        "" if assessment.history else "findings of an earlier period (history/)",
    )  # fmt: skip
