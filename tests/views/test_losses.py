"""Risk in numbers, on the page: ranges with their label, sums that add up, nothing by colour alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup

from riskkit.model import Assessment, Band
from riskkit.scoring import score
from riskkit.settings import OwnPriors
from riskkit.views import Html, losses, risk_register, treatment
from tests.views import made

CHARTS = (losses.curve, losses.waterfall, losses.remedies, losses.learning)


@pytest.fixture(scope="module")
def no_money(something: Assessment) -> Assessment:
    """The same, with amounts switched off."""
    settings = something.settings.model_copy(update={"priors": OwnPriors(money=False)})
    found = score(something.outcomes, something.catalog, settings)
    return replace(something, settings=settings, risks=found.risks, portfolio=found.portfolio)


def test_every_risk_and_all_together_have_a_row(something: Assessment) -> None:
    """Each with its range and what that rests on."""
    frame = losses.numbers(something).frame
    assert frame is not None
    assert list(frame["risk"][-1:]) == ["All together"]
    assert len(frame) == len(something.risks) + 1
    assert set(frame["rests on"]) == {losses.JUDGED}
    assert frame["expected loss a year"].str.match(r"USD\s[\d.,]+.* to USD\s[\d.,]+").all()


def test_the_waterfall_adds_up(something: Assessment) -> None:
    """What is lost if all held, and what each control's gap adds, make the headline."""
    found = something.portfolio
    assert found is not None
    total = found.holding + sum(part.failing + part.unknown for part in found.contributions)
    assert total == pytest.approx(found.total.mean_loss.high, rel=0.05)
    assert all(part.failing >= 0 and part.unknown >= 0 for part in found.contributions)


def test_the_curve_falls_and_its_readings_are_ordered(something: Assessment) -> None:
    """A larger loss is rarer, and unknowns that fail make each likelier."""
    assert something.portfolio is not None
    curve = something.portfolio.curve
    assert all(a[1].high >= b[1].high for a, b in pairwise(curve))
    assert all(ends.low <= ends.best <= ends.high for _, ends in curve)


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_say_in_words_what_they_show(
    something: Assessment, chart: Callable[[Assessment], Html]
) -> None:
    """The sentence is the name of the picture, and holds numbers; the caption names the judgement."""
    page = chart(something).markup
    soup = BeautifulSoup(page, "html.parser")
    words = soup.svg["aria-label"]  # type: ignore[index]
    assert any(letter.isdigit() for letter in words)
    assert losses.JUDGED in soup.figcaption.get_text()  # type: ignore[union-attr]
    assert chart(something).markup == page


def test_without_money_no_amount_is_shown(no_money: Assessment) -> None:
    """Shares, events and hours only."""
    for view in (losses.numbers, *CHARTS, risk_register.register):
        assert "USD" not in unescape(view(no_money).markup), view.__name__


def test_no_assessment_no_numbers(nothing: Assessment) -> None:
    """Without risks there is a sentence; without evidence the numbers are those of no control at all."""
    none = replace(nothing, risks=(), portfolio=None)
    for view in (losses.numbers, *CHARTS):
        assert "No risk was assessed" in view(none).markup
    assert all(gap.gap.high == 1 for risk in nothing.risks for gap in risk.gaps)
    assert losses.remedies(nothing).markup.count("<svg") == 0


def test_amounts_are_rounded() -> None:
    """Two digits that count."""
    assert losses.amounts(Band(54_000, 1_700_000)) == "USD\u00a054,000 to USD\u00a01.7\u00a0million"
    assert [losses.chance(share) for share in (0.0, 0.374, 0.999)] == [
        "under 1\u00a0%", "37\u00a0%", "over 99\u00a0%",
    ]  # fmt: skip


def test_actions_due_are_told(something: Assessment) -> None:
    """Without any on record, that is said."""
    assert "No open measure" in treatment.due(something).markup


def test_hostile_text_stays_text(hostile: Assessment) -> None:
    """Names of checks and controls come from the catalog; nothing of the evidence becomes markup."""
    for view in (losses.numbers, *CHARTS, treatment.due):
        assert made.HOSTILE not in view(hostile).markup
