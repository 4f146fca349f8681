"""How a listener is judged by one side of a profile: what it prohibits (risk), what it requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from riskkit.catalog.transmission import load_profiles
from riskkit.derived.channel_words import as_configured, named, why_not_tls
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records

ABOUT = ("connectivity", "protocol.", "suite.", "curve.", "mtls.")
MOST = 6
"""Names that a message lists."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a profile, and its words; `{profile}` stands for the title of the profile."""

    part: Literal["missing", "prohibited"]
    found: str
    not_seen: str
    clean: str
    observed: str
    expected: str


def judge_listeners(
    side: Side, profile: str, profile_results: pd.DataFrame, channels: pd.DataFrame
) -> Iterator[Verdict]:
    """One verdict per listener against one profile of the catalog; a profile that is none is unknown."""
    title = next((one.title for one in load_profiles() if one.id == profile), profile)
    told = {(one.host, one.port): one for one in records(profile_results) if one.profile == profile}
    for channel in records(channels):
        one = told.get((channel.host, channel.port))
        names = _names(getattr(one, side.part)) if one else []
        result, message = _judged(side, channel, one, names, title)
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=f"{len(names)} {side.observed}",
            expected=side.expected.format(profile=title),
        )


def _judged(side: Side, channel: Any, one: Any | None, names: list[str], title: str) -> tuple[Result, str]:
    if one is None:
        return "UNKNOWN", f"The catalog holds no profile named {title}."
    if channel.ephi is False or channel.connectivity in WITHOUT_TLS:
        told = "The listener is declared to carry no ePHI." if channel.ephi is False else "It speaks no TLS."
        return "NA", told
    if channel.connectivity != "tls":
        return "UNKNOWN", f"What the listener offers is not known: {why_not_tls(channel)}."
    if names:
        rest = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        return "FAIL", f"{side.found.format(profile=title)}: {', '.join(names[:MOST])}{rest}."
    unclear = _names(one.unclear)
    if unclear:
        return "UNKNOWN", f"{side.not_seen}, but not all is known: {', '.join(unclear)}."
    concerned = one.result != "not applicable"
    told = side.clean if concerned else "It is not about such listeners"
    return ("PASS" if concerned else "NA"), f"{told} ({title})."


def _names(joined: str) -> list[str]:
    return [name for name in joined.split("|") if name]
