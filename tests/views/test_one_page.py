"""Days on the leadership page: what is past reads as overdue."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from riskkit.model import Assessment
from riskkit.model.programme import Action, Programme, SpecificationDecision
from riskkit.views import one_page


def test_a_day_that_is_past_is_overdue(something: Assessment) -> None:
    """Of an action that was due in September the page says since when, of what is to come by when."""
    today = something.moment.today
    decided = SpecificationDecision(
        "45 CFR 164.312(a)(2)(iii)", "implement", "r", "CEO", date(2026, 1, 1), date(2026, 12, 1)
    )
    late = Action("A", "Late", "planned", owner="IT", due_on=date(2026, 9, 26))
    shown = replace(something, programme=Programme(today, actions=(late,), decisions=(decided,)))
    text = one_page.one_page(shown).markup
    assert "overdue since 2026-09-26" in text
    assert "by 2026-12-01" in text
    assert "by 2026-09-26" not in text
