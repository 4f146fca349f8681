"""Risk in numbers: how often, how much, what makes it, what would lower it.

Amounts rest on judgements written down before any evidence was seen (catalog/priors.yaml, or the
site's own) and are shown as ranges with that label. Without `priors.money` only shares are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.ticker import FuncFormatter

from riskkit.model import Assessment, Band, Effect, Ends, Portfolio
from riskkit.views.charts import stacked
from riskkit.views.figures import BAD, GOOD, INK, drawing, figure
from riskkit.views.findings import named
from riskkit.views.html import Html, join, paragraph
from riskkit.views.standing import weight
from riskkit.views.tables import rows, table
from riskkit.words import count, listed

JUDGED, OWN = "judgement priors", "the site's own numbers"
NONE = "No risk was assessed."
MOST = 12
"""Bars that a reader compares."""

RAREST = 0.002
"""Below it, too few of the imagined years are left to tell."""


def numbers(assessment: Assessment) -> Html:
    """Each risk in numbers: chance of an event within a year, expected loss and hours without images."""
    portfolio = assessment.portfolio
    if portfolio is None:
        return paragraph(NONE)
    total = portfolio.total
    columns = [
        "risk", "event within a year", "if unknowns prove fine", "expected loss a year",
        "one year in twenty costs more than", "hours without images a year", "rests on",
    ]  # fmt: skip
    lines = []
    for name, found in [
        *((risk.title, risk.estimate) for risk in sorted(assessment.risks, key=weight)),
        ("All together", total),
    ]:
        if found is not None:
            lines.append(
                {
                    "risk": name,
                    "event within a year": chance(found.chance.high),
                    "if unknowns prove fine": chance(found.chance.low),
                    "expected loss a year": amounts(found.loss),
                    "one year in twenty costs more than": dollars(found.bad_year)
                    if found.bad_year
                    else "no loss",
                    "hours without images a year": _hours(found.hours),
                    "rests on": OWN if found.own else JUDGED,
                }
            )
    if not portfolio.money:
        columns = [name for name in columns if name not in columns[3:5]]
    told = (
        f"{_label(portfolio)} Every unknown counts as a failure, except where the heading says otherwise. A "
        "range holds nine in ten of the values that the judgements allow; it does not hold what nobody "
        "thought of. The events are not independent in life as they are here."
    )
    return join([paragraph(told), table(assessment, rows(lines, columns), caption="Risks in numbers")])


def curve(assessment: Assessment) -> Html:
    """How likely a year's loss is to exceed an amount, between the two readings of the unknown."""
    portfolio = assessment.portfolio
    if portfolio is None or not portfolio.curve:
        return paragraph(NONE)
    if not portfolio.money:
        return paragraph("Amounts are switched off in site.yaml (priors.money).")
    shown = [(amount, ends) for amount, ends in portfolio.curve if ends.high >= RAREST]
    marks = [(amount, ends) for amount, ends in shown if amount in (100_000, 1_000_000, 10_000_000)]
    alt = "Of all years, " + listed(
        [f"{_span(ends)} cost more than {dollars(amount)}" for amount, ends in marks]
    ) + "; the first figure if every unknown proves fine, the second if none does."  # fmt: skip
    with drawing(3.0) as (fig, axes):
        places = [amount for amount, _ in shown]
        low, best, high = ([ends[end] * 100 for _, ends in shown] for end in range(3))
        axes.fill_between(places, low, high, color=GOOD, alpha=0.18, linewidth=0)
        for line, style, name, colour in (
            (high, "-", "every unknown fails (headline)", BAD),
            (best, "--", "unknown: as likely as not", INK),
            (low, ":", "every unknown passes", GOOD),
        ):
            axes.plot(places, line, linestyle=style, linewidth=1.6, label=name, color=colour)
        axes.set_xscale("log")
        axes.set_ylim(0, 100)
        axes.set_xlim(places[0], places[-1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: dollars(value)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
        axes.set_xlabel("loss of a year")
        axes.set_ylabel("years that cost more")
        axes.grid(visible=True, color=INK, alpha=0.12, linewidth=0.5)
        axes.legend(loc="upper right", fontsize=8)
        drawn = figure(fig, alt=alt, caption=f"Loss exceedance, all risks together ({_basis(portfolio)})")
    return join([paragraph(alt), drawn])


def waterfall(assessment: Assessment) -> Html:
    """From the loss if every safeguard held to the loss as it stands: what each control's gap adds."""
    portfolio = assessment.portfolio
    if portfolio is None:
        return paragraph(NONE)
    parts = [part for part in portfolio.contributions if part.failing + part.unknown > 0]
    today = portfolio.holding + sum(part.failing + part.unknown for part in portfolio.contributions)
    say = _teller(portfolio, today)
    first, rest = parts[:MOST], parts[MOST:]
    lines = [("If every safeguard held", 0.0, portfolio.holding, 0.0, 0.0)]
    reached = portfolio.holding
    for name, failing, unknown in [
        *((_control(assessment, part.control), part.failing, part.unknown) for part in first),
        *(
            [(f"{len(rest)} others", sum(p.failing for p in rest), sum(p.unknown for p in rest))]
            if rest
            else []
        ),
    ]:
        lines.append((name, reached, 0.0, unknown, failing))
        reached += failing + unknown
    lines.append(("As it stands", 0.0, reached, 0.0, 0.0))
    alt = f"If every safeguard held, {say(portfolio.holding)} a year; as it stands, {say(today)}. " + (
        "Most is added by "
        + listed(
            [
                f"{_control(assessment, part.control)} ({say(part.failing + part.unknown)})"
                for part in parts[:3]
            ]
        )
        + "."
        if parts
        else "No safeguard has a gap."
    )
    told = [
        say(sum(line[2:])) if index in (0, len(lines) - 1) else f"+ {say(line[3] + line[4])}"
        for index, line in enumerate(lines)
    ]
    drawn = stacked(
        lines, told=told, alt=alt, unit=_unit(portfolio), scale=_scale(portfolio, today),
        words=("the whole", "added by what is unknown", "added by what fails"),
        caption=f"What the loss of a year is made of ({_basis(portfolio)})",
    )  # fmt: skip
    return join([paragraph(alt), drawn])


def remedies(assessment: Assessment) -> Html:
    """What falls when what fails is put right: shown as it stands, and if the unknowns prove fine."""
    return _tornado(
        assessment,
        lambda portfolio: portfolio.remedies,
        words=("in the headline", "more, if every unknown proves fine", ""),
        caption="What each remedy takes from the expected loss of a year",
        none="Nothing fails that a remedy would change.",
        lead="Put right, one at a time. What is unknown hides the use of a remedy in the headline: only both "
        "together lower it.",
    )


def learning(assessment: Assessment) -> Html:
    """What each missing piece of evidence is worth: the fall of the headline if it proves to be fine."""
    return _tornado(
        assessment,
        lambda portfolio: portfolio.learning,
        words=("in the headline", "", ""),
        caption="What evidence would take from the expected loss of a year, if it shows that all is well",
        none="Nothing is unknown.",
        lead="One piece of evidence at a time, at the most that it can show. Bad news would lower nothing.",
    )


def dollars(amount: float) -> str:
    """`USD 54,000`, `USD 1.7 million`; two digits that count."""
    for bound, word in ((1e9, " billion"), (1e6, " million")):
        if amount >= bound:
            return f"USD {amount / bound:,.3g}{word}".replace(" ", "\u00a0")
    return f"USD\u00a0{amount:,.0f}"


def amounts(band: Band) -> str:
    """A range of amounts."""
    return f"{dollars(band.low)} to {dollars(band.high)}"


def chance(share: float) -> str:
    """A probability as people say it: `37 %`, `under 1 %`, `over 99 %`."""
    if share < 0.01:  # noqa: PLR2004
        return "under 1\u00a0%"
    return "over 99\u00a0%" if share > 0.99 else f"{100 * share:.0f}\u00a0%"  # noqa: PLR2004


def _tornado(
    assessment: Assessment,
    which: Callable[[Portfolio], Sequence[Effect]],
    *,
    words: tuple[str, str, str],
    caption: str,
    none: str,
    lead: str,
) -> Html:
    portfolio = assessment.portfolio
    if portfolio is None:
        return paragraph(NONE)
    least = 0.001 * portfolio.total.mean_loss.high
    found = [effect for effect in which(portfolio) if max(effect.loss, effect.proven) >= least]
    if not found:
        return paragraph(none)
    today = portfolio.total.mean_loss.high
    say = _teller(portfolio, today)
    shown = found[:MOST]
    names = [_effect(assessment, effect.name) for effect in shown]
    lines = [
        (name, 0.0, effect.loss, max(effect.proven - effect.loss, 0.0), 0.0)
        for name, effect in zip(names, shown, strict=True)
    ]
    told = [say(max(effect.loss, effect.proven)) for effect in shown]
    alt = f"{lead} Most: " + listed(
        [f"{name} ({words_})" for name, words_ in zip(names[:3], told[:3], strict=True)]
    ) + "."  # fmt: skip
    drawn = stacked(
        lines, told=told, alt=alt, unit=_unit(portfolio), scale=_scale(portfolio, today), words=words,
        caption=f"{caption} ({_basis(portfolio)})",
    )  # fmt: skip
    titles = {risk.id: risk.title for risk in assessment.risks}
    frame = rows(
        (
            {
                "what": name,
                "headline falls by": say(effect.loss) if effect.loss >= least else "under a thousandth",
                "if unknowns prove fine": say(effect.proven) if effect.proven >= least else None,
                "events fewer a year": f"{effect.events:.2g}" if effect.events >= 0.005 else "under 0.01",  # noqa: PLR2004
                "hours fewer a year": f"{effect.hours:.0f}" if effect.hours >= 1 else None,
                "level falls of": listed([titles[name] for name in effect.falls]) if effect.falls else None,
                "check or citation": effect.name,
            }
            for name, effect in zip(names, shown, strict=True)
        ),
        ("what", "headline falls by", "if unknowns prove fine", "events fewer a year", "hours fewer a year",
         "level falls of", "check or citation"),
    )  # fmt: skip
    frame = frame.dropna(axis="columns", how="all")
    more = f"{count(len(found) - len(shown), 'smaller one')} left out." if len(found) > len(shown) else ""
    return join([paragraph(alt), drawn, table(assessment, frame, caption=caption, note=more)])


def _effect(assessment: Assessment, name: str) -> str:
    control = assessment.catalog.controls.get(name)
    return f"All of: {control.title}" if control else named(assessment, name)


def _control(assessment: Assessment, citation: str) -> str:
    control = assessment.catalog.controls.get(citation)
    return f"{control.title} {citation.removeprefix('45 CFR 164.')}" if control else citation


def _teller(portfolio: Portfolio, today: float) -> Callable[[float], str]:
    """An amount in words, or its share of the loss as it stands where money is switched off."""
    if portfolio.money:
        return lambda amount: dollars(float(f"{amount:.2g}"))
    return lambda amount: f"{100 * amount / today:.0f}\u00a0%" if today else "0\u00a0%"


def _scale(portfolio: Portfolio, today: float) -> float:
    return 1e6 if portfolio.money else today / 100 or 1.0


def _unit(portfolio: Portfolio) -> str:
    return "million USD a year, expected" if portfolio.money else "percent of the expected loss as it stands"


def _basis(portfolio: Portfolio) -> str:
    return OWN if portfolio.total.own else f"{JUDGED} of {portfolio.dated}"


def _label(portfolio: Portfolio) -> str:
    if portfolio.total.own:
        return "Frequencies and losses are the site's own."
    return (
        f"Frequencies and losses are {JUDGED} of {portfolio.dated}, except where the site set its own: they "
        "order and compare, and predict no amount."
    )


def _hours(band: Band | None) -> str | None:
    if band is None:
        return None
    low, high = (f"{value:.0f}" if value >= 1 else "under 1" for value in (band.low, band.high))
    return f"{low} to {high}"


def _span(ends: Ends) -> str:
    return f"{chance(ends.low)} to {chance(ends.high)}"
