"""Groups of accounts of which too few need a second factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of, plural, some

OF_PEOPLE = frozenset({"person", "vendor"})
GROUPS: tuple[tuple[str, Severity], ...] = (("all", "medium"), ("privileged", "high"), ("remote", "high"))


@check(
    id="access.mfa_coverage_low",
    title="A second factor covers all, privileged and remote accounts",
    question="On which systems is the share of accounts with a second factor too low, by kind of account?",
    subject="group of accounts",
    controls=("45 CFR 164.312(d)",),
    severity="medium",
    worst="high",
    remediation="Require a second factor for the group, by the policy of the directory and not account by "
    "account.",
    look_first="Which accounts are excepted from the policy, and who excepted them.",
    usual_cause="The second factor was rolled out to volunteers first, and the rest was never done.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_mfa_coverage_low(
    accounts: pd.DataFrame,
    *,
    all_percent: int = 100,
    privileged_percent: int = 100,
    remote_percent: int = 100,
) -> Iterator[Verdict]:
    """One verdict per system and group (all, privileged, remote) of enabled accounts of people and vendors.

    Accounts of which it is not told whether they are people's, are in the group, or have a second factor,
    leave the group unknown when they could tip it. The limits are our choice.
    """
    limits = {"all": all_percent, "privileged": privileged_percent, "remote": remote_percent}
    by_system: dict[str, list[Any]] = {}
    for account in records(accounts):
        if account.enabled and (account.kind is None or account.kind in OF_PEOPLE):
            by_system.setdefault(account.system_id, []).append(account)
    for system, found in sorted(by_system.items()):
        for group, severity in GROUPS:
            inside = [one for one in found if group == "all" or getattr(one, group)]
            members = [one for one in inside if _personal(one)]
            perhaps = [one for one in inside if not _personal(one) and not one.mfa]
            perhaps += [one for one in found if group != "all" and getattr(one, group) is None]
            result, message = _judged(group, members, perhaps, limits[group])
            without = [one for one in members if not one.mfa]
            yield Verdict(
                subject=f"{system} {group}",
                result=result,
                message=message,
                observed=f"{len(members) - len(without)} of {len(members)}",
                expected=f"{limits[group]} %",
                scope=system,
                severity=severity if result == "FAIL" else None,
                rows=(Rows.of("accounts", without or members or found),),
            )


def _personal(account: Any) -> bool:
    return account.kind is not None or account.user_id is not None


def _judged(group: str, members: list[Any], perhaps: list[Any], limit: int) -> tuple[Result, str]:
    said = [one.mfa for one in members]
    yes, no, unknown = said.count(True), said.count(False), said.count(None)
    word = "account of people" if group == "all" else f"{group} account of people"
    told = (
        f"{out_of(yes, len(members), word)} {be(yes, 'needs', 'need')} a second factor, {some(no)} "
        f"{be(no, 'does', 'do')} not, of {some(unknown)} it is not known"
    )
    # At best, every account of which something is unknown has a second factor; at worst, none.
    doubtful = unknown + len(perhaps)
    if no and 100 * (yes + doubtful) < limit * (yes + no + doubtful):
        return "FAIL", f"{told}."
    if 100 * yes < limit * (yes + no + doubtful):
        aside = (
            f"; of {len(perhaps)} it is not known whether {be(len(perhaps), 'it is', 'they are')} "
            f"{'of people' if group == 'all' else group}"
            if perhaps
            else ""
        )
        return "UNKNOWN", f"{told}{aside}."
    return ("PASS", f"{told}.") if members else ("NA", f"No {plural(word, 0)} are listed.")
