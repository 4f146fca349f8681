"""One row per listener: what was declared of it, what was seen of it, and what its configuration says.

Of several observations of one fact one counts: an answer before an attempt without one, whatever was seen
before what is configured, then the newest, and of equally old ones a scan of riskkit or sslyze. So a
configuration never overrides a scan; where the two disagree, that is `drift`. A scan that writes no date
is as old as evidence.csv says, and older than all others when it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.channel_row import GOOD, joined, row_of
from riskkit.derived.custody_dates import exported
from riskkit.derived.denied_ephi import against_no_ephi
from riskkit.derived.drift import CONFIGURED, UNKNOWN, WITHOUT_TLS, drift_of
from riskkit.derived.inventory import system_names
from riskkit.derived.newest_leaves import NEVER, newest_leaves
from riskkit.derived.one_listener import one_listener
from riskkit.model import Moment
from riskkit.tables import records

ANSWERED = frozenset({"tls", "not_tls"}) | WITHOUT_TLS
"""Values of `connectivity` of listeners that took the connection."""

REACHED = ANSWERED | {"reached"}
"""Values of `outside` of listeners that took the connection."""

NODE_PROTOCOLS = frozenset({"dicom", "dicom-tls", "mllp", "mllp-tls"})
"""Between nodes there is no log-in: the certificate is the only thing that tells who calls."""

PLAIN_PROTOCOLS = frozenset({"dicom", "http", "mllp"})
"""Protocols of endpoints.yaml whose encrypted form has a name of its own."""

INTERNAL, EXTERNAL = "internal", "external"

OLD_DAYS = 365
"""Our own choice: what a look ruled out longer ago than a year is not known any more."""

CLOSED = frozenset({"refused", "timeout"})
LONG_AGO = "looked_at_long_ago"

LIVE = frozenset({"riskkit", "sslyze"})

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
        row_of(point, seen.get(place, []), dated, old_days, looked.get(place))
        for place, point in known.items()
    ]
    rows += [
        row_of(None, seen[key], dated, old_days, looked.get(key))
        for key in sorted(seen.keys() - known.keys())
    ]
    named: list[tuple[dict[str, Any], list[tuple[str, int]]]] = [(row, []) for row in rows]
    if systems is not None:
        leaves = {} if certificates is None else newest_leaves(certificates, exported(custody))
        prints = {place: leaf.sha256 or f"{leaf.source} {leaf.offset}" for place, leaf in leaves.items()}
        named = one_listener(rows, systems, prints)
    order = {id(one): number for number, one in enumerate(ordered)}
    rows = [_with_drift(row, places, seen, order) for row, places in named]
    rows = _believed(rows, flows, systems)
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _with_drift(
    row: dict[str, Any],
    places: list[tuple[str, int]],
    seen: Mapping[tuple[str, int], list[Any]],
    order: Mapping[int, int],
) -> dict[str, Any]:
    """The row and what its scans and configurations disagree on.

    What it lacks of either is taken from the other names of its host; of what nobody saw nothing is compared.
    """
    own = {(name.casefold(), row["port"]) for name in row["names"].split("|")}
    mine = [one for place in own for one in seen.get(place, ())]
    rest = [one for place in places if place not in own for one in seen.get(place, ())]
    for is_config in (True, False) if mine else ():
        if not any((one.tool == CONFIGURED) is is_config for one in mine):
            mine += [one for one in rest if (one.tool == CONFIGURED) is is_config]
    compared, drift, is_worse = drift_of(sorted(mine, key=lambda one: order[id(one)]))
    return {**row, "compared": compared, "drift": joined(drift), "drift_is_worse": is_worse}


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
