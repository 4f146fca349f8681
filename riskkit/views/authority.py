"""Which roles hold which rights, and how coverage moved from period to period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskkit.assess import findings_json
from riskkit.model import Assessment
from riskkit.tables import records
from riskkit.views.charts import heat, trend
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import be, count

ROLES_SHOWN, RIGHTS_SHOWN = 14, 12


def matrix(assessment: Assessment) -> Html:
    """How many people of each role hold which right, by system: where a role holds more than its work."""
    if not present(assessment, "grants", "roster"):
        return missing(assessment, "grants", "roster")
    known, roles = inventory(assessment), _roles(assessment)
    off, owner = set(), {}
    for account in records(assessment.table("accounts")) if present(assessment, "accounts") else ():
        owner[account.system_id, account.account] = account.user_id
        if not account.enabled:
            off.add((account.system_id, account.account))
    held: dict[tuple[str, str], dict[str, set[str]]] = {}
    for grant in records(assessment.table("grants")):
        place = grant.system_id, grant.account
        if place in off or not in_view(assessment, known, grant.system_id):
            continue
        user = owner.get(place) or grant.account
        role = roles.get(user.casefold(), NOBODY)
        right = known.of(grant.system_id) or grant.system_id, grant.permission
        held.setdefault(right, {}).setdefault(role, set()).add(user)
    rights = sorted(held, key=lambda right: (right[0], -sum(map(len, held[right].values())), right[1]))
    sizes = {role: len({u for found in held.values() for u in found.get(role, ())}) for role in {
        role for found in held.values() for role in found}}  # fmt: skip
    names = sorted(sizes, key=lambda role: (role == NOBODY, -sizes[role], role))
    frame = rows(
        (
            {"system": known.name(system), "right": right, **{
                role: len(held[system, right].get(role, ())) for role in names}}
            for system, right in rights
        ),
        ("system", "right", *names),
    )  # fmt: skip
    told = (
        f"{count(len(rights), 'right')} on {count(len({system for system, _ in rights}), 'system')}, held by "
        f"people of {count(len(names) - (NOBODY in names), 'role')}."
    )
    if sizes.get(NOBODY):
        told += f" {count(sizes[NOBODY], 'holder')} {be(sizes[NOBODY])} not on the roster."
    pieces = [paragraph(told)]
    if rights:
        pieces.append(heat(
            [(f"{right} ({system})", [len(held[system, right].get(role, ())) for role in names[:ROLES_SHOWN]])
             for system, right in rights[:RIGHTS_SHOWN]],
            _staggered(names[:ROLES_SHOWN]), alt=told, noun="person", per="by role and right",
            gap=False, numbered=True,
            caption="People by role (below) and right (beside), on enabled accounts.",
        ))  # fmt: skip
    pieces.append(table(
        assessment, frame, caption="Rights by role", limit=40, rest="All stand in the evidence.",
        empty="no right of an enabled account is listed.", numbers=names,
        note="People with an enabled account that holds the right. Service accounts have no role.",
    ))  # fmt: skip
    return join(pieces)


NOBODY = "not on the roster"


def _staggered(names: Sequence[str]) -> list[str]:
    """Names below a chart, every other one a line lower, so that they do not touch."""
    return [f"\n{name}" if place % 2 else name for place, name in enumerate(names)]


def _roles(assessment: Assessment) -> dict[str, str]:
    """The latest role of each person, by log-in name in lower case."""
    people = sorted(records(assessment.table("roster")), key=lambda row: row.employed_from)
    return {person.user_id.casefold(): person.role for person in people}


FOLLOWED = {
    "access.account_without_mfa": "second factor",
    "access.terminated_still_enabled": "leavers disabled",
    "inventory.malware_protection": "malware protection",
    "inventory.scan_overdue": "scanned for weaknesses",
}


def over_time(assessment: Assessment) -> Html:
    """The share of what was examined that passed, period by period; unknown counts as not passed."""
    if not present(assessment, "accounts"):
        return missing(assessment, "accounts")
    kept = (*assessment.history, findings_json(assessment))
    periods = [item["period"] for item in kept]
    lines: dict[str, list[float | None]] = {}
    for check, name in FOLLOWED.items():
        shares_ = [_passed(item, check) for item in kept]
        if any(share_ is not None for share_ in shares_):
            lines[name] = shares_
    if not lines:
        return paragraph("None of the questions that are followed over time was examined.")
    frame = rows(
        ({"what": name, **{period: "–" if value is None else f"{value:.0f}\u00a0%"
                           for period, value in zip(periods, values, strict=True)}}
         for name, values in lines.items()),
        ("what", *dict.fromkeys(periods)),
    )  # fmt: skip
    told = f"{count(len(periods), 'period')} on record, this one last."
    whole = {
        name: [v for v in values if v is not None] for name, values in lines.items() if None not in values
    }
    pieces = [paragraph(told)]
    if len(periods) > 1 and whole:
        pieces.append(trend(
            periods, whole, unit="% passed", alt=told,
            caption="Subjects that passed, as a share of all that were asked for, by period.",
        ))  # fmt: skip
    pieces.append(table(
        assessment, frame, caption="Coverage over time",
        note="Unknown counts as not passed. A dash: not examined in that period.",
    ))  # fmt: skip
    return join(pieces)


def _passed(findings: Mapping[str, Any], check: str) -> float | None:
    found = [
        verdict["result"]
        for outcome in findings["outcomes"]
        if outcome["check"] == check
        for verdict in outcome["verdicts"]
    ]
    asked = len(found) - found.count("NA")
    return 100 * found.count("PASS") / asked if asked else None
