"""All risks, all specifications and all findings, for whoever works on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from riskkit.model import LEVELS, SEVERITIES, Assessment, ControlStatus, Level, Risk
from riskkit.scoring.tables import level_of_risk
from riskkit.views.findings import MARKS, called, mark, named
from riskkit.views.html import Html, badge, bullets, facts, join, paragraph, tag
from riskkit.views.losses import chance
from riskkit.views.scope import inventory, narrowed
from riskkit.views.standing import interval, weight
from riskkit.views.tables import rows, table
from riskkit.words import count, have, listed, share

SIGNS = {
    "met": "✓ met",
    "partly met": "✗ partly met",
    "not met": "✗ not met",
    "not demonstrated": "? not demonstrated",
    "not applicable": "– not applicable",
    "alternative documented": "✓ alternative documented",
}


def register(assessment: Assessment) -> Html:
    """The risk register: each risk with its level as an interval, owner, treatment and date."""
    ranked = sorted(assessment.risks, key=weight)
    frame = rows(
        (
            {
                "risk": f"{risk.title} ({risk.id})",
                "level": risk.level,
                "if unknowns prove fine": risk.low,
                "event within a year": chance(risk.estimate.chance.high) if risk.estimate else None,
                "likelihood": risk.likelihood
                if risk.likelihood == risk.likelihood_low
                else f"{risk.likelihood} ({risk.likelihood_low})",
                "impact": risk.impact,
                "owner": risk.owner or "nobody is named",
                "treatment": risk.treatment or "none is decided",
                "due": risk.due or None,
            }
            for risk in ranked
        ),
        (
            "risk",
            "level",
            "if unknowns prove fine",
            "event within a year",
            "likelihood",
            "impact",
            "owner",
            "treatment",
            "due",
        ),
    )
    unowned = sum(not risk.owner for risk in ranked)
    told = (
        f"{count(len(ranked), 'risk')}; {share(unowned, len(ranked))} {have(unowned)} no owner. Levels "
        f"follow NIST SP 800-30r1, table I-2: {', '.join(LEVELS)}; likelihood is the chance of an event "
        "within a year on the scale of its tables. The level counts every unknown as if it were "
        "wrong; in brackets, likelihood if every unknown proved fine."
    )
    return join(
        [
            paragraph(told),
            table(
                assessment,
                frame,
                caption="Risk register",
                badges={"level": "level", "if unknowns prove fine": "level"},
                empty="no risk was assessed.",
            ),
        ]
    )


def matrix(assessment: Assessment) -> Html:
    """Likelihood and impact as a grid of five by five; each risk stands in it by name."""
    cells: dict[tuple[str, str], list[Risk]] = {}
    for risk in sorted(assessment.risks, key=weight):
        cells.setdefault((risk.likelihood, risk.impact), []).append(risk)
    caption = "Risks by likelihood (rows) and impact (columns), every unknown counted as wrong"
    head = tag(
        "tr",
        tag("th", "likelihood \u2193 impact \u2192", scope="col"),
        [tag("th", level, scope="col") for level in LEVELS],
    )
    body = [
        tag(
            "tr",
            tag("th", likelihood, scope="row"),
            [_cell(likelihood, impact, cells.get((likelihood, impact), [])) for impact in LEVELS],
        )
        for likelihood in reversed(LEVELS)
    ]
    grid = tag(
        "table", tag("caption", caption), tag("thead", head), tag("tbody", body), class_="table matrix"
    )
    return tag("div", grid, class_="scroll", role="region", aria_label=caption, tabindex=0)


def scenarios(assessment: Assessment) -> Html:
    """Each risk in full: what happens, who does it, what raises it, which safeguards stand in its way."""
    statuses = {status.control.citation: status for status in assessment.controls}
    cards = []
    for risk in sorted(assessment.risks, key=weight):
        drivers = [
            f"{_sign(said)} {named(assessment, name)} (severity {severity})"
            for name, said, severity in _once(risk.drivers)
        ]
        cards.append(
            tag(
                "section",
                tag("h3", risk.title),
                paragraph(
                    tag("span", interval(risk), class_="mark"),
                    f" · likelihood {risk.likelihood}, impact {risk.impact}",
                ),
                paragraph(risk.story),
                facts(
                    [
                        ("Threat", risk.threat),
                        ("Raised by", bullets(drivers[:8])),
                        ("And by", f"{len(drivers) - 8} more" if len(drivers) > 8 else ""),  # noqa: PLR2004 - two lines above
                        (
                            "Safeguards",
                            bullets(_safeguard(statuses.get(name), name) for name in risk.controls),
                        ),
                        ("Owner", risk.owner or "nobody is named"),
                        ("Treatment", risk.treatment or "none is decided"),
                        ("Due", risk.due),
                    ]
                ),
                class_=f"card level-{risk.level.replace(' ', '-')}",
            )
        )
    return join(cards) if cards else paragraph("No risk was assessed.")


def controls(assessment: Assessment) -> Html:
    """Every standard and specification with its status, the reason, and the evidence that is lacking."""
    frame = rows(
        (
            {
                "specification": f"{status.control.title} ({status.control.citation})",
                "kind": _kind(status),
                "status": SIGNS[status.status],
                "why": status.reason,
                "lacking evidence": ", ".join(
                    kind.replace("_", " ").replace("|", " or ") for kind in status.lacking
                )
                or None,
            }
            for status in assessment.controls
        ),
        ("specification", "kind", "status", "why", "lacking evidence"),
    )
    return table(
        assessment,
        frame,
        caption=f"Standards and specifications: {len(frame)}",
        badges={"status": "sign"},
        empty="none was judged.",
    )


def findings(assessment: Assessment, *, limit: int = 100, identities: bool = False) -> Html:
    """All open findings of all areas, worst first."""
    systems = inventory(assessment)
    found = [
        (outcome, verdict)
        for outcome in (narrowed(assessment, outcome) for outcome in assessment.outcomes)
        for verdict in outcome.findings
    ]
    found.sort(
        key=lambda item: (
            -SEVERITIES.index(item[0].severity_of(item[1])),
            item[0].check.id,
            item[1].scope,
            item[1].subject,
        )
    )
    frame = rows(
        (
            {
                "what should hold": outcome.check.title,
                "severity": outcome.severity_of(verdict),
                "subject": called(assessment, outcome, verdict, identities=identities),
                "system": systems.name(verdict.scope) if verdict.scope else None,
                "what the evidence shows": verdict.message,
                "since": verdict.since or None,
                "finding": verdict.fingerprint,
            }
            for outcome, verdict in found
        ),
        ("what should hold", "severity", "subject", "system", "what the evidence shows", "since", "finding"),
    )
    numbers = {
        severity: sum(o.severity_of(v) == severity for o, v in found) for severity in reversed(SEVERITIES)
    }
    told = listed([f"{number} {severity}" for severity, number in numbers.items() if number])
    return join([
        paragraph(f"{count(len(found), 'open finding')}: {told}." if found else "There is no open finding."),
        table(assessment, frame, caption="Open findings", badges={"severity": "severity"}, limit=limit,
              rest="The others stand in findings.json.", empty="none is open."),
    ])  # fmt: skip


def outcomes(assessment: Assessment) -> Html:
    """How every question ended, over all areas."""
    ordered = sorted(
        (narrowed(assessment, outcome) for outcome in assessment.outcomes),
        key=lambda outcome: (outcome.check.area, list(MARKS).index(outcome.condition), outcome.check.id),
    )
    frame = rows(
        (
            {
                "question": outcome.check.title,
                "area": outcome.check.area,
                "outcome": mark(outcome),
                "examined": outcome.population,
                "fail": outcome.counts["FAIL"],
                "unknown": outcome.counts["UNKNOWN"],
                "reason": outcome.reason,
                "check": outcome.check.id,
            }
            for outcome in ordered
        ),
        ("question", "area", "outcome", "examined", "fail", "unknown", "reason", "check"),
    )
    return table(
        assessment,
        frame,
        caption=f"Questions asked: {len(ordered)}",
        badges={"outcome": "sign"},
        empty="no check is declared.",
    )


def uncovered(assessment: Assessment) -> Html:
    """Standards and specifications that no check of this toolkit looks at."""
    none = [status for status in assessment.controls if not status.checks]
    told = (
        f"{len(none)} of {len(assessment.controls)} standards and specifications {have(len(none))} no "
        "check here; only documents and attestations can speak for them."
    )
    return join(
        [
            paragraph(told),
            bullets(
                f"{status.control.title} ({status.control.citation}): {status.status}" for status in none
            ),
        ]
    )


def _cell(likelihood: Level, impact: Level, risks: Sequence[Risk]) -> Html:
    """The level that table I-2 gives, in words and in colour, and the risks that stand there."""
    level = badge(level_of_risk(likelihood, impact), "level")
    return tag("td", level, bullets(risk.title for risk in risks) if risks else "")


def _once(drivers: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Each driver once, as a failure if it is one; the rest is unknown in one way or another."""
    found: dict[str, tuple[str, str, str]] = {}
    for driver in drivers:
        if driver[0] not in found or (driver[1] == "FAIL" and found[driver[0]][1] != "FAIL"):
            found[driver[0]] = driver
    return list(found.values())


def _sign(said: str) -> str:
    return "✗" if said == "FAIL" else "?"


def _safeguard(status: ControlStatus | None, citation: str) -> str:
    return f"{SIGNS[status.status]}: {status.control.title} ({citation})" if status else citation


def _kind(status: ControlStatus) -> str:
    named = {"R": "required", "A": "addressable", "S": "standard"}
    return (
        named.get(status.control.requirement, status.control.kind)
        if status.control.kind in ("spec", "standard")
        else status.control.kind
    )
