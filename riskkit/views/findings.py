"""What the checks of a part of the report say: outcomes, findings, and what could not be assessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from riskkit.assess.findings import shown_subject
from riskkit.assess.registry import base_tables
from riskkit.model import SEVERITIES, Assessment, Check, Outcome, Verdict
from riskkit.tables import TABLES
from riskkit.views.html import Content, Html, badge, bullets, clean, facts, join, paragraph, shown, tag
from riskkit.views.privacy import permit
from riskkit.views.scope import inventory, narrowed
from riskkit.views.tables import rows, table
from riskkit.words import be, capital, count, listed

MARKS = {
    "FINDINGS": "✗ findings",
    "ERROR": "! not computed",
    "PARTIAL": "? partly unknown",
    "NOT_ASSESSED": "– not assessed",
    "CLEAN": "✓ nothing found",
}
"""What an outcome is called, worst first, with a sign that does not need colour."""

FOR_REVIEW = "✗ for review"
"""A finding about what somebody did: unexplained, for review."""


def for_review(check: Check) -> bool:
    """Whether a finding of this check is about what somebody did: then it is put up for review, no more."""
    return check.signal or check.subject in {"user", "patient"}


def mark(outcome: Outcome) -> str:
    """Sign and words for an outcome."""
    if for_review(outcome.check) and outcome.condition == "FINDINGS":
        return FOR_REVIEW
    return MARKS[outcome.condition]


_PARTS = {
    "audit": "audit_trail",
    "encryption": "encryption",
    "transmission": "transmission",
    "backup": "backup_recovery",
    "people": "people_places_papers",
    "programme": "people_places_papers",
    "places": "people_places_papers",
    "inventory": "access_control",
}

SHOWN: Mapping[str, tuple[str, ...]] = {
    "audit_trail": ("audit_events", "systems"),
    "access_patterns": ("audit_events", "relationships", "roster"),
    "encryption": ("storage_assets", "storage_exposures", "dicom_scans", "dicom_files"),
    "transmission": ("endpoints", "channel_observations", "certificates"),
    "access_control": (
        "accounts",
        "roster",
        "configurations",
        "grants",
        "systems",
        "vulnerability_scans",
        "updates",
        "malware_protection",
    ),
    "backup_recovery": ("backups", "restore_tests", "recovery_targets", "drills"),
    "people_places_papers": (
        "training",
        "roster",
        "policies",
        "reviews",
        "answers",
        "incidents",
        "contracts",
        "facility_lists",
        "facility_access",
        "actions",
        "exceptions",
        "decisions",
        "media",
    ),
    "risk_register": ("systems",),
}
"""The tables that each part shows, besides those that its checks need."""


def part_of(check: Check) -> str:
    """The part of the report in which a check stands; what has no part of its own stands in the register.

    Questions about access stand with the patterns when they rest on the audit trail, else with the
    accounts.
    """
    if check.area == "access":
        return "access_patterns" if "audit_events" in base(check.needs) else "access_control"
    return _PARTS.get(check.area, "risk_register")


def of_part(assessment: Assessment, part: str) -> tuple[Outcome, ...]:
    """The outcomes of a part of the report at the site in view, worst first."""
    found = [
        narrowed(assessment, outcome) for outcome in assessment.outcomes if part_of(outcome.check) == part
    ]
    return tuple(sorted(found, key=_rank))


def overview(assessment: Assessment, part: str) -> Html:
    """One row a check: what it asks, what became of it, and the numbers."""
    outcomes = of_part(assessment, part)
    frame = rows(
        (
            {
                "title": outcome.check.title,
                "outcome": mark(outcome),
                "severity": outcome.check.severity,
                "examined": outcome.population,
                "fail": outcome.counts["FAIL"],
                "unknown": outcome.counts["UNKNOWN"],
                "pass": outcome.counts["PASS"],
                "not applicable": outcome.counts["NA"],
            }
            for outcome in outcomes
        ),
        ("title", "outcome", "severity", "examined", "fail", "unknown", "pass", "not applicable"),
    )
    frame = frame if frame["not applicable"].any() else frame.drop(columns="not applicable")
    return table(
        assessment,
        frame,
        caption=f"Questions asked: {len(outcomes)}",
        headings={"title": "what should hold"},
        badges={"outcome": "sign", "severity": "severity"},
        empty="No check asks about this yet, so nothing here is assessed.",
    )


def summary(assessment: Assessment, part: str) -> Html:
    """One sentence: how many questions were asked and how they ended."""
    outcomes = of_part(assessment, part)
    if not outcomes:
        return paragraph("No check asks about this yet: it is not assessed.")
    found = [
        f"{number} {be(number, one, many)}"
        for condition, one, many in (
            ("FINDINGS", "has findings", "have findings"),
            ("PARTIAL", "is partly unknown", "are partly unknown"),
            ("NOT_ASSESSED", "could not be assessed", "could not be assessed"),
            ("ERROR", "could not be computed", "could not be computed"),
            ("CLEAN", "found nothing to correct", "found nothing to correct"),
        )
        if (number := sum(outcome.condition == condition for outcome in outcomes))
    ]
    return paragraph(f"Of {count(len(outcomes), 'question')}, {listed(found)}.", lead=True)


def cards(assessment: Assessment, part: str, top: int = 5, identities: bool = False) -> Html:
    """A card for each check with findings, unknowns or an error: facts, what to do, where to look first.

    `top` subjects stand on each card; the rest is counted.
    """
    permit(identities)
    wanted = ("FINDINGS", "PARTIAL", "ERROR")
    return join(
        card(assessment, outcome, top=top, identities=identities)
        for outcome in of_part(assessment, part)
        if outcome.condition in wanted
    )


def card(assessment: Assessment, outcome: Outcome, *, top: int = 5, identities: bool = False) -> Html:
    """One check in full."""
    check = outcome.check
    pieces = [
        tag("h3", check.title),
        tag("p", badge(mark(outcome), "sign"), f" · {_told(outcome)}"),
        paragraph(check.question, note=True),
    ]
    if outcome.condition == "ERROR":
        pieces.append(paragraph(f"{_sentence(outcome.reason)} Until it is mended, this is unknown."))
    failed = "For review" if for_review(check) else "Found"
    for result, caption in (("FAIL", failed), ("UNKNOWN", "Not known")):
        verdicts = [verdict for verdict in outcome.verdicts if verdict.result == result]
        if verdicts:
            pieces.append(_verdicts(assessment, outcome, verdicts, caption, top, identities))
    pieces.append(
        facts(
            [
                ("What to do", check.remediation),
                ("Look first at", check.look_first),
                ("Usually explained by", check.usual_cause),
                ("Concerns", _citations(assessment, check.controls)),
                ("Settings", _parameters(outcome)),
                ("Not used", _unused(outcome)),
                ("Check", tag("code", check.id)),
            ]
        )
    )
    return tag("section", pieces, class_=f"card {outcome.condition.lower().replace('_', '-')}")


def not_assessed(assessment: Assessment, part: str) -> Html:
    """What could not be assessed in this part, why, and what to ask for."""
    outcomes = [o for o in of_part(assessment, part) if o.condition in ("NOT_ASSESSED", "ERROR")]
    needs = {name for outcome in outcomes for name in base(outcome.check.needs)} | set(SHOWN[part])
    gone = [name for name in sorted(needs) if not _present(assessment, name)]
    if not outcomes and not gone:
        return paragraph("Every question of this part could be put to the evidence.")
    reasons = bullets(
        [tag("strong", f"Not assessed: {outcome.check.title}. "), _sentence(outcome.reason)]
        for outcome in outcomes
    )
    return join([reasons, ask(assessment, gone)])


def missing(assessment: Assessment, *names: str) -> Html:
    """Say that something is not assessed because tables are not there, and why."""
    reasons = [_sentence(_reason(assessment, name)) for name in names if not _present(assessment, name)]
    return paragraph(
        tag("strong", "Not assessed. "), " ".join(reasons), " The end of this part says what to ask for."
    )


def ask(assessment: Assessment, names: Iterable[str]) -> Html:
    """What to ask for so that these tables can be judged; nothing for those that are there."""
    wanted = [TABLES[name] for name in names if name in TABLES and not _present(assessment, name)]
    return bullets(
        [f"Ask for {found.ask}; put it under ", tag("code", found.place), "."]
        for found in wanted
        if found.ask
    )


def named(assessment: Assessment, name: str) -> str:
    """What a risk, a check or a citation is called: by its title; a citation keeps its number."""
    for risk in assessment.risks:
        if risk.id == name:
            return risk.title
    for outcome in assessment.outcomes:
        if outcome.check.id == name:
            return outcome.check.title
    control = assessment.catalog.controls.get(name)
    return f"{control.title} ({name})" if control else name


def subject(assessment: Assessment, outcome: Outcome, verdict: Verdict, *, identities: bool = False) -> str:
    """What a verdict is about, under a surrogate when that is a person."""
    permit(identities)
    if identities:
        return verdict.shown_as or verdict.subject
    return shown_subject(outcome, verdict, assessment.surrogates)


def called(assessment: Assessment, outcome: Outcome, verdict: Verdict, *, identities: bool = False) -> str:
    """As `subject`, with the name of a system and the title of a specification."""
    name = subject(assessment, outcome, verdict, identities=identities)
    if outcome.check.subject == "system":
        return inventory(assessment).name(name)
    return named(assessment, name) if outcome.check.subject == "control" else name


def base(names: Iterable[str]) -> tuple[str, ...]:
    """The tables that files fill, on which these tables (derived or not) rest."""
    return tuple(sorted({found for name in names for found in base_tables(name)}))


def _verdicts(
    assessment: Assessment, outcome: Outcome, verdicts: Sequence[Verdict], caption: str, top: int,
    identities: bool,
) -> Html:  # fmt: skip
    systems = inventory(assessment)
    worst = sorted(
        verdicts,
        key=lambda v: (-SEVERITIES.index(outcome.severity_of(v)), v.since or "9", v.scope, v.subject),
    )
    frame = rows(
        (
            {
                "subject": called(assessment, outcome, verdict, identities=identities),
                "system": systems.name(verdict.scope) if verdict.scope else None,
                "severity": outcome.severity_of(verdict),
                "what the evidence shows": verdict.message,
                "since": verdict.since or None,
                "rows": sum(found.count for found in verdict.rows) or None,
                "finding": verdict.fingerprint or None,
            }
            for verdict in worst
        ),
        ("subject", "system", "severity", "what the evidence shows", "since", "rows", "finding"),
    )
    empty = [name for name in ("system", "since", "rows") if frame[name].isna().all()]
    if outcome.check.subject == "system" and "system" not in empty:
        empty.append("system")
    if caption == "Not known":
        empty.append("finding")
    noun = outcome.check.subject
    if any(verdict.engine for verdict in verdicts):
        noun = f"{noun}, or file that was not read"
    return table(
        assessment,
        frame.drop(columns=empty),
        caption=f"{caption}: {len(verdicts):,} of {outcome.population:,}",
        headings={"subject": noun},
        badges={"severity": "severity"},
        limit=top,
        rest="The others stand in findings.json.",
    )


def _told(outcome: Outcome) -> str:
    counts, noun = outcome.counts, outcome.check.subject
    verb = "for review" if for_review(outcome.check) else be(counts["FAIL"], "fails", "fail")
    parts = [f"{counts['FAIL']:,} of {count(outcome.population, noun)} {verb}"]
    if counts["UNKNOWN"]:
        parts.append(f"{counts['UNKNOWN']:,} unknown")
    if counts["NA"]:
        parts.append(f"{counts['NA']:,} not applicable")
    return f"severity {outcome.check.severity} · {', '.join(parts)}"


def _citations(assessment: Assessment, citations: Iterable[str]) -> Content:
    known = assessment.catalog.controls
    return bullets(f"{name}: {known[name].title}" if name in known else name for name in citations)


def _parameters(outcome: Outcome) -> str:
    return ", ".join(
        f"{'expected' if name == 'value' else name.replace('_', ' ')} {shown(value)}"
        for name, value in sorted(outcome.parameters.items())
    )


def _unused(outcome: Outcome) -> str:
    return f"{listed(outcome.unused)} (not in the pack)" if outcome.unused else ""


def _sentence(words: str) -> str:
    words = clean(words).strip().rstrip(".")
    return f"{capital(words)}." if words else ""


def _present(assessment: Assessment, name: str) -> bool:
    return all(
        assessment.evidence.states[found].state == "present" for found in base([name])
        if found in assessment.evidence.states
    )  # fmt: skip


def _reason(assessment: Assessment, name: str) -> str:
    states = [assessment.evidence.states.get(found) for found in base([name])]
    return (
        "; ".join(
            dict.fromkeys(state.reason for state in states if state is not None and state.state != "present")
        )
        or f"{name} is not in the pack"
    )


def _rank(outcome: Outcome) -> tuple[int, int, str]:
    return (
        list(MARKS).index(outcome.condition),
        -SEVERITIES.index(outcome.check.severity),
        outcome.check.id,
    )
