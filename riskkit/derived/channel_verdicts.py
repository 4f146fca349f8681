"""What a director is told of each channel: whether ePHI on it is secured, and whether both ends prove who
they are.

The worst that is known decides. Only where nothing bad is known does something unknown make a channel
undetermined, so silence is neither a pass nor a way to hide a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.channel_row import PROTOCOLS
from riskkit.derived.channel_words import holes_open, why_not_tls
from riskkit.derived.channels import NODE_PROTOCOLS, PLAIN_PROTOCOLS
from riskkit.derived.compensations import by_place
from riskkit.derived.denied_ephi import DENIED
from riskkit.derived.drift import UNKNOWN, WITHOUT_TLS
from riskkit.derived.profile_results import leaves_by_place
from riskkit.model import Moment
from riskkit.tables import records
from riskkit.words import be, count, have

STATES: Mapping[str, str] = {
    "unsecured": "whoever can see the traffic can read it",
    "breakable": "encrypted, but in a way that is known to be broken or to break",
    "unauthenticated": "encrypted, but one end does not prove who it is",
    "undetermined": "the evidence does not tell",
    "baseline": "encrypted as current standards ask",
    "strong": "encrypted and authenticated beyond what the baseline asks",
    "no ePHI": "declared to carry no ePHI",
}
"""Each state in words, from worst to best."""

FAILED = ("unsecured", "breakable", "unauthenticated")
DEFAULT_PROFILE = "dicom_b12"
STRICT_PROFILES = ("dicom_b13", "nist_800_52r2")
NIST = "nist_800_52r2"

_LEGACY = frozenset({"tls1_0", "tls1_1"})
_BROKEN = frozenset({"ssl2_0", "ssl3_0"})
_NO_PROTECTION = frozenset({"NULL", "ANON", "EXPORT", "EXPORT40", "RC4", "RC2", "DES", "DES40"})
_SHORT_BLOCKS = frozenset({"3DES", "IDEA", "EDE3"})
_DH_BITS, _DH_BROKEN, _RSA_BITS, _CURVE_BITS = 2048, 1024, 2048, 256
_NOT_ASKED = frozenset({"disabled", "none", "not_requested", "optional", "any"})

SILENT = "it is declared as a protocol without TLS and does not answer a TLS hello"
UNSAID = "it works without TLS, and nothing says whether it carries ePHI"
STRONG = "it meets a strict profile, speaks TLS 1.3, and its certificate leads to the trust anchor"

SCHEMA = pa.schema(
    [
        ("host", pa.string()),
        ("port", pa.int64()),
        ("system_id", pa.string()),
        ("declared", pa.string()),
        ("state", pa.string()),
        ("why", pa.string()),  # what decided, joined by |
        ("not_known", pa.string()),  # what would have to be known, joined by |
        ("steps", pa.int64()),  # by how many steps a tunnel lowers the severity
        ("tunnel", pa.string()),  # the tunnel's own evidence, or why it does not count
        ("hhs_secured_phi", pa.string()),  # yes, no, undetermined
        ("hhs_why", pa.string()),
    ]
)


@derive(
    name="channel_verdicts",
    doc="One row per listener: unsecured, breakable, unauthenticated, undetermined, baseline, strong or no "
    "ePHI, with what decided and what is not known; the tunnel that compensates, if any; and whether the "
    "guidance of HHS would call PHI on it secured, which no scan can show without evidence of a FIPS 140 "
    "module.",
)
def channel_verdicts(
    channels: pd.DataFrame,
    profile_results: pd.DataFrame,
    leaf_certificates: pd.DataFrame | None,
    endpoints: pd.DataFrame | None,
    compensations: pd.DataFrame | None,
    *,
    at: Moment,
) -> pd.DataFrame:
    """Decide on every listener, the worst that is known first."""
    leaves, tunnels = leaves_by_place(leaf_certificates), by_place(compensations)
    profiles = {(one.host, one.port, one.profile): one for one in records(profile_results)}
    points = {} if endpoints is None else {point.endpoint_id: point for point in records(endpoints)}
    rows = []
    for channel in records(channels):
        place = channel.host.casefold(), channel.port
        point = points.get(channel.endpoint_id)
        told = {one: profiles[channel.host, channel.port, one].result
                for one in (DEFAULT_PROFILE, "rfc9325", *STRICT_PROFILES)}  # fmt: skip
        state, why, not_known = _state(channel, leaves.get(place), point, told, at)
        tunnel = tunnels.get(place)
        secured, because = _hhs(state, told[NIST], point, tunnel)
        rows.append(
            {
                "host": channel.host,
                "port": channel.port,
                "system_id": channel.system_id,
                "declared": channel.declared,
                "state": state,
                "why": "|".join(why),
                "not_known": "|".join(not_known),
                "steps": tunnel.steps if tunnel else 0,
                "tunnel": tunnel and tunnel.told,
                "hhs_secured_phi": secured,
                "hhs_why": because,
            }
        )
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _state(
    channel: Any, leaf: Any, point: Any, profiles: Mapping[str, str], at: Moment
) -> tuple[str, list[str], list[str]]:
    """State, what decided, and what is not known."""
    plain = channel.connectivity in WITHOUT_TLS or (
        channel.connectivity == "not_tls" and channel.declared in PLAIN_PROTOCOLS
    )
    for holds, state, why, unclear in (
        (channel.ephi is False, "no ePHI", ["endpoints.yaml says that it carries none"], []),
        (plain and channel.ephi is None, "undetermined", [], [_unsaid(channel)]),
        (plain, "unsecured", [SILENT if channel.connectivity == "not_tls" else "it works without TLS"], []),
        (channel.connectivity != "tls", "undetermined", [], [why_not_tls(channel)]),
    ):
        if holds:
            return state, why, unclear
    unclear = list(_not_known(channel, leaf))
    for state, found in (
        ("unsecured", list(_unsecured(channel))),
        ("breakable", list(_breakable(channel, leaf, profiles))),
        ("unauthenticated", list(_unauthenticated(channel, leaf, point, at))),
    ):
        if found:
            return state, found, unclear
    if unclear:
        return "undetermined", [], unclear
    short = _short_of_strong(channel, point, profiles)
    return ("baseline", short, []) if short else ("strong", [STRONG], [])


def _unsaid(channel: Any) -> str:
    if channel.ephi_against:
        return f"whether it carries ePHI, without TLS: {DENIED}{channel.ephi_against}"
    return UNSAID


def _unsecured(channel: Any) -> Iterator[str]:
    versions = set(channel.accepted.split("|"))
    if old := sorted(versions & _BROKEN):
        yield f"it accepts {', '.join(name.upper().replace('_', '.') for name in old)}"
    if suites := [one for one in _suites(channel) if _NO_PROTECTION & _words(one)]:
        yield f"{count(len(suites), 'accepted suite')} {be(len(suites), 'protects', 'protect')} nothing"
    if channel.vulnerable:
        yield f"it has a known hole ({channel.vulnerable.replace('|', ', ')})"
    if 0 < _bits(channel.exchange_keys) < _DH_BROKEN:
        yield f"keys are agreed on with {channel.exchange_keys}"


def _breakable(channel: Any, leaf: Any, profiles: Mapping[str, str]) -> Iterator[str]:
    found = list(_weak_cryptography(channel, leaf))
    if not found and profiles["rfc9325"] == "prohibited":
        found = ["it offers what RFC 9325 prohibits"]
    yield from found


def _weak_cryptography(channel: Any, leaf: Any) -> Iterator[str]:
    if old := sorted(set(channel.accepted.split("|")) & _LEGACY):
        yield f"it accepts {', '.join(name.replace('tls', 'TLS ').replace('_', '.') for name in old)}"
    suites = _suites(channel)
    if short := [one for one in suites if _SHORT_BLOCKS & _words(one)]:
        yield f"{count(len(short), 'accepted suite')} {have(len(short))} blocks of 64 bits"
    whole = suites and not channel.suites_not_known
    if whole and not any(_has_forward_secrecy(one) for one in suites):
        yield "no accepted suite has forward secrecy"
    if _DH_BROKEN <= _bits(channel.exchange_keys) < _DH_BITS:
        yield f"keys are agreed on with {channel.exchange_keys}, under {_DH_BITS} bits"
    if "compression" in (channel.features or "").split("|"):
        yield "it compresses before it encrypts, and lengths give away what is inside (CRIME)"
    if leaf is not None and leaf.position == 0 and leaf.key_bits is not None:
        needed = _RSA_BITS if "rsa" in (leaf.key_algorithm or "").casefold() else _CURVE_BITS
        if leaf.key_bits < needed:
            yield f"its key has {leaf.key_bits} bits"
        if (leaf.signature_hash or "").casefold().replace("-", "") in {
            "md5",
            "sha1",
        } and not leaf.self_signed:
            yield f"its certificate is signed with {leaf.signature_hash}"


def _unauthenticated(channel: Any, leaf: Any, point: Any, at: Moment) -> Iterator[str]:
    if channel.declared in NODE_PROTOCOLS and (channel.client_auth or "").casefold() in _NOT_ASKED:
        shown = channel.client_auth.casefold() == "any"
        yield f"it lets nodes in {'with any certificate' if shown else 'without a certificate'}"
    if leaf is not None and leaf.position == 0:
        if leaf.not_after <= at.as_of:
            yield "its certificate has expired"
        if leaf.not_before > at.as_of:
            yield "its certificate is not valid yet"
        if leaf.matches_host is False and channel.declared not in NODE_PROTOCOLS:
            yield "its certificate names another host"
    trust = point.trust if point else None
    if trust == "public" and channel.chain_public == "invalid":
        yield "no public authority stands behind its certificate"
    anchored = trust in {"private", "pinned"} or (point is not None and point.trust_anchor)
    if anchored and channel.chain_openssl == "invalid":
        yield "its certificate does not lead to its trust anchor"


def _not_known(channel: Any, leaf: Any) -> Iterator[str]:
    names = [name for name in PROTOCOLS if name in channel.not_known.split("|")]
    if names:
        yield f"whether it accepts {', '.join(names)}"
    if not channel.suites or channel.suites_not_known:
        yield "all its suites"
    if holes := holes_open(channel)[0]:
        yield f"whether it has known holes ({', '.join(sorted(holes))})"
    if channel.declared in NODE_PROTOCOLS and (channel.client_auth or UNKNOWN).casefold() == UNKNOWN:
        yield "whether it asks nodes for a certificate"
    if leaf is None or leaf.position != 0:
        yield "its certificate"


def _short_of_strong(channel: Any, point: Any, profiles: Mapping[str, str]) -> list[str]:
    """What keeps a channel from being strong."""
    short = []
    if "tls1_3" not in channel.accepted.split("|"):
        short.append("it does not speak TLS 1.3")
    if all(profiles[one] in {"prohibited", "unknown", "not applicable"} for one in STRICT_PROFILES):
        short.append("it meets neither DICOM B.13 nor NIST SP 800-52r2 in what they prohibit")
    if profiles[DEFAULT_PROFILE] == "prohibited":
        short.append("it offers what DICOM B.12 prohibits")
    chain = channel.chain_public if point is not None and point.trust == "public" else channel.chain_openssl
    if chain != "valid":
        short.append("that its certificate leads to its trust anchor is not shown")
    return short


def _hhs(state: str, nist: str, point: Any, tunnel: Any) -> tuple[str, str]:
    """Whether HHS would call PHI secured (74 FR 19006): NIST SP 800-52 and a FIPS 140 validated module."""
    module = point.fips_module if point else None
    cases = (
        (state == "no ePHI", "undetermined", "it is declared to carry no ePHI"),
        (
            state == "unsecured" and bool(tunnel and tunnel.steps),
            "undetermined",
            "a tunnel carries it, and no evidence shows a FIPS 140 module there",
        ),
        (state in {"unsecured", "breakable"}, "no", f"the channel is {state}"),
        (not module, "undetermined", "no evidence shows that a FIPS 140 validated module encrypts"),
        (nist == "prohibited", "no", "it offers what NIST SP 800-52r2 prohibits"),
        (nist != "met", "undetermined", f"by NIST SP 800-52r2 it is {nist}"),
    )
    meets = f"it meets NIST SP 800-52r2, and endpoints.yaml names FIPS 140 certificate {module}"
    return next(((said, why) for holds, said, why in cases if holds), ("yes", meets))


def _suites(channel: Any) -> list[str]:
    return channel.suites.split("|") if channel.suites else []


def _words(suite: str) -> set[str]:
    """Words of a name; the DES of 3DES_EDE is none of its own, and SSL 2.0 wrote DES_192_EDE3 for it."""
    words = set(suite.upper().split("_"))
    return words - {"DES"} if words & {"3DES", "EDE3"} else words


def _has_forward_secrecy(suite: str) -> bool:
    exchange, named, _ = suite.partition("_WITH_")
    return not named or exchange.startswith(("TLS_ECDHE_", "TLS_DHE_"))


def _bits(named: str | None) -> int:
    number = (named or "").rpartition("-")[2]
    return int(number) if number.isdigit() else 0
