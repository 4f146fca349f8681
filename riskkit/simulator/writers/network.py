"""network/: the listeners that may be probed, and what two scans saw of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from riskkit.simulator.hospital import SYSTEMS
from riskkit.simulator.writers.listeners import LISTENERS, OLD, Listener
from riskkit.simulator.writers.pack import Custody, Pack
from riskkit.simulator.writers.sslyze import server_result

SSLYZE_VERSION = "6.3.1"
TOOL_VERSION = "0.1.0"
SCANNER_IP = "10.20.3.9"

REPAIRED = "ris1-https"
"""Spoke old versions too in the first of the two scans."""
SCANS = ((37, "first"), (9, "second"))  # days before the end


def write_network(pack: Pack, seed: int) -> None:
    """Write network/endpoints.yaml and network/scans/tls-*.json."""
    custody = Custody(
        "Imaging Informatics", pack.moment(50, 9), "asset register", "listeners of ePHI systems",
        approved_by="Security Officer",
    )  # fmt: skip
    approved = _endpoints(pack)
    pack.text("network/endpoints.yaml", approved, custody)
    sha256 = hashlib.sha256(approved.encode()).hexdigest()
    for back, which in SCANS:
        listeners = [
            replace(one, accepts=OLD) if one.id == REPAIRED and which == "first" else one for one in LISTENERS
        ]
        at = pack.moment(back, 21.5)
        custody = Custody(
            "Infrastructure", at + timedelta(minutes=20), "scan1", "riskkit collect tls",
            approved_by="Security Officer",
        )  # fmt: skip
        document = json.dumps(_scan(pack, seed, listeners, at, sha256), indent=1)
        pack.text(f"network/scans/tls-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.json", document, custody)


def _endpoints(pack: Pack) -> str:
    entries = [
        {
            "endpoint_id": one.id,
            "system_id": one.system,
            "host": SYSTEMS[one.system].host,
            "port": one.port,
            "protocol": one.protocol,
            "ephi": True,
            "vantage": one.vantage,
            "owner": SYSTEMS[one.system].owner,
            "approved_by": "Security Officer",
            "scan_level": one.level,
        }
        for one in LISTENERS
    ]
    begins, ends = pack.moment(max(back for back, _ in SCANS), 21), pack.moment(0, 6)
    content = {
        "authorization": {
            "by": "Security Officer",
            "date": pack.span.back(52),
            "reference": "CHG-2231",
        },
        "window_start": begins,
        "window_end": ends,
        "vantage": "internal",
        "allowed_networks": ["10.20.0.0/16"],
        "endpoints": entries,
    }
    head = f"# What may be probed, approved on {pack.span.back(52)}.\n"
    return head + yaml.safe_dump(content, sort_keys=False)


def _scan(
    pack: Pack, seed: int, listeners: Sequence[Listener], at: datetime, approved_sha256: str
) -> dict[str, Any]:
    rows, results, log, now = [], [], [], at
    for one in listeners:
        seconds = {"scanned": 1.7, "not_tls": 2.0}.get(one.status, 0.02)
        rows.append(
            {
                "endpoint_id": one.id,
                "host": SYSTEMS[one.system].host,
                "port": one.port,
                "ip": None if one.status == "skipped" else SYSTEMS[one.system].ip,
                "status": one.status,
                "reason": one.reason,
                "seconds": seconds,
            }
        )
        if one.accepts:
            results.append(server_result(pack, seed, one))
        log += [_connection(one, what, now) for what in _connections(one)]
        now += timedelta(seconds=seconds)
    return {
        "riskkit_tls_scan": 1,
        "started_at": _utc(at),
        "finished_at": _utc(now),
        "tool_version": TOOL_VERSION,
        "operator": "scanner@scan1",
        "authority": {"file": "endpoints.yaml", "sha256": approved_sha256},
        "endpoints": rows,
        "log": log,
        "sslyze": {
            "invalid_server_strings": [],
            "server_scan_results": results,
            "date_scans_started": _utc(at),
            "date_scans_completed": _utc(now),
            "sslyze_version": SSLYZE_VERSION,
            "sslyze_url": "https://github.com/nabla-c0d3/sslyze",
        },
    }


def _connections(one: Listener) -> tuple[str, ...]:
    if one.status == "skipped":
        return ()
    return ("preflight", "sslyze") if one.status == "scanned" else ("preflight",)


def _connection(one: Listener, what: str, at: datetime) -> dict[str, Any]:
    return {
        "at": _utc(at),
        "seconds": 1.6 if what == "sslyze" else 0.02,
        "what": what,
        "endpoint_id": one.id,
        "from": SCANNER_IP,
        "to": SYSTEMS[one.system].ip,
        "port": one.port,
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
