"""People who hold rights that should be in two hands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.catalog.conflicting_duties import Pair, conflicting_duties, matches
from riskkit.declare import check
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, have, out_of


@check(
    id="access.conflicting_duties",
    title="Nobody holds rights that belong in two hands",
    question="Which accounts hold rights on a system that together let one person do something unnoticed?",
    subject="account",
    controls=("45 CFR 164.308(a)(4)(ii)(B)", "45 CFR 164.308(a)(3)(i)"),
    severity="medium",
    remediation="Give one of the two duties to somebody else, or record who looks at what the holder does.",
    look_first="Whether the holder stands in for somebody who left.",
    usual_cause="A small team in which whoever is there does everything.",
)
def access_conflicting_duties(
    grants: pd.DataFrame,
    accounts: pd.DataFrame | None,
    *,
    pairs: str = "",
    plain: str = "",
) -> Iterator[Verdict]:
    """One verdict per system and holder; the rights of all accounts of one person there count together.

    Pairs stand in catalog/conflicting_duties.yaml. `pairs` of the site come instead, written
    `admin,root + audit*; delete + restore`, and `plain` names more rights that carry no duty. A right that
    neither knows leaves its holder unknown. Accounts that are disabled are left out.
    """
    catalogue = conflicting_duties()
    wanted = _own_pairs(pairs) or catalogue.pairs
    harmless = (*catalogue.plain, *(part.strip() for part in plain.split(";") if part.strip()))
    owner, off = _owners(accounts)
    held: dict[tuple[str, str], list[Any]] = {}
    for grant in records(grants):
        if (grant.system_id, grant.account) not in off:
            key = grant.system_id, owner.get((grant.system_id, grant.account), grant.account)
            held.setdefault(key, []).append(grant)
    for (system, holder), found in sorted(held.items()):
        result, message, rows = _judged(found, wanted, harmless)
        yield Verdict(
            subject=holder,
            result=result,
            message=message,
            observed=count(len(found), "right"),
            expected="at most one duty of each pair",
            scope=system,
            rows=(Rows.of("grants", sorted(rows, key=lambda r: (r.source, r.offset or 0, r.n or 0))),),
        )


def _judged(
    found: Sequence[Any], wanted: Sequence[Pair], harmless: Sequence[str]
) -> tuple[Result, str, Sequence[Any]]:
    rights = sorted({grant.permission for grant in found})
    broken = [pair for pair in wanted if pair.held(rights)]
    if broken:
        rows = [grant for grant in found if any(pair.knows(grant.permission) for pair in broken)]
        told = "; ".join(f"{pair.id} ({pair.why})" for pair in broken)
        return (
            "FAIL",
            f"{out_of(len(broken), len(wanted), 'pair')} of duties {be(len(broken))} in one hand: {told}.",
            rows,
        )
    strange = [
        right
        for right in rights
        if not matches(right, harmless) and not any(pair.knows(right) for pair in wanted)
    ]
    if strange:
        return (
            "UNKNOWN",
            f"{out_of(len(strange), len(rights), 'right')} {have(len(strange))} a name that says no duty.",
            found,
        )
    told = f"{count(len(rights), 'right')}, and none of {count(len(wanted), 'pair')} of duties in one hand."
    return "PASS", told, found


def _owners(accounts: Any | None) -> tuple[dict[tuple[str, str], str], set[tuple[str, str]]]:
    rows = [] if accounts is None else list(records(accounts))
    owner = {(row.system_id, row.account): row.user_id for row in rows if row.user_id}
    return owner, {(row.system_id, row.account) for row in rows if not row.enabled}


def _own_pairs(text: str) -> tuple[Pair, ...]:
    """The site's own pairs; one that is not two sides is left out."""
    found = []
    for written in filter(str.strip, text.split(";")):
        sides = [tuple(filter(None, map(str.strip, side.split(",")))) for side in written.split("+")]
        if len(sides) == 2 and all(sides):  # noqa: PLR2004 - a pair
            found.append(
                Pair(id=" + ".join(", ".join(side) for side in sides), why="a pair of the site",
                     one=sides[0], other=sides[1])
            )  # fmt: skip
    return tuple(found)
