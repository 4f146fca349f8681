"""The leadership report on one printed page; what stands here in a line is told in full behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from riskkit.assess import Change, compare
from riskkit.model import SEVERITIES, Assessment, Risk
from riskkit.views import changes, channels, losses
from riskkit.views.findings import named
from riskkit.views.html import Content, Html, bullets, join, paragraph, tag
from riskkit.views.scope import inventory
from riskkit.views.standing import GROUPS, above, judged, weight
from riskkit.views.wording import day
from riskkit.words import be, count, listed, share

TOP = 5
SOON = 90
"""Days ahead in which the end of an acceptance or the review of a decision is put to leadership."""

ASKED = 7
MOVES = 2
"""Requests, and risks that moved, that one page has room for; the rest is counted."""


def one_page(assessment: Assessment) -> Html:
    """Where we stand, the highest risks, what changed, what is asked, and what nobody could tell."""
    return tag(
        "div",
        _box("Where we stand", _standing(assessment), class_="wide"),
        _box(f"The {min(TOP, len(assessment.risks))} highest risks", _risks(assessment), class_="wide"),
        _box("Needed from leadership", _needed(assessment)),
        _box("What changed, and why", _changed(assessment), class_="tall"),
        _box("Not assessed", _silent(assessment)),
        _box("Outside the scope", _outside(assessment)),
        _box("How fresh the evidence is", _fresh(assessment)),
        class_="onepage",
    )


def needed(assessment: Assessment) -> list[tuple[date | None, str]]:
    """What is asked of leadership, with the day by which; the earliest first, undated ones last.

    Overdue actions, acceptances that ended or end soon, decisions due for review, and risks above the
    accepted level of which nobody decided what is done.
    """
    programme, today = assessment.programme, assessment.moment.today
    soon = today + timedelta(days=SOON)
    asked: list[tuple[date | None, str]] = []
    for action in programme.actions:
        if action.overdue(today):
            asked.append((action.due_on, f"{action.title} ({action.owner or 'nobody is named'})"))
    for one in programme.exceptions:
        about = named(assessment, one.subject)
        if one.expired(today):
            asked.append((one.expires_on, f"Renew or end {one.exception_id}, which ended: {about}"))
        elif one.in_force(today) and one.expires_on <= soon:
            asked.append((one.expires_on, f"Decide whether {one.exception_id} goes on: {about}"))
    for decision in programme.decisions:
        if decision.decided_on <= today and decision.until <= soon:
            about = named(assessment, decision.specification)
            asked.append((decision.until, f"Review the decision on {about}"))
    bare = [risk for risk in sorted(assessment.risks, key=weight) if above(assessment, risk) and _bare(risk)]
    if bare:
        names = listed([risk.title for risk in bare], most=3)
        asked.append(
            (None, f"Name an owner and decide what is done, or accept in writing: {count(len(bare), 'risk')} "
                   f"above the accepted level ({names})")
        )  # fmt: skip
    if not programme.signatures:
        asked.append((None, "Sign off this state of the risks, which nobody has signed"))
    return sorted(asked, key=lambda item: (item[0] or date.max, item[1]))


def _box(title: str, content: Html, *, class_: str | None = None) -> Html:
    return tag("section", tag("h2", title), content, class_=class_)


def _standing(assessment: Assessment) -> Html:
    counted = judged(assessment)
    totals = Counter(GROUPS[status.status] for status in counted)
    cells = [
        tag("li", tag("strong", totals[name]), " ", tag("span", sign, class_=f"status-{kind}"))
        for name, sign, kind in (
            ("met", "met", "met"),
            ("not met", "not met", "not-met"),
            ("not demonstrated", "not demonstrated", "not-demonstrated"),
        )
    ]
    over = sum(above(assessment, risk) for risk in assessment.risks)
    return join(
        [
            tag("ul", cells, class_="tally"),
            paragraph(
                f"of {len(counted)} standards and specifications. Not demonstrated: the evidence does not "
                f"show it; it never counts as in order. {over} of {count(len(assessment.risks), 'risk')} "
                f"{be(over, 'lies', 'lie')} above the level that the organisation accepts "
                f"({assessment.settings.appetite})."
            ),
        ]
    )


def _risks(assessment: Assessment) -> Html:
    ranked = sorted(assessment.risks, key=weight)[:TOP]
    if not ranked:
        return paragraph("No risk was assessed.")
    money = assessment.portfolio is not None and assessment.portfolio.money
    headings = [
        "what may happen",
        "level",
        "chance in a year",
        "expected loss a year",
        "what does not hold",
        "treatment",
    ]
    cells = [
        [
            tag("th", risk.title, scope="row"),
            tag("td", _level(risk)),
            tag("td", _likely(risk), class_="chance"),
            tag(
                "td", losses.amounts(risk.estimate.loss) if risk.estimate else "not estimated", class_="loss"
            ),
            tag("td", _why(assessment, risk), class_="lacks"),
            tag("td", _treatment(assessment, risk), class_="treated"),
        ]
        for risk in ranked
    ]
    if not money:
        headings, cells = _without(headings, 3), [_without(row, 3) for row in cells]
    caption = tag(
        "caption", "From high to low, every unknown counted as a failure. ", _basis(assessment, money)
    )
    head = tag("thead", tag("tr", [tag("th", words, scope="col") for words in headings]))
    grid = tag("table", caption, head, tag("tbody", [tag("tr", row) for row in cells]))
    return tag("div", grid, class_="scroll", role="region", aria_label="The highest risks", tabindex=0)


def _without(row: list[Any], place: int) -> list[Any]:
    return [*row[:place], *row[place + 1 :]]


def _basis(assessment: Assessment, money: bool) -> str:
    portfolio = assessment.portfolio
    if portfolio is None:
        return ""
    own = any(risk.estimate and risk.estimate.own for risk in assessment.risks)
    source = "judgements and the site's own numbers" if own else "judgements, not this hospital's losses"
    label = f"Chances{' and amounts' if money else ''} rest on {source}, written down {portfolio.dated}."
    return f"{label} A range of amounts holds nine in ten of the values that they allow." if money else label


def _likely(risk: Risk) -> str:
    """The chance in a year, from all unknowns fine to none, or the level where there is no estimate."""
    if risk.estimate is None:
        return _span(risk.likelihood_low, risk.likelihood)
    low, high = losses.chance(risk.estimate.chance.low), losses.chance(risk.estimate.chance.high)
    return _span(low, high)


def _treatment(assessment: Assessment, risk: Risk) -> Html:
    told = "; ".join(filter(None, [risk.treatment or "none is decided", risk.owner]))
    return tag("span", told, ["; ", _by(assessment, risk.due)] if risk.due else None)


def _by(assessment: Assessment, when: date | str) -> Html:
    """`by` a day to come, `overdue since` one that is past."""
    past = str(when) < assessment.moment.today.isoformat()
    return tag("span", f"{'overdue since' if past else 'by'} {when}", class_="day")


def _level(risk: Risk) -> Html:
    return tag("span", _span(risk.low, risk.level), class_=f"level-{risk.level.replace(' ', '-')}")


def _span(low: str, high: str) -> str:
    return high if low == high else f"{low} to {high}"


def _why(assessment: Assessment, risk: Risk) -> str:
    """The worst thing that does not hold, and how much is not known."""
    failing = list(dict.fromkeys(name for name, said, _ in risk.drivers if said == "FAIL"))
    silent = len({name for name, said, _ in risk.drivers if said != "FAIL"} - set(failing))
    first = f"“{named(assessment, failing[0])}”" if failing else "nothing fails"
    more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
    return f"{first}{more}" + (f"; {silent} not known" if silent else "")


def _changed(assessment: Assessment) -> Html:
    found = compare(assessment)
    if found is None:
        return paragraph(changes.NO_HISTORY)
    moves = changes.risk_moves(assessment, assessment.history[-1])
    items: list[Content] = [*moves[:MOVES]]
    if len(moves) > MOVES:
        items.append(f"and {len(moves) - MOVES} more risks moved.")
    for word, kinds in (
        ("New or worse", ("reopened", "worse", "new")),
        ("Closed or better", ("closed", "better")),
    ):
        group = [change for change in found.of(*kinds) if change.because != "method"]
        if group:
            items.append([tag("strong", f"{word}: "), f"{listed(_worst(assessment, group), most=3)}."])
    level = None if moves else "No risk changed its level."
    return join([paragraph(changes.told(found), " ", level), bullets(items)])


def _worst(assessment: Assessment, group: Iterable[Change]) -> list[str]:
    """By question, the most severe first: how many subjects changed, and the most usual cause."""
    titles = {outcome.check.id: outcome.check.title for outcome in assessment.outcomes}
    causes: dict[str, Counter[str]] = {}
    severity: dict[str, int] = {}
    for change in group:
        causes.setdefault(change.check, Counter())[change.cause] += 1
        rank = SEVERITIES.index(change.severity)
        severity[change.check] = max(rank, severity.get(change.check, rank))
    order = sorted(causes, key=lambda name: (-severity[name], -causes[name].total(), name))
    return [
        f"{causes[name].total()} of “{titles.get(name, name)}” ({causes[name].most_common(1)[0][0]})"
        for name in order
    ]


def _needed(assessment: Assessment) -> Html:
    asked = needed(assessment)
    if not asked:
        return paragraph("Nothing is open for a decision.")
    items: list[Content] = [
        [f"{text}: ", tag("strong", _by(assessment, when) if when else "no date is set"), "."]
        for when, text in asked[:ASKED]
    ]
    if len(asked) > ASKED:
        items.append(f"and {len(asked) - ASKED} more, in part 8.")
    return join([bullets(items), paragraph(*_decided(assessment))])


def _decided(assessment: Assessment) -> Iterator[str]:
    """What was decided and holds, in one sentence."""
    programme, today = assessment.programme, assessment.moment.today
    held = [one for one in programme.exceptions if one.in_force(today)]
    decided = [one for one in programme.decisions if one.in_force(today)]
    pending = [action for action in programme.actions if action.open]
    yield (
        f"In force: exceptions and acceptances {len(held)}, decisions on addressable specifications "
        f"{len(decided)}; actions still open {len(pending)} of {len(programme.actions)}."
    )


def _silent(assessment: Assessment) -> Html:
    gone = [outcome for outcome in assessment.outcomes if outcome.condition in ("NOT_ASSESSED", "ERROR")]
    partly = sum(o.counts["UNKNOWN"] > 0 and o not in gone for o in assessment.outcomes)
    areas = Counter(outcome.check.area for outcome in gone)
    return paragraph(
        f"{share(len(gone), len(assessment.outcomes), 'question')} could not be assessed"
        + (f" ({listed([f'{name} {number}' for name, number in areas.most_common()])})" if gone else "")
        + f", {partly} only in part. What to ask for stands behind this page."
    )


def _outside(assessment: Assessment) -> Html:
    systems = inventory(assessment)
    if not systems.systems:
        return join([
            paragraph("There is no inventory: which systems hold ePHI is not known."),
            channels.exposure_in_short(assessment),
        ])  # fmt: skip
    outside = [systems.name(one.system_id) for one in systems.ephi if one.covered is False]
    names = [*outside, *(name for name in assessment.settings.not_covered if name not in outside)]
    return join([
        paragraph(
            f"Covered: {share(len(systems.covered), len(systems.ephi), 'system')} that hold ePHI. Not looked "
            f"at: {listed(names, most=8)}."
        ),
        channels.exposure_in_short(assessment),
    ])  # fmt: skip


def _fresh(assessment: Assessment) -> Html:
    dates = [source.collected_at for source in assessment.evidence.sources if source.collected_at]
    undated = sum(
        source.collected_at is None and not source.name.startswith("history/")
        for source in assessment.evidence.sources
    )
    found = compare(assessment)
    span = (
        f"Collected from {day(assessment, min(dates))} to {day(assessment, max(dates))}"
        if dates
        else "No date is known"
    )
    return paragraph(
        f"{span}; {count(undated, 'file')} not dated. ", changes.inputs(found) if found else None
    )


def _bare(risk: Risk) -> bool:
    """Whether nobody answers for it or nothing is decided."""
    return not risk.owner or not risk.treatment or risk.treatment == "to be decided"
