"""What checks say of one row of `channels`: its subject, how it is known, and why something is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from riskkit.derived.drift import UNKNOWN
from riskkit.model import Rows
from riskkit.words import amount


def named(channel: Any, *about: str) -> dict[str, Any]:
    """Subject, scope, rows and method of a verdict on one row of `channels`.

    `about` names the facts that the verdict rests on, `protocol.` for all versions: when a
    configuration alone tells one, the listener was examined and not tested.
    """
    keys = places(channel.rests_on)
    rows = Rows(
        "channel_observations", channel.observations, keys[: Rows.FIRST], "host = :host and port = :port"
    )
    found: dict[str, Any] = {
        "subject": f"{channel.host}:{channel.port}",
        "scope": channel.system_id or channel.host,
        "rows": (rows,) if channel.observations else (),
    }
    return {**found, "method": "EXAMINE"} if is_configured(channel, *about) else found


def places(found: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, int, int], ...]:
    """Keys of rows as `Rows` wants them."""
    return tuple((one["source"], one["offset"] or 0, one["n"] or 0) for one in found or ())


def is_configured(channel: Any, *about: str) -> bool:
    """Whether a configuration alone tells one of these facts (`protocol.` for those of all versions)."""
    return any(key.startswith(about) for key in channel.configured.split("|") if key) if about else False


def long_ago(channel: Any) -> str:
    """A sentence to add to a verdict where the last look is so old that it rules nothing out."""
    if pd.isna(channel.old_days):
        return ""
    days = amount(int(channel.old_days), "day")
    return f" The last look was {days} before the end of the period: what it ruled out is not known now."


def as_configured(channel: Any, *about: str) -> str:
    """A sentence to add to a verdict that rests on a configuration; empty for others."""
    return (
        " That is how it is configured; no scan in the pack saw it." if is_configured(channel, *about) else ""
    )


def why_not_tls(channel: Any) -> str:
    """Why nothing can be said of a channel's TLS; empty when it speaks TLS."""
    if channel.connectivity is None:
        return (
            "no scan in the pack looked at this listener"
            if not channel.observations
            else ("no scan tells whether this listener speaks TLS")
        )
    if channel.connectivity == "tls":
        return ""
    if channel.connectivity == UNKNOWN and channel.connectivity_reason:
        return str(channel.connectivity_reason)
    reason = f" ({channel.connectivity_reason})" if channel.connectivity_reason else ""
    return f"the scan saw: {channel.connectivity.replace('_', ' ')}{reason}"


def holes_open(channel: Any) -> tuple[set[str], set[str]]:
    """Known holes that nothing rules out, and those that what the listener accepts rules out.

    Heartbleed and CCS injection were closed in 2014, four years before TLS 1.3; ROBOT needs key exchange
    with RSA.
    """
    impossible = {"ccs", "heartbleed"} if channel.best == "tls1_3" else set()
    suites = channel.suites.split("|") if channel.suites else []
    whole = suites and not channel.not_known and not channel.suites_not_known
    if whole and not any(suite.startswith("TLS_RSA_") for suite in suites):
        impossible.add("robot")
    silent = set(filter(None, channel.holes_not_known.split("|")))
    return silent - impossible, silent & impossible
