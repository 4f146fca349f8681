"""What each tunnel is worth: how it is made, whether it was seen in operation, and its weaknesses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.channels import PLACE
from riskkit.derived.custody_dates import exported
from riskkit.derived.newest_leaves import NEVER
from riskkit.model import Moment
from riskkit.tables import records
from riskkit.tables.network import UNREAD
from riskkit.words import amount, count

STALE_DAYS = 7
"""Our own choice: a tunnel that carries studies daily agrees on new keys within minutes of traffic."""

_START, _END = r"(?i)(?:^|-)", r"(?:-|$)"
_CLEAR = re.compile(
    r"""(?ix) ^(?: ah:(?P<ah>.*) | (?P<none>none)
    | (?!.*(?:gcm|ccm|chacha)) (?:.*-)? (?P<null>null) (?:-.*)?
    | (?:.*-)? (?P<gmac>\w*gmac\w*) (?:-.*)? )$"""
)
"""A proposal without encryption: AH; GMAC, which is AES-GCM without its cipher (RFC 4543); null where it is
not the integrity beside a cipher that needs none."""

_WEAK = (
    (re.compile(_START + r"(3des|des|blowfish\d*|bf|cast128|rc2)" + _END), "uses {}, of short blocks"),
    (re.compile(_START + r"(md5(?:_\d+)?)" + _END), "uses {}"),
    (re.compile(_START + "(sha1?(?:_160)?)" + _END), "uses {}, that is SHA-1"),
    (
        re.compile(_START + "(modp(?:512|768|1024|1536))(?:s160)?" + _END),
        "agrees on keys with {}, a short one",
    ),
)
"""What a proposal (`aes256-sha256-modp2048`) holds and SP 800-77 r1 no longer allows."""

_NAMES = {"ah": "AH, which only signs", "none": "none", "null": "null", "gmac": "{}, which only signs"}

_SERIOUS = ("encrypts nothing", "no peer", "every peer", "aggressive")

SCHEMA = pa.schema(
    [
        ("host", pa.string()),
        ("tunnel_id", pa.string()),
        ("type", pa.string()),
        ("local_cidrs", pa.string()),
        ("remote_cidrs", pa.string()),
        ("traffic", pa.string()),  # the only protocols and ports that it carries, joined by |
        ("weaknesses", pa.string()),  # joined by |
        ("serious", pa.bool_()),  # one of them opens it
        ("untold", pa.string()),  # what is not known, joined by |
        ("seen", pa.bool_()),  # in operation, not only configured
        ("stale_days", pa.int64()),  # since both ends last agreed on keys; null: not told
        ("stale", pa.bool_()),
        ("evidence", pa.string()),  # one sentence on what shows it
        ("rests_on", PLACE),
    ]
)


@derive(
    name="tunnel_states",
    doc="One row per tunnel: its weaknesses (NIST SP 800-77 r1), what is not told of it, whether it was seen "
    "in operation and how long ago, and a sentence on the evidence.",
)
def tunnel_states(tunnels: pd.DataFrame, custody: pd.DataFrame | None, *, at: Moment) -> pd.DataFrame:
    """Judge every tunnel; one that was seen in operation counts before its configuration.

    Of several files the one that saw it up last counts, then the newest, then the one that tells the worst.
    """
    dated = exported(custody)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    judged = [(one, _state(one, dated(one.source), at)) for one in records(tunnels)]
    for one, state in sorted(judged, key=lambda pair: _precedence(pair[0], pair[1], dated)):
        found[one.host.casefold(), one.tunnel_id] = state
    rows = [found[key] for key in sorted(found)]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def not_up(state: Any) -> str:
    """What is said of a stale tunnel."""
    if state.stale_days is None:
        return "was not up when it was looked at"
    return f"was last up {amount(state.stale_days, 'day')} before the end of the period"


def faults(state: Any) -> list[str]:
    """The weaknesses of a tunnel, and that it is not up."""
    found = [text for text in state.weaknesses.split("|") if text]
    return [*found, not_up(state)] if state.stale else found


def _precedence(one: Any, state: Mapping[str, Any], dated: Any) -> tuple[Any, ...]:
    """The last counts."""
    weak = state["serious"], len(state["weaknesses"])
    when = one.last_handshake or NEVER, dated(one.source) or NEVER
    return one.confidence == "high", *when, *weak, one.source, one.offset or 0


def _state(one: Any, dated: Any, at: Moment) -> dict[str, Any]:
    weaknesses = list(dict.fromkeys(_weaknesses(one)))
    seen = one.confidence == "high"
    days = None if one.last_handshake is None else at.age_days(one.last_handshake)
    never = seen and days is None
    stale = never or (days is not None and days > STALE_DAYS)
    untold = []
    if not one.algorithms:
        untold.append("its algorithms, which are left at the default of the software")
    if not one.authentication:
        untold.append("how its ends prove who they are")
    if UNREAD in (one.algorithms or "").split("|"):
        untold.append("one of its proposals, which cannot be read")
    if days is None:
        untold.append("when it was last up")
    return {
        "host": one.host,
        "tunnel_id": one.tunnel_id,
        "type": one.type,
        "local_cidrs": one.local_cidrs,
        "remote_cidrs": one.remote_cidrs,
        "traffic": one.traffic,
        "weaknesses": "|".join(weaknesses),
        "serious": any(text.startswith(_SERIOUS) or " aggressive" in text for text in weaknesses),
        "untold": "|".join(untold),
        "seen": seen and days is not None,
        "stale_days": days,
        "stale": stale,
        "evidence": _evidence(one, days, dated, at),
        "rests_on": {"source": one.source, "offset": one.offset, "n": one.n},
    }


def _weaknesses(one: Any) -> Iterator[str]:
    for proposal in filter(None, (one.algorithms or "").split("|")):
        if clear := _CLEAR.fullmatch(proposal):
            kind = clear.lastgroup or "null"
            yield f"encrypts nothing ({_NAMES[kind].format(clear[kind])})"
        for pattern, words in _WEAK:
            if found := pattern.search(proposal):
                yield words.format(found[1])
    if one.key_exchange == "ikev1":
        yield "uses IKEv1, which is retired"
    if one.key_exchange == "ikev1-aggressive":
        yield "uses IKEv1 in aggressive mode, which gives the shared secret away to guessing"
    if one.key_exchange == "static":
        yield "uses one static key, so whoever gets it reads all past traffic"
    kinds = set(filter(None, (one.authentication or "").split(" or ")))
    if "none" in kinds:
        yield "no peer is authenticated"
    if "shared secret" in kinds:
        yield "its ends share one secret, so either can pass for the other"
    if any(network in {"0.0.0.0/0", "::/0"} for network in (one.remote_cidrs or "").split("|")):
        yield "takes traffic for every network from its peer"


def _before_end(days: int) -> str:
    if days < 0:
        return f"{count(-days, 'day')} after the end"
    return f"{count(days, 'day')} before the end" if days else "on the last day"


def _evidence(one: Any, days: int | None, dated: Any, at: Moment) -> str:
    how = {"wireguard": "WireGuard", "ipsec": "IPsec", "openvpn": "OpenVPN"}[one.type]
    if days is not None:
        told = f"seen up {_before_end(days)} of the period"
    elif one.confidence == "high":
        when = f" {_before_end(at.age_days(dated))} of the period" if dated else ""
        told = f"looked at{when}: its ends never agreed on keys since the interface came up"
    elif dated is not None:
        told = f"configured, as exported {_before_end(at.age_days(dated))} of the period; not seen up"
    else:
        told = "configured, with no date; not seen up"
    fips = "; its algorithms are none of FIPS 140" if one.type == "wireguard" else ""
    return f"{how} {one.tunnel_id} of {one.host}: {told}{fips}"
