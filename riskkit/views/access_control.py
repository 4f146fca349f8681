"""Who may log in where, and with what proof of being that person."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from riskkit.derived.employment import employments, holder_of
from riskkit.derived.login_settings import PASSWORDS, Login, logins
from riskkit.model import Assessment
from riskkit.tables import records
from riskkit.views.charts import Words, shares
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import be, count, listed, share


def accounts(assessment: Assessment) -> Html:
    """Accounts by system: how many are enabled, privileged, remote, shared, and which systems list none."""
    if not present(assessment, "accounts"):
        return missing(assessment, "accounts")
    known, found = inventory(assessment), _accounts(assessment)
    by_system = _by_system(assessment, found)
    silent = [
        known.name(system.system_id) for system in known.covered
        if system.system_id not in by_system and in_view(assessment, known, system.system_id)
    ]  # fmt: skip
    frame = rows(
        (
            {
                "system": known.name(system),
                "accounts": len(listed_),
                "enabled": sum(bool(a.enabled) for a in listed_),
                "privileged": sum(bool(a.enabled and a.privileged) for a in listed_),
                "remote": sum(bool(a.enabled and a.remote) for a in listed_),
                "shared": sum(bool(a.enabled and a.kind == "shared") for a in listed_),
                "service or vendor": sum(
                    bool(a.enabled and a.kind in ("service", "vendor")) for a in listed_
                ),
                "of nobody on the roster": _orphans(assessment, listed_),
            }
            for system, listed_ in sorted(by_system.items())
        ),
        (
            "system",
            "accounts",
            "enabled",
            "privileged",
            "remote",
            "shared",
            "service or vendor",
            "of nobody on the roster",
        ),
    )
    enabled = sum(bool(a.enabled) for a in found)
    told = f"{count(len(found), 'account')} on {count(len(by_system), 'system')}, {enabled} of them enabled."
    if silent:
        told += f" No account list of {count(len(silent), 'covered system')}: {listed(silent)}."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Accounts by system",
              note="After the first two columns: enabled accounts only."),
    ])  # fmt: skip


def second_factor(assessment: Assessment) -> Html:
    """Enabled accounts of people by system: whether a second factor is required."""
    if not present(assessment, "accounts"):
        return missing(assessment, "accounts")
    known = inventory(assessment)
    personal = [a for a in _accounts(assessment) if a.enabled and _personal(a)]
    if not personal:
        return paragraph("No enabled account of a person is listed.")
    groups = [
        ("all", personal),
        ("privileged", [a for a in personal if a.privileged]),
        ("remote", [a for a in personal if a.remote]),
    ]
    groups += [
        (known.label(system), found) for system, found in sorted(_by_system(assessment, personal).items())
    ]
    lines = [(name, _factors(found)) for name, found in groups if found]
    yes, unknown, no = _factors(personal)
    told = (
        f"Of {count(len(personal), 'enabled account')} of people, {yes} require a second factor, {no} do "
        f"not, and of {unknown} it is not known."
    )
    chart = shares(
        lines, alt=told, words=Words("second factor", "unknown", "password alone"),
        caption="Enabled accounts of people and vendors: second factor / unknown / password alone.",
    )  # fmt: skip
    return join([paragraph(told), chart])


def leavers(assessment: Assessment) -> Html:
    """Accounts that are enabled although their person has left, by system, and how long ago."""
    if not present(assessment, "accounts", "roster"):
        return missing(assessment, "accounts", "roster")
    known, today = inventory(assessment), assessment.moment.today
    left: dict[str, Any] = {}
    for person in records(assessment.table("roster")):
        ended = person.employed_to
        last = left.get(person.user_id, ended)
        left[person.user_id] = None if ended is None or last is None else max(last, ended)
    gone = [
        (a, (today - left[a.user_id]).days)
        for a in _accounts(assessment)
        if a.enabled and left.get(a.user_id) and left[a.user_id] < today
    ]
    people = {
        a.user_id
        for a in _accounts(assessment)
        if a.user_id in left and left[a.user_id] and left[a.user_id] < today
    }
    told = (
        f"{count(len(gone), 'account')} of people who have left {be(len(gone))} still enabled; the account "
        f"lists name {len(people)} people of the roster who have left."
    )
    frame = rows(
        (
            {
                "account": a.account,
                "system": known.name(a.system_id),
                "privileged": a.privileged,
                "remote": a.remote,
                "days since the last day of work": days,
                "hours, at least": 24 * max(days - 1, 0),
                "last log-in": a.last_login and day(assessment, a.last_login),
            }
            for a, days in sorted(gone, key=lambda item: (-item[1], item[0].system_id, item[0].account))
        ),
        (
            "account",
            "system",
            "privileged",
            "remote",
            "days since the last day of work",
            "hours, at least",
            "last log-in",
        ),
    )
    return join([
        paragraph(told),
        table(assessment, frame, caption="Enabled accounts of people who have left", limit=40,
              rest="The others stand in findings.json.", empty="there is none."),
        _proposed(assessment, left, len(gone)),
    ])  # fmt: skip


PROPOSED_HOURS = 1
"""Within which access would have to end by the proposed rule of 2025-01-06 (90 FR 898); not in force."""


def _proposed(assessment: Assessment, left: dict[str, Any], enabled: int) -> Html:
    """How soon accounts were disabled, beside what the proposed rule would ask; no part of any status."""
    zone = assessment.moment.zone
    late, timed = 0, 0
    for account in _accounts(assessment):
        last = left.get(account.user_id)
        if account.enabled or last is None or account.disabled_at is None:
            continue
        timed += 1
        # Work ends at some hour of the last day: only what is surely later than an hour after it counts.
        ended = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
        late += account.disabled_at > ended + timedelta(hours=PROPOSED_HOURS)
    return paragraph(
        f"Beside the status: the rule proposed in January 2025 (90 FR 898) is not in force. It would end "
        f"access within {PROPOSED_HOURS} hour. {count(enabled, 'account')} above {be(enabled)} open for "
        f"longer; of {count(timed, 'account')} with a recorded end, {late} ended surely more than an hour "
        "after the last day of work. The lists tell days, not hours, so the rest cannot be judged by it.",
        note=True,
    )


def privileged(assessment: Assessment, *, identities: bool = False) -> Html:
    """Accounts that may administer a system that holds ePHI."""
    if not present(assessment, "accounts"):
        return missing(assessment, "accounts")
    known = inventory(assessment)
    found = [a for a in _accounts(assessment) if a.enabled and a.privileged]
    unknown = sum(a.enabled and a.privileged is None for a in _accounts(assessment))
    frame = rows(
        (
            {
                "account": a.account,
                "system": known.name(a.system_id),
                "kind": a.kind,
                "second factor": a.mfa,
                "remote": a.remote,
                "last log-in": a.last_login and day(assessment, a.last_login),
            }
            for a in sorted(found, key=lambda a: (a.system_id, a.account))
        ),
        ("account", "system", "kind", "second factor", "remote", "last log-in"),
    )
    total = sum(bool(a.enabled) for a in _accounts(assessment))
    part = share(len(found), total, "enabled account")
    told = f"{part} may administer a system"
    told += f"; of {unknown:,} it is not known." if unknown else "."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Privileged accounts", limit=40, rest="All stand in the evidence.",
              empty="none is listed.", identities=identities),
    ])  # fmt: skip


def log_in_settings(assessment: Assessment) -> Html:
    """How each system is set to identify people: log-in, second factor, passwords, lock-out, idle time."""
    if not present(assessment, "configurations"):
        return missing(assessment, "configurations")
    known = inventory(assessment)
    found = [
        login
        for login in logins(assessment.table("configurations"), "authentication.", "remote.", *PASSWORDS)
        if in_view(assessment, known, login.system_id)
    ]
    told = {known.of(login.system_id) for login in found}
    silent = [
        known.name(system.system_id)
        for system in known.covered
        if system.system_id not in told and in_view(assessment, known, system.system_id)
    ]
    frame = rows(
        ({"system": known.name(login.system_id), **_settings(login)} for login in found),
        ("system", *SETTINGS),
    )
    systems = {login.system_id for login in found}
    words = f"Settings of log-in of {count(len(systems), 'system')}."
    if silent:
        words += f" No settings of {count(len(silent), 'covered system')}: {listed(silent)}."
    note = "An empty cell is not told by the export. 0 is no lower or upper limit."
    return join([
        paragraph(words),
        table(assessment, frame, caption="Settings of log-in by system", note=note, empty="none is told."),
    ])  # fmt: skip


SETTINGS = (
    "realm or policy", "asks for a log-in", "second factor asked of", "least characters",
    "lock-out after", "idle minutes", "self-registration",
)  # fmt: skip


def _settings(login: Login) -> dict[str, object]:
    idle, lock = login.number("session.idle_seconds"), login.says("lockout.enabled")
    return dict(
        zip(
            SETTINGS,
            (
                login.part or None,
                login.says("authentication.enabled"),
                login.word("second_factor.required"),
                login.number("password.min_length"),
                _attempts(login, lock),
                None if idle is None else -(-idle // 60),
                login.says("registration.allowed"),
            ),
            strict=True,
        )
    )


def _attempts(login: Login, lock: bool | None) -> str | None:
    """After how many failures an account is locked, as a word: `never` stands in the same column."""
    number = login.number("lockout.attempts") if lock else None
    return "never" if lock is False else None if number is None else str(number)


def rights(assessment: Assessment) -> Html:
    """Which rights accounts hold by system, and how many somebody approved."""
    if not present(assessment, "grants"):
        return missing(assessment, "grants")
    known = inventory(assessment)
    groups: dict[tuple[str, str], list[Any]] = {}
    for grant in records(assessment.table("grants")):
        if in_view(assessment, known, grant.system_id):
            groups.setdefault((grant.system_id, grant.permission), []).append(grant)
    frame = rows(
        (
            {
                "system": known.name(system),
                "right": permission,
                "accounts": len(held),
                "approved": sum(_approved(grant) is True for grant in held),
                "not approved": sum(_approved(grant) is False for grant in held),
                "not recorded": sum(_approved(grant) is None for grant in held),
            }
            for (system, permission), held in sorted(groups.items(), key=lambda item: _most_held(*item))
        ),
        ("system", "right", "accounts", "approved", "not approved", "not recorded"),
    )
    total = sum(map(len, groups.values()))
    approved = sum(_approved(grant) is True for held in groups.values() for grant in held)
    told = f"{count(total, 'grant')} of {count(len(groups), 'right')}; {approved:,} are recorded as approved."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Rights by number of accounts", limit=40,
              rest="All stand in the evidence.", empty="none is listed."),
    ])  # fmt: skip


def _approved(grant: Any) -> bool | None:
    return True if grant.approved is None and grant.approved_by else grant.approved


def _most_held(right: tuple[str, str], held: list[Any]) -> tuple[int, str, str]:
    return -len(held), *right


def _accounts(assessment: Assessment) -> list[Any]:
    known = inventory(assessment)
    return [a for a in records(assessment.table("accounts")) if in_view(assessment, known, a.system_id)]


def _by_system(assessment: Assessment, found: list[Any]) -> dict[str, list[Any]]:
    known = inventory(assessment)
    groups: dict[str, list[Any]] = {}
    for account in found:
        groups.setdefault(known.of(account.system_id) or account.system_id, []).append(account)
    return groups


def _factors(found: list[Any]) -> tuple[int, int, int]:
    said = [account.mfa for account in found]
    return said.count(True), said.count(None), said.count(False)


def _personal(account: Any) -> bool:
    return account.kind in ("person", "vendor") or (account.kind is None and account.user_id is not None)


def _orphans(assessment: Assessment, found: list[Any]) -> int | None:
    """Enabled personal accounts whose person the roster does not name; None without a roster."""
    if not present(assessment, "roster"):
        return None
    people = employments(assessment.table("roster"))
    return sum(bool(a.enabled and _personal(a) and (holder_of(a, people) or "") not in people) for a in found)
