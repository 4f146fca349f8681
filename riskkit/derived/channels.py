"""One row per listener: what was declared of it, and what the latest observations say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.model import Rows
from riskkit.tables import records

PROTOCOLS = ("ssl2_0", "ssl3_0", "tls1_0", "tls1_1", "tls1_2", "tls1_3")
"""From worst to best."""

HOLES = ("ccs", "heartbleed", "robot")
"""Known holes of TLS servers that a scan looks for."""

WITHOUT_TLS = frozenset({"no_tls", "plaintext"})
"""Values of `connectivity` of listeners that answered, but not with TLS."""

SCHEMA = pa.schema(
    [
        ("endpoint_id", pa.string()),  # null: observed, but not in endpoints.yaml
        ("system_id", pa.string()),
        ("host", pa.string()),
        ("port", pa.int64()),
        ("declared", pa.string()),  # protocol of endpoints.yaml
        ("ephi", pa.bool_()),
        ("observations", pa.int64()),
        ("observed_at", pa.timestamp("us", tz="UTC")),
        ("connectivity", pa.string()),  # null: never observed
        ("connectivity_reason", pa.string()),
        ("accepted", pa.string()),  # protocol versions, worst first, joined by |
        ("not_known", pa.string()),  # versions of which nothing is known, likewise
        ("worst", pa.string()),
        ("best", pa.string()),
        ("suites", pa.string()),  # accepted cipher suites, sorted, joined by |
        ("vulnerable", pa.string()),  # known holes that were found, likewise
        ("holes_not_known", pa.string()),  # known holes of which nothing is known, likewise
        ("client_auth", pa.string()),
        ("client_auth_reason", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("n", pa.int64()),
    ]
)


@derive(
    name="channels",
    doc="One row per listener, declared in endpoints.yaml or only observed: system, whether it "
    "carries ePHI, connectivity, the worst and best protocol version and the suites that it accepts, "
    "known holes, and whether it asks clients for a certificate. The newest observation of each fact counts; "
    "source, offset and n are those of the newest observation.",
)
def channels(channel_observations: pd.DataFrame, endpoints: pd.DataFrame | None) -> pd.DataFrame:
    """Join endpoints with observations by host (whatever its case) and port."""
    facts: dict[tuple[str, int], dict[str, Any]] = {}
    for seen in sorted(records(channel_observations), key=lambda seen: (seen.observed_at, seen.tool)):
        facts.setdefault((seen.host.casefold(), seen.port), {})[seen.key] = seen
    declared = [] if endpoints is None else list(records(endpoints))
    rows = [_row(point, facts.get((point.host.casefold(), point.port), {})) for point in declared]
    known = {(point.host.casefold(), point.port) for point in declared}
    rows += [_row(None, facts[key]) for key in sorted(facts.keys() - known)]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def named(channel: Any) -> dict[str, Any]:
    """Subject, scope and rows of a verdict on one row of `channels`."""
    seen = channel.connectivity is not None or channel.observations
    key = (channel.source, channel.offset or 0, channel.n or 0)
    predicate = "host = :host and port = :port"
    return {
        "subject": f"{channel.host}:{channel.port}",
        "scope": channel.system_id or channel.host,
        "rows": (Rows("channel_observations", channel.observations, (key,), predicate),) if seen else (),
    }


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
    reason = f" ({channel.connectivity_reason})" if channel.connectivity_reason else ""
    return f"the scan saw: {channel.connectivity.replace('_', ' ')}{reason}"


def _row(point: Any | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    newest = max(facts.values(), key=lambda fact: (fact.observed_at, fact.tool), default=None)
    by_version = {version: _value(facts, f"protocol.{version}") for version in PROTOCOLS}
    accepted = [version for version, value in by_version.items() if value == "accepted"]
    return {
        "endpoint_id": point and point.endpoint_id,
        "system_id": point and point.system_id,
        "host": point.host if point else newest and newest.host,
        "port": point.port if point else newest and newest.port,
        "declared": point and point.protocol,
        "ephi": point and point.ephi,
        "observations": len(facts),
        "observed_at": newest and newest.observed_at,
        "connectivity": _value(facts, "connectivity"),
        "connectivity_reason": _reason(facts, "connectivity"),
        "accepted": _joined(accepted),
        "not_known": _joined(
            version for version, value in by_version.items() if value not in {"accepted", "rejected"}
        ),
        "worst": accepted[0] if accepted else None,
        "best": accepted[-1] if accepted else None,
        "suites": _joined(
            sorted(
                key.removeprefix("suite.")
                for key, fact in facts.items()
                if key.startswith("suite.") and fact.value == "accepted"
            )
        ),
        "vulnerable": _joined(hole for hole in HOLES if _value(facts, hole) == "vulnerable"),
        "holes_not_known": _joined(
            hole for hole in HOLES if _value(facts, hole) not in {"vulnerable", "not_vulnerable"}
        ),
        "client_auth": _value(facts, "mtls.client_auth"),
        "client_auth_reason": _reason(facts, "mtls.client_auth"),
        "source": newest and newest.source,
        "offset": newest and newest.offset,
        "n": newest and newest.n,
    }


def _value(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].value if key in facts else None


def _reason(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].reason if key in facts else None


def _joined(versions: Iterable[str]) -> str:
    return "|".join(versions)
