"""Buckets and snapshots that anybody can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.exposures import shut
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records


@check(
    id="access.storage_public",
    title="No storage in a cloud is open to everybody",
    question="Which buckets, containers and snapshots can anybody on the internet read?",
    subject="storage",
    controls=("45 CFR 164.312(a)(1)",),
    severity="critical",
    remediation="Close it now: block public access, then find out since when it was open and who read it.",
    look_first="Whether ePHI lies in it, and its access log since it was opened.",
    usual_cause="It was opened for a demonstration or a transfer and left open.",
)
def access_storage_public(
    storage_exposures: pd.DataFrame, storage_assets: pd.DataFrame | None, systems: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per bucket, container or snapshot; one recorded to hold no ePHI is not judged."""
    names = system_names(systems)
    without = {
        asset.asset_id
        for asset in (() if storage_assets is None else records(storage_assets))
        if asset.holds_phi is False
    }
    found: dict[str, list[Any]] = {}
    for row in records(storage_exposures):
        if row.question == "public":
            found.setdefault(row.asset_id, []).append(row)
    for asset, rows in sorted(found.items()):
        result, message = _judged(rows)
        if asset in without:
            result, message = "NA", "It is recorded to hold no ePHI."
        yield Verdict(
            subject=asset,
            result=result,
            message=message,
            observed="; ".join(sorted({f"{row.asked}: {row.answer}" for row in rows})),
            expected="not public",
            scope=system_of(next((row.system_id for row in rows if row.system_id), None), names),
            rows=(Rows.of("storage_exposures", rows),),
        )


def _judged(rows: list[Any]) -> tuple[Result, str]:
    by_answer = {
        answer: sorted({row.asked for row in rows if row.answer == answer})
        for answer in ("yes", "no", "unknown")
    }
    if by_answer["yes"]:
        return "FAIL", f"Anybody can read it, by {', '.join(by_answer['yes'])}."
    closed = by_answer["no"]
    if shut("public", closed, silent=bool(by_answer["unknown"])):
        return "PASS", f"Nobody outside can read it, by {', '.join(by_answer['no'])}."
    if closed:
        return (
            "UNKNOWN",
            f"Only {', '.join(by_answer['no'])} says that it is closed; other ways in are not told.",
        )
    return "UNKNOWN", "Whether anybody can read it is not known."
