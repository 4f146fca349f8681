"""One row per listener: what was declared of it, what was seen of it, and what its configuration says.

Of several observations of one fact one counts: an answer before an attempt without one, whatever was seen
before what is configured, then the newest, and of equally old ones a scan of riskkit or sslyze. So a
configuration never overrides a scan; where the two disagree, that is `drift`. A scan that writes no date
is as old as evidence.csv says, and older than all others when it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.custody_dates import exported
from riskkit.derived.denied_ephi import against_no_ephi
from riskkit.derived.drift import CONFIGURED, UNKNOWN, WITHOUT_TLS, drift_of
from riskkit.derived.inventory import system_names
from riskkit.derived.newest_leaves import NEVER, newest_leaves
from riskkit.derived.one_listener import one_listener
from riskkit.model import Moment, Rows
from riskkit.tables import records
from riskkit.words import amount

PROTOCOLS = ("ssl2_0", "ssl3_0", "tls1_0", "tls1_1", "tls1_2", "tls1_3")
"""From worst to best."""

HOLES = ("ccs", "heartbleed", "robot")
"""Known holes of TLS servers that a scan looks for."""

ANSWERED = frozenset({"tls", "not_tls"}) | WITHOUT_TLS
"""Values of `connectivity` of listeners that took the connection."""

REACHED = ANSWERED | {"reached"}
"""Values of `outside` of listeners that took the connection."""

NODE_PROTOCOLS = frozenset({"dicom", "dicom-tls", "mllp", "mllp-tls"})
"""Between nodes there is no log-in: the certificate is the only thing that tells who calls."""

PLAIN_PROTOCOLS = frozenset({"dicom", "http", "mllp"})
"""Protocols of endpoints.yaml whose encrypted form has a name of its own."""

FEATURES = ("compression", "early_data", "client_renegotiation", "secure_renegotiation", "ems",
            "fallback_scsv", "hsts")  # fmt: skip
"""Facts that are yes or no, as profiles name them."""

INTERNAL, EXTERNAL = "internal", "external"

OLD_DAYS = 365
"""Our own choice: what a look ruled out longer ago than a year is not known any more."""

GOOD = frozenset({"rejected", "not_vulnerable", "required", "valid", "no"})
"""Values, case folded, that rule something out."""

CLOSED = frozenset({"refused", "timeout"})
LONG_AGO = "looked_at_long_ago"

LIVE = frozenset({"riskkit", "sslyze"})

_GROUP_NAMES = {"secp256r1": "prime256v1", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
_ANY_AET: Mapping[str | None, str] = {"accepted": "yes", "rejected": "no"}

PLACE = pa.struct([("source", pa.string()), ("offset", pa.int64()), ("n", pa.int64())])

SCHEMA = pa.schema(
    [
        ("endpoint_id", pa.string()),  # null: observed, but not in endpoints.yaml
        ("system_id", pa.string()),
        ("host", pa.string()),
        ("port", pa.int64()),
        ("names", pa.string()),  # hosts under which it was declared, seen or configured, joined by |
        ("declared", pa.string()),  # protocol of endpoints.yaml
        ("ephi", pa.bool_()),  # null: not told, or told in two ways
        ("ephi_against", pa.string()),  # what speaks against a declared no
        ("observations", pa.int64()),
        ("observed_at", pa.timestamp("us", tz="UTC")),
        ("old_days", pa.int64()),  # since the last look, where that is more than OLD_DAYS
        ("connectivity", pa.string()),  # null: never observed
        ("connectivity_reason", pa.string()),
        ("accepted", pa.string()),  # protocol versions, worst first, joined by |
        ("not_known", pa.string()),  # versions of which nothing is known, likewise
        ("worst", pa.string()),
        ("best", pa.string()),
        ("suites", pa.string()),  # accepted cipher suites, sorted, joined by |
        ("suites_not_known", pa.string()),  # accepted versions whose suites are not all known, likewise
        ("vulnerable", pa.string()),  # known holes that were found, likewise
        ("holes_not_known", pa.string()),  # known holes of which nothing is known, likewise
        ("groups", pa.string()),  # accepted key exchange groups, likewise
        ("groups_refused", pa.string()),  # groups that were tried and refused, likewise
        ("groups_known", pa.bool_()),  # whether a scan listed them
        ("features", pa.string()),  # FEATURES that are there, likewise
        ("features_not_known", pa.string()),
        ("exchange_keys", pa.string()),  # shortest finite-field key exchange, such as DH-2048
        ("any_aet", pa.string()),  # yes: a DICOM association of any caller is taken
        ("chain_strict", pa.string()),  # valid or invalid by RFC 5280 against the trust anchor
        ("chain_openssl", pa.string()),  # likewise as OpenSSL sees it
        ("chain_public", pa.string()),  # likewise against the public authorities
        ("chain_reason", pa.string()),
        ("stapled", pa.string()),  # yes: it sends an answer about revocation along
        ("software", pa.string()),  # what it says that it is
        # `connectivity` as seen from outside; reached: it took a connection, and what it speaks is not known;
        # null: never looked from there
        ("outside", pa.string()),
        ("client_auth", pa.string()),
        ("client_auth_reason", pa.string()),
        ("configured", pa.string()),  # keys whose value is known from a configuration alone, joined by |
        ("compared", pa.int64()),  # facts that a configuration and a scan tell; null: no configuration
        ("drift", pa.string()),  # what the two disagree on, joined by |
        ("drift_is_worse", pa.bool_()),  # the scan saw less protection than is configured
        ("rests_on", pa.list_(PLACE)),  # one observation of each file that the row rests on, newest first
        ("configured_in", pa.list_(PLACE)),  # likewise of the configurations
    ]
)


@derive(
    name="channels",
    doc="One row per listener, declared in endpoints.yaml or only observed: system, whether it "
    "carries ePHI, connectivity, the worst and best protocol version and the suites that it accepts, "
    "known holes, and whether it asks clients for a certificate. The newest answer counts, a configuration "
    "only where no scan answered; `drift` says where a configuration and a scan disagree. That a listener "
    "carries no ePHI is not believed against flows.csv, nor of a node that speaks DICOM or HL7 and whose "
    "system holds ePHI. Names and addresses that the inventory lists for one system are one listener on one "
    "port where what was seen of them agrees.",
)
def channels(
    channel_observations: pd.DataFrame,
    endpoints: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    flows: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    certificates: pd.DataFrame | None,
    *,
    at: Moment,
) -> pd.DataFrame:
    """Join endpoints with observations by host (whatever its case) and port, and names of one listener."""
    dated = _dated(exported(custody))

    def old_days(one: Any) -> int | None:
        when = dated(one)
        days = None if when == NEVER else at.age_days(when)
        return days if days is not None and days > OLD_DAYS else None

    declared = [] if endpoints is None else list(records(endpoints))
    known: dict[tuple[str, int], Any] = {}
    for point in declared:
        known.setdefault((point.host.casefold(), point.port), point)

    def outside(one: Any) -> bool:
        point = known.get((one.host.casefold(), one.port))
        vantage = one.vantage or (point.vantage if point else None) or INTERNAL
        return vantage == EXTERNAL and one.tool != CONFIGURED

    seen: dict[tuple[str, int], list[Any]] = {}
    looked: dict[tuple[str, int], str] = {}
    answers: dict[tuple[str, int, str], str] = {}
    ordered = sorted(
        records(channel_observations),
        key=lambda one: _precedence(one, dated(one), at.as_of, outside=outside(one)),
    )
    for one in ordered:
        place = one.host.casefold(), one.port
        seen.setdefault(place, []).append(one)
        if one.key == "answer" and outside(one):
            answers[(*place, one.source)] = one.value
    for one in sorted(ordered, key=lambda one: (one.value != UNKNOWN, dated(one))):
        if one.key == "connectivity" and outside(one):
            place = one.host.casefold(), one.port
            found = _from_outside(one.value, answers.get((*place, one.source)))
            looked[place] = LONG_AGO if found in CLOSED and old_days(one) else found
    rows = [
        _row(point, seen.get(place, []), dated, old_days, looked.get(place)) for place, point in known.items()
    ]
    rows += [
        _row(None, seen[key], dated, old_days, looked.get(key)) for key in sorted(seen.keys() - known.keys())
    ]
    if systems is not None:
        leaves = {} if certificates is None else newest_leaves(certificates, exported(custody))
        prints = {place: leaf.sha256 or f"{leaf.source} {leaf.offset}" for place, leaf in leaves.items()}
        order = {id(one): number for number, one in enumerate(ordered)}
        joined = one_listener(rows, systems, prints)
        rows = [_with_drift(row, places, seen, order) for row, places in joined]
    rows = _believed(rows, flows, systems)
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _with_drift(
    row: dict[str, Any],
    places: list[tuple[str, int]],
    seen: Mapping[tuple[str, int], list[Any]],
    order: Mapping[int, int],
) -> dict[str, Any]:
    """The row, with what it lacks of scan or configuration taken from the other names of its host."""
    own = {(name.casefold(), row["port"]) for name in row["names"].split("|")}
    mine = [one for place in own for one in seen.get(place, ())]
    rest = [one for place in places if place not in own for one in seen.get(place, ())]
    for is_config in (True, False):
        if not any((one.tool == CONFIGURED) is is_config for one in mine):
            mine += [one for one in rest if (one.tool == CONFIGURED) is is_config]
    if not row["observations"]:
        return row
    compared, drift, is_worse = drift_of(sorted(mine, key=lambda one: order[id(one)]))
    return {**row, "compared": compared, "drift": _joined(drift), "drift_is_worse": is_worse}


def _believed(
    rows: list[dict[str, Any]], flows: pd.DataFrame | None, systems: pd.DataFrame | None
) -> list[dict[str, Any]]:
    """The rows, with `ephi` unknown where other evidence speaks against a declared no."""
    names = system_names(systems)
    told = [] if flows is None else list(records(flows))
    holds = {} if systems is None else {one.system_id.casefold(): one.holds_ephi for one in records(systems)}
    believed = []
    for row in rows:
        against = row["ephi"] is False and against_no_ephi(
            SimpleNamespace(**row), speaks=_speaks(row), flows=told, holds_ephi=holds, names=names
        )
        believed.append({**row, "ephi": None, "ephi_against": against} if against else row)
    return believed


def _speaks(row: Mapping[str, Any]) -> str | None:
    """The protocol between nodes that a listener speaks, as it is declared or was seen."""
    if row["declared"] in NODE_PROTOCOLS:
        return str(row["declared"])
    return "dicom" if row["any_aet"] else None


def _dated(of: Callable[[str], datetime | None]) -> Callable[[Any], datetime]:
    return lambda one: one.observed_at or of(one.source) or NEVER


def _from_outside(value: str, answer: str | None) -> str:
    """What a look from outside came to; what it got from a TLS hello shows that the port took a connection.

    A scan that gave up may be told as `timeout` or `skipped` too: that is no closed port.
    """
    if value in ANSWERED or answer is None:
        return value
    return "tls" if answer == "tls" else "reached"


def _precedence(one: Any, at: datetime, end: datetime, *, outside: bool) -> tuple[Any, ...]:
    """The last of one fact counts; the source ends every tie.

    That nothing came through from outside says nothing of the listener itself, and what a look after the
    period rules out, nothing of the period.
    """
    is_default = one.confidence == "low"
    place = one.source or "", one.offset or 0, one.n or 0
    behind = outside and one.key == "connectivity" and one.value not in ANSWERED
    answered, seen = one.value != UNKNOWN and not behind, one.tool != CONFIGURED
    later = one.observed_at is not None and one.observed_at > end and one.value.casefold() in GOOD
    return answered, seen, not is_default, not later, at, one.tool in LIVE, one.tool, place


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


def _row(
    point: Any | None,
    seen: list[Any],
    dated: Callable[[Any], datetime],
    old_days: Callable[[Any], int | None],
    outside: str | None,
) -> dict[str, Any]:
    facts = {
        one.key: one._replace(value=UNKNOWN, reason="it was looked at too long ago")
        if one.value.casefold() in GOOD and old_days(one)
        else one
        for one in seen
    }
    by_version = {version: _value(facts, f"protocol.{version}") for version in PROTOCOLS}
    accepted = [version for version, value in by_version.items() if value == "accepted"]
    suites, suites_not_known = _suites(facts, accepted)
    used = _used(facts, accepted)
    newest = max(used.values(), key=dated, default=None)
    compared, drift, is_worse = drift_of(seen)
    return {
        "endpoint_id": point and point.endpoint_id,
        "system_id": point and point.system_id,
        "host": point.host if point else newest and newest.host,
        "port": point.port if point else newest and newest.port,
        "names": point.host if point else newest and newest.host,
        "scanned": {key for key, one in used.items() if one.tool != CONFIGURED and one.value != UNKNOWN},
        "declared": point and point.protocol,
        "ephi": point and point.ephi,
        "observations": len(facts),
        "observed_at": newest and newest.observed_at,
        "old_days": newest and old_days(newest),
        "connectivity": _value(facts, "connectivity"),
        "connectivity_reason": _reason(facts, "connectivity"),
        "accepted": _joined(accepted),
        "not_known": _joined(
            version for version, value in by_version.items() if value not in {"accepted", "rejected"}
        ),
        "worst": accepted[0] if accepted else None,
        "best": accepted[-1] if accepted else None,
        "suites": _joined(sorted(suites)),
        "suites_not_known": _joined(suites_not_known),
        "vulnerable": _joined(hole for hole in HOLES if _value(facts, hole) == "vulnerable"),
        "holes_not_known": _joined(
            hole for hole in HOLES if _value(facts, hole) not in {"vulnerable", "not_vulnerable"}
        ),
        **_more(facts),
        "outside": outside,
        "client_auth": _client_auth(facts),
        "client_auth_reason": _client_auth_reason(facts),
        "configured": _joined(
            sorted(key for key, one in used.items() if one.tool == CONFIGURED and one.value != UNKNOWN)
        ),
        "compared": compared,
        "drift": _joined(drift),
        "drift_is_worse": is_worse,
        "rests_on": _places(used.values(), dated),
        "configured_in": _places([one for one in seen if one.tool == CONFIGURED], dated),
    }


def _more(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What profiles ask for besides versions and suites."""
    groups: dict[str, str] = {}
    for key, one in facts.items():
        kind, _, name = key.partition(".")
        if kind in {"curve", "group"} and groups.get(_GROUP_NAMES.get(name, name)) != "accepted":
            groups[_GROUP_NAMES.get(name, name)] = one.value
    told = {name: _value(facts, name) for name in FEATURES}
    chains = [facts[key] for key in ("chain.strict", "chain.openssl", "chain.public") if key in facts]
    return {
        "groups": _joined(sorted(name for name, value in groups.items() if value == "accepted")),
        "groups_refused": _joined(sorted(name for name, value in groups.items() if value == "rejected")),
        "groups_known": any(
            key.startswith("curve.") and one.value == "accepted" for key, one in facts.items()
        ),
        "features": _joined(sorted(name for name, value in told.items() if value == "yes")),
        "features_not_known": _joined(
            sorted(name for name, value in told.items() if value not in {"yes", "no"})
        ),
        "exchange_keys": _value(facts, "exchange_keys"),
        "any_aet": _value(facts, "dicom.any_aet") or _ANY_AET.get(_value(facts, "dicom.unknown_calling")),
        "chain_strict": _value(facts, "chain.strict"),
        "chain_openssl": _value(facts, "chain.openssl"),
        "chain_public": _value(facts, "chain.public"),
        "chain_reason": next((one.reason or one.detail for one in chains if one.reason or one.detail), None),
        "stapled": _value(facts, "stapled"),
        "software": _value(facts, "dicom.implementation") or _value(facts, "software"),
    }


def _client_auth(facts: Mapping[str, Any]) -> str | None:
    """Whether clients must show a certificate; some ask in the handshake and refuse only after it.

    That a connection was closed after the handshake shows it only where one with a certificate was not.
    """
    asked = _value(facts, "mtls.client_auth")
    if (asked or "").upper() != "OPTIONAL":
        return asked
    if _value(facts, "http.without_certificate") == "refused":
        return "REQUIRED"
    if _value(facts, "handshake.without_certificate") == "closed":
        return "REQUIRED" if _value(facts, "client_certificate") == "accepted" else UNKNOWN
    return asked


def _client_auth_reason(facts: Mapping[str, Any]) -> str | None:
    """Why `_client_auth` is unknown."""
    closed = _value(facts, "handshake.without_certificate") == "closed"
    if closed and (_value(facts, "mtls.client_auth") or "").upper() == "OPTIONAL":
        return "it closes the connection when none was shown, and no client certificate was tried"
    return _reason(facts, "mtls.client_auth")


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


def _suites(facts: Mapping[str, Any], accepted: list[str]) -> tuple[set[str], list[str]]:
    """The suites of the accepted versions, and the versions whose suites are not all known.

    Only the files count that say what is accepted: a suite that an older one names was switched off.
    """
    told = {facts[f"protocol.{version}"].source for version in accepted}
    found = {
        key.removeprefix("suite."): one.detail or ""
        for key, one in facts.items()
        if key.startswith("suite.") and one.value == "accepted" and (one.source in told or not told)
    }
    versions = [set(filter(None, detail.split("|"))) for detail in found.values()]
    by_version = bool(versions) and all(versions)
    missing = [
        version
        for version in accepted
        if _source(facts, f"suites.{version}") in told
        or (by_version and not any(version in one for one in versions))
    ]
    return set(found), missing


def _used(facts: Mapping[str, Any], accepted: list[str]) -> dict[str, Any]:
    """The facts on which a row rests: of a configuration only those that no scan tells better."""
    told = {facts[f"protocol.{version}"].source for version in accepted}
    return {
        key: one
        for key, one in facts.items()
        if one.tool != CONFIGURED
        or (one.value != UNKNOWN and (not key.startswith("suite") or one.source in told))
    } or dict(facts)


def _places(seen: Iterable[Any], dated: Callable[[Any], datetime]) -> list[dict[str, Any]]:
    """The first observation of each file, newest file first."""
    first: dict[str, Any] = {}
    for one in sorted(seen, key=lambda one: (one.source, one.offset or 0, one.n or 0)):
        first.setdefault(one.source, one)
    ordered = sorted(first.values(), key=lambda one: (dated(one), one.source), reverse=True)
    return [{"source": one.source, "offset": one.offset, "n": one.n} for one in ordered]


def _value(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].value if key in facts else None


def _source(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].source if key in facts else None


def _reason(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].reason if key in facts else None


def _joined(versions: Iterable[str]) -> str:
    return "|".join(versions)
