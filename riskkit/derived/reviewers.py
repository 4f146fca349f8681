"""Who may not decide on an alert: the subject, and who leads the subject."""

from __future__ import annotations

from typing import Any

from riskkit.tables import records


def barred_reviewers(roster: Any | None) -> dict[str, set[str]]:
    """Who may not decide on an alert about a user: they and who leads them, by id or whole name.

    Values are case folded. A person without a manager in the roster has only themselves.
    """
    rows = [] if roster is None else list(records(roster))
    names: dict[str, set[str]] = {}
    for row in rows:
        whole = " ".join(filter(None, (row.given_name, row.family_name))).casefold()
        names.setdefault(row.user_id, set()).update({row.user_id.casefold(), *({whole} - {""})})
    barred = {user: set(found) for user, found in names.items()}
    for row in rows:
        if row.manager:
            barred[row.user_id] |= names.get(row.manager, {row.manager.casefold()})
    return barred


def led(roster: Any | None) -> set[str]:
    """People of whom the roster says who leads them."""
    return set() if roster is None else {row.user_id for row in records(roster) if row.manager}
