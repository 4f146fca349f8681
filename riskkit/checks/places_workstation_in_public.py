"""Workstations that strangers can reach or read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="places.workstation_in_public",
    title="Workstations in public zones are secured and cannot be read by strangers",
    question="Which workstations stand where strangers come, and are not secured or shielded?",
    subject="workstation",
    controls=(
        "45 CFR 164.310(c)",
        "45 CFR 164.310(b)",
    ),
    severity="medium",
    remediation="Move the workstation, fix it, lock it when nobody sits at it, or shield its screen.",
    look_first="The place itself, at a busy hour.",
    usual_cause="The desk was placed for those who work at it and not for those who pass.",
)
def places_workstation_in_public(
    workstations: pd.DataFrame, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per workstation; what was looked at more than a year ago (our choice) is unknown."""
    for station in records(workstations):
        result, message = _judged(station, max_days, at)
        yield Verdict(
            subject=station.host,
            result=result,
            message=message,
            observed={True: "public", False: "not public", None: "not recorded"}[station.public],
            expected="not public, or secured and shielded",
            scope=station.zone,
            rows=(Rows.of("workstations", [station]),),
        )


def _judged(station: Any, max_days: int, at: Moment) -> tuple[Result, str]:
    if station.public and (station.secured is False or station.screen_shielded is False):
        lacks = [
            word
            for word, is_so in (("secured", station.secured), ("shielded", station.screen_shielded))
            if is_so is False
        ]
        return "FAIL", f"It stands where strangers come, and is not {' and not '.join(lacks)}."
    if not station.public and station.secured is False:
        return "FAIL", "It is not secured."
    if (
        station.public is None
        or station.secured is None
        or (station.public and station.screen_shielded is None)
    ):
        return "UNKNOWN", "Whether strangers can reach it or read its screen is not recorded."
    if station.inspected_on is None or not 0 <= at.age_days(station.inspected_on) <= max_days:
        return "UNKNOWN", (
            f"Nobody looked at the place in the last {amount(max_days, 'day')}, as far as recorded."
        )
    where = "where strangers come, and is secured and shielded" if station.public else "apart, and is secured"
    return "PASS", f"It stands {where}."
