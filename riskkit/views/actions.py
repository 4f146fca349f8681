"""What is still to be done about risks, by whom and until when."""

from __future__ import annotations

from riskkit.model import Assessment
from riskkit.views.findings import named
from riskkit.views.html import Html, join, paragraph
from riskkit.views.tables import rows, table
from riskkit.views.wording import be, count


def due(assessment: Assessment) -> Html:
    """Actions that are still to be done, the most overdue first, with the risks that they treat."""
    programme = assessment.programme
    pending = sorted(
        (action for action in programme.actions if action.open),
        key=lambda action: (action.due_on is None, str(action.due_on), action.action_id),
    )
    late = sum(action.overdue(programme.today) for action in pending)
    titles = {risk.id: risk.title for risk in assessment.risks}
    frame = rows(
        (
            {
                "action": f"{action.title} ({action.action_id})",
                "treats": titles.get(action.risk) or named(assessment, action.control) or None,
                "owner": action.owner or "nobody is named",
                "due": action.due_on,
                "state": "✗ overdue"
                if action.overdue(programme.today)
                else f"? {action.state.replace('_', ' ')}",
            }
            for action in pending
        ),
        ("action", "treats", "owner", "due", "state"),
    )
    told = (
        f"{count(len(pending), 'action')} {be(len(pending))} open, {late} overdue."
        if pending
        else "No open action is on record."
    )
    return join(
        [
            paragraph(told),
            table(
                assessment, frame, caption="Actions due", badges={"state": "sign"}, empty="none is on record."
            ),
        ]
    )
