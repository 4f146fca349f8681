"""Who does what about each risk, and until when it is borne: beside its level, never in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from riskkit.model import Action, Programme, Risk

_MOST_OWNERS = 3


def treated(risks: Iterable[Risk], programme: Programme) -> tuple[Risk, ...]:
    """The same risks with owner, treatment and due date from the programme; levels stay as they are."""
    return tuple(_treated(risk, programme) for risk in risks)


def actions_of(risk: Risk, actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions that name a risk, then those that serve one of its controls or of what raises it."""
    served = {*risk.controls, *(name for name, _, _ in risk.drivers)}
    direct = [action for action in actions if action.risk == risk.id]
    through = [action for action in actions if action.risk != risk.id and action.control in served]
    return (*direct, *through)


def _treated(risk: Risk, programme: Programme) -> Risk:
    """An acceptance that holds and open actions are told side by side; one that ended reopens the risk."""
    today = programme.today
    found = actions_of(risk, programme.actions)
    # Who answers for the risk is who answers for the measures that name it, if any does.
    named = [action for action in found if action.risk == risk.id] or list(found)
    pending = [action for action in named if action.open]
    parts = []
    accepted = programme.in_force([risk.id], "acceptance")
    lapsed = programme.lapsed([risk.id], "acceptance")
    if accepted:
        parts.append(
            f"accepted until {accepted.expires_on} ({accepted.exception_id}, approved by "
            f"{accepted.approved_by}); its level is unchanged"
        )
    if lapsed:
        parts.append(f"acceptance {lapsed.exception_id} expired on {lapsed.expires_on}: open again")
    if found:
        parts.append(_told(found, today))
    if not accepted and not any(action.open for action in found) and risk.treatment:
        parts.append(risk.treatment)
    owners = list(dict.fromkeys(action.owner for action in pending or named if action.owner))
    dates = [action.due_on for action in pending if action.due_on]
    return replace(
        risk,
        owner=", ".join(owners[:_MOST_OWNERS]) + (" and others" if len(owners) > _MOST_OWNERS else ""),
        treatment="; ".join(parts),
        due=str(max(dates)) if dates else "",
    )


def _told(actions: Sequence[Action], today: date) -> str:
    """Such as `reduce: 2 of 3 actions open, 1 overdue`."""
    pending = sum(action.open for action in actions)
    late = sum(action.overdue(today) for action in actions)
    noun = "action" if len(actions) == 1 else "actions"
    return f"reduce: {pending} of {len(actions)} {noun} open" + (f", {late} overdue" if late else "")
