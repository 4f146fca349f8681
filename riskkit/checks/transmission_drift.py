"""Listeners that do not do what their configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import named, places
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of


@check(
    id="transmission.drift",
    title="Listeners do what their configuration says",
    question="Which listeners were seen to do something else than their configuration says?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)",),
    severity="low",
    worst="medium",
    method="TEST",
    remediation="Find out which file the service reads, restart or correct it, and scan the listener again.",
    look_first="Whether the service was restarted since the file was changed, and whether another file or a "
    "device in front of it decides.",
    usual_cause="The file was edited and the service not restarted, or the file belongs to another host.",
)
def transmission_drift(channels: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per listener: of connectivity, versions, client certificates and suites.

    A scan that saw less protection than is configured weighs more than one that saw more.
    """
    for channel in records(channels):
        result, message = _judged(channel)
        about = named(channel)
        if keys := places(channel.configured_in):
            configured = Rows("channel_observations", len(keys), keys[: Rows.FIRST])
            about["rows"] = (*about["rows"], configured)
        yield Verdict(
            **about,
            result=result,
            message=message,
            observed=channel.drift.replace("|", "; ") or "no difference",
            expected="what is configured",
            severity="medium" if channel.drift_is_worse else None,
        )


def _judged(channel: Any) -> tuple[Result, str]:
    if channel.compared is None:
        return "NA", "The pack holds no configuration of this listener to compare with."
    if not channel.compared:
        return "UNKNOWN", "The pack holds a configuration of this listener, but no scan tells the same facts."
    differences = channel.drift.split("|") if channel.drift else []
    if differences:
        told = "; ".join(differences)
        return (
            "FAIL",
            f"Configuration and scan differ in {out_of(len(differences), channel.compared, 'fact')}: {told}.",
        )
    return "PASS", (
        "Configuration and scan agree in "
        f"{be(channel.compared, 'the one fact', f'all {channel.compared} facts')} that both tell."
    )
