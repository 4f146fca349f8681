"""The first page, for whoever answers for the organisation: where we stand, and what is asked of you.

It names no person, no workstation and no patient; numbers of people are shown by department only,
and small ones not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from riskkit.model import LEVELS, SEVERITIES, Assessment, ControlStatus, Outcome, Risk
from riskkit.views import channels
from riskkit.views.charts import Words, shares
from riskkit.views.findings import MARKS, named
from riskkit.views.html import Html, bullets, facts, join, paragraph, tag
from riskkit.views.scope import inventory, narrowed, present
from riskkit.views.standing import GROUPS, interval, judged, weight
from riskkit.views.standing import above as above_appetite
from riskkit.views.tables import rows, table
from riskkit.words import be, count, listed, plural, share

_SECTIONS = {"R": "Required", "A": "Addressable", "S": "Standards"}


def scope(assessment: Assessment) -> Html:
    """Which systems this report covers, and every system that holds ePHI and is not covered."""
    systems = inventory(assessment)
    settings = assessment.settings
    pieces: list[Html] = []
    outside = [system for system in systems.ephi if system.covered is False]
    if not systems.systems:
        reason = assessment.state("systems").reason
        pieces.append(
            paragraph(
                tag("strong", "What this report covers is not known. "),
                f"There is no inventory of the systems that hold ePHI ({reason}), so nothing below can be "
                "read as complete. Ask for inventory/systems.csv.",
            )
        )
    else:
        pieces.append(
            paragraph(
                f"This report covers {share(len(systems.covered), len(systems.ephi), 'system')} of the "
                "inventory that hold ePHI. It is one part of an analysis of risk to all ePHI: what is not "
                "listed as covered was not looked at."
            )
        )
        pieces.append(_systems(assessment))
    if outside or settings.not_covered:
        known = [systems.name(system.system_id) for system in outside]
        names = [*known, *(name for name in settings.not_covered if name not in known)]
        pieces.append(
            paragraph(tag("strong", f"Not covered: {len(names)}. "), f"{listed(names, most=len(names))}.")
        )
    elif systems.systems:
        pieces.append(paragraph("No system of the inventory that holds ePHI is left out."))
    # The first page must say when nobody looked from outside: one paragraph, made by that part.
    pieces.append(channels.exposure(assessment))
    return join(pieces)


def summary(assessment: Assessment) -> Html:
    """The whole page in four sentences, the scope first."""
    systems, counted = inventory(assessment), judged(assessment)
    totals = Counter(GROUPS[status.status] for status in counted)
    covers = (
        f"This report covers {share(len(systems.covered), len(systems.ephi), 'system')} that hold ePHI."
        if systems.systems
        else "Which systems hold ePHI is not known, so what this report covers is not known."
    )
    above = sum(above_appetite(assessment, risk) for risk in assessment.risks)
    gone = sum(outcome.condition in ("NOT_ASSESSED", "ERROR") for outcome in assessment.outcomes)
    partly = sum(outcome.condition not in ("NOT_ASSESSED", "ERROR") and outcome.counts["UNKNOWN"] > 0
                 for outcome in assessment.outcomes)  # fmt: skip
    return paragraph(
        f"{covers} Of {count(len(assessment.risks), 'risk')}, {above} {be(above, 'lies', 'lie')} above the "
        f"accepted level. Of {len(counted)} standards and specifications, {totals['met']} "
        f"{be(totals['met'])} met, {totals['not met']} not met and {totals['not demonstrated']} not "
        f"demonstrated. Of {count(len(assessment.outcomes), 'question')}, {gone} could not be assessed and "
        f"{partly} only in part.",
        lead=True,
    )


def standing(assessment: Assessment) -> Html:
    """How many specifications are met, not demonstrated and not met: three numbers, never one score."""
    counted = judged(assessment)
    if not counted:
        return paragraph("No specification was judged.")
    totals = Counter(GROUPS[status.status] for status in counted)
    partly = sum(status.status == "partly met" for status in counted)
    apart = Counter(status.status for status in assessment.controls if status.status not in GROUPS)
    grouped: dict[str, list[ControlStatus]] = {}
    for status in counted:
        grouped.setdefault(_section(status), []).append(status)
    order = [
        *_SECTIONS.values(),
        "Breach notification",
        "De-identification",
        "General rules",
    ]
    lines = [(f"{name} ({len(grouped[name])})", _triple(grouped[name])) for name in order if name in grouped]
    sentence = (
        f"Of {len(counted)} standards and specifications, "
        + listed(
            [f"{totals[name]} {be(totals[name])} {name}" for name in ("met", "not demonstrated", "not met")]
        )
        + (f" ({partly} of these in part)." if partly else ".")
    )
    told = paragraph(
        sentence,
        " Not demonstrated means that the evidence at hand does not show it: it may be in order, and it "
        "may not.",
    )
    rest = paragraph(
        "Counted apart: " + listed([f"{number} {status}" for status, number in sorted(apart.items())]) + "."
    ) if apart else Html("")  # fmt: skip
    chart = shares(
        lines,
        caption="Standards and specifications of the Security Rule and of the neighbouring rules on ePHI: "
        "met / not demonstrated / not met.",
        alt=sentence,
        words=Words("met", "not demonstrated", "not met"),
    )
    return join([told, chart, rest])


def risks(assessment: Assessment, *, top: int = 5) -> Html:
    """The risks that matter most, in plain words, with the level as an interval."""
    if not assessment.risks:
        return paragraph("No risk was assessed.")
    ranked = sorted(assessment.risks, key=weight)
    appetite = assessment.settings.appetite
    above = [risk for risk in ranked if above_appetite(assessment, risk)]
    lie = be(len(above), "lies", "lie")
    told = paragraph(
        f"{len(above)} of {count(len(ranked), 'risk')} {lie} above the level that the organisation accepts "
        f"({appetite}). The {min(top, len(ranked))} highest follow; part 8 lists all."
    )
    return join([told, *(_risk(assessment, risk) for risk in ranked[:top])])


def not_assessed(assessment: Assessment) -> Html:
    """What could not be assessed and why: this is not the same as in order."""
    outcomes = [narrowed(assessment, outcome) for outcome in assessment.outcomes]
    gone = [outcome for outcome in outcomes if outcome.condition in ("NOT_ASSESSED", "ERROR")]
    partly = [outcome for outcome in outcomes if outcome.counts["UNKNOWN"] and outcome not in gone]
    unknown = sum(outcome.counts["UNKNOWN"] for outcome in partly)
    all_put = f"Each of {count(len(outcomes), 'question')} could be put to the evidence"
    lead = paragraph(
        (f"{share(len(gone), len(outcomes), 'question')} could not be assessed at all" if gone else all_put),
        f"; {len(partly)} {be(len(partly))} answered only in part, with {count(unknown, 'unknown subject')}. "
        "What is unknown never counts as in order.",
    )
    reasons: dict[str, list[str]] = {}
    for outcome in gone:
        words = outcome.reason or MARKS[outcome.condition]
        reasons.setdefault(words, []).append(outcome.check.title)
    lacking = Counter(
        kind
        for status in assessment.controls
        for kind in status.lacking
        if not any(present(assessment, name) for name in kind.split("|"))
    )
    frame = rows(
        (
            {"why": why, "questions": len(titles), "which": listed(titles, most=8)}
            for why, titles in _by_size(reasons)
        ),
        ("why", "questions", "which"),
    )
    kinds = ", ".join(
        f"{kind.replace('_', ' ').replace('|', ' or ')} ({number})" for kind, number in _most(lacking)
    )
    return join(
        [
            lead,
            table(assessment, frame, caption="Why questions could not be assessed")
            if gone
            else Html("", frame),
            paragraph(
                "Kinds of evidence that are not in the pack, with the number of specifications that need "
                f"them: {kinds}."
            )
            if kinds
            else Html(""),
        ]
    )


def freshness(assessment: Assessment) -> Html:
    """How fresh the evidence is, in one paragraph; part 8 has the ages."""
    fresh, old, undated = [], [], []
    for name, state in sorted(assessment.evidence.states.items()):
        if state.state != "present" or name == "custody":  # says when the others were exported
            continue
        sources = [source for source in assessment.evidence.sources if source.name in state.sources]
        dates = [source.collected_at for source in sources if source.collected_at]
        words = name.replace("_", " ")
        if not dates:
            undated.append(words)
        elif assessment.moment.age_days(max(dates)) > assessment.settings.freshness(name):
            old.append(words)
        else:
            fresh.append(words)
    total = len(fresh) + len(old) + len(undated)
    if not total:
        return paragraph("There is no evidence to be fresh or old.")
    aside = sum(source.set_aside for source in assessment.evidence.sources)
    unread = [source.name for source in assessment.evidence.sources if source.passed_over]
    return paragraph(
        f"Of {count(total, 'kind')} of evidence, {len(fresh)} {be(len(fresh))} fresh, {len(old)} too "
        f"old{f' ({listed(old)})' if old else ''} and {len(undated)} not "
        f"dated{f' ({listed(undated)})' if undated else ''}. What is too old or not dated is read, but "
        "does not show that something is in order. "
        + (f"{count(aside, 'file')} of a later date {be(aside, 'was', 'were')} set aside. " if aside else "")
        + (f"Nothing was read of {count(len(unread), 'file')}: {listed(unread)}." if unread else "")
    )


def priorities(assessment: Assessment, *, top: int = 5) -> Html:
    """What to do first: the measures that answer the worst drivers of the highest risks."""
    checks = {outcome.check.id: outcome for outcome in assessment.outcomes}
    bears: dict[str, tuple[int, int, int]] = {}
    for risk in assessment.risks:
        for check, result, severity in risk.drivers:
            if check in checks and result == "FAIL":
                rank = (
                    (LEVELS.index(risk.level), SEVERITIES.index(severity), 1)
                    if severity in SEVERITIES
                    else (0, 0, 1)
                )
                known = bears.get(check, (0, 0, 0))
                bears[check] = (*max(rank[:2], known[:2]), known[2] + 1)
    first = sorted(bears, key=lambda check: (tuple(-part for part in bears[check]), check))[:top]
    if not first:
        return paragraph(
            "No finding drives a risk; what is unknown does. The next section says what is missing."
        )
    return tag(
        "ol",
        [
            tag(
                "li",
                tag("strong", checks[check].check.remediation),
                f" “{checks[check].check.title}” does not hold for {_found(checks[check])}; this bears on "
                f"{count(bears[check][2], 'risk')}.",
            )
            for check in first
        ],
    )


def _systems(assessment: Assessment) -> Html:
    """The systems that hold ePHI, each with what the evidence says of it."""
    systems = inventory(assessment)
    seen, silent = Counter[str](), Counter[str]()
    for outcome in assessment.outcomes:
        answered = {
            systems.of(verdict.scope)
            for verdict in outcome.verdicts
            if not verdict.engine and verdict.result in ("PASS", "FAIL")
        }
        asked = {systems.of(verdict.scope) for verdict in outcome.verdicts}
        seen.update(name for name in answered if name)
        silent.update(name for name in asked - answered if name)
    frame = rows(
        (
            {
                "system": systems.name(system.system_id),
                "kind": system.kind,
                "location": system.location,
                "owner": system.owner,
                "covered": "✗ no" if system.covered is False else "✓ yes",
                "answered": seen[system.system_id],
                "open": silent[system.system_id],
            }
            for system in sorted(systems.ephi, key=lambda system: system.covered is False)
            if assessment.site is None or system.location == assessment.site
        ),
        ("system", "kind", "location", "owner", "covered", "answered", "open"),
    )
    return table(
        assessment,
        frame,
        caption="Systems that hold ePHI",
        badges={"covered": "sign"},
        headings={"answered": "questions that evidence answers", "open": "questions left unknown"},
        empty="the inventory lists none.",
    )


def _risk(assessment: Assessment, risk: Risk) -> Html:
    fails = [name for name, said, _ in risk.drivers if said == "FAIL"]
    open_ = [name for name, said, _ in risk.drivers if said != "FAIL" and name not in fails]
    silent = [name for name in open_ if name in assessment.catalog.controls]
    unclear = [name for name in open_ if name not in silent]
    return tag(
        "section",
        tag("h3", risk.title),
        paragraph(tag("span", interval(risk), class_="mark")),
        paragraph(risk.story),
        facts(
            [
                ("Does not hold", _few(assessment, fails)),
                ("Not known whether", _few(assessment, unclear)),
                ("Nothing shows", _few(assessment, silent)),
                ("Owner", risk.owner or "nobody is named"),
                ("Treatment", risk.treatment or "none is decided"),
                ("Due", risk.due),
            ]
        ),
        class_=f"card level-{risk.level.replace(' ', '-')}",
    )


def _few(assessment: Assessment, drivers: Sequence[str], *, most: int = 4) -> Html | None:
    """The first drivers by their titles; what is more is counted."""
    names = list(dict.fromkeys(named(assessment, name) for name in drivers))
    more = [f"and {len(names) - most} more, in part 8"] if len(names) > most else []
    return bullets([*names[:most], *more]) if names else None


def _section(status: ControlStatus) -> str:
    kind = status.control.kind
    named = {
        "breach": "Breach notification",
        "privacy": "De-identification",
        "rule": "General rules",
    }
    return named.get(kind) or _SECTIONS.get(status.control.requirement, "Standards")


def _triple(statuses: Iterable[ControlStatus]) -> tuple[int, int, int]:
    totals = Counter(GROUPS[status.status] for status in statuses)
    return totals["met"], totals["not demonstrated"], totals["not met"]


def _found(outcome: Outcome) -> str:
    whole = outcome.population
    return f"{len(outcome.findings):,} of {whole:,} {plural(outcome.check.subject, whole)}"


def _by_size(reasons: Mapping[str, Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    return sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
