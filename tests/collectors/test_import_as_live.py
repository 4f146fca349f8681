"""The same facts give the same findings, whether riskkit scanned or a file of sslyze was brought in."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import packs

OWN = Path(__file__).parents[1] / "samples" / "sslyze_json" / "bed.json"
CAPTURED = packs.SHARED / "network" / "captured" / "local_bed_13endpoints_6.3.1.json"
LIVE = Path(__file__).parents[1] / "samples" / "sslyze_json" / "tls-scan-own-facts.json"


def document(path: Path) -> dict[str, Any]:
    if not path.is_file():
        pytest.skip(f"no {path.name}: the shared samples are not there")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def as_live(scanned: dict[str, Any]) -> dict[str, Any]:
    """A file of `riskkit collect tls` that saw exactly this: no groups, associations or chains of its own."""
    live = copy.deepcopy(document(LIVE))
    places = [one["server_location"] for one in scanned["server_scan_results"]]
    done = {one["server_location"]["port"]: one["scan_status"] for one in scanned["server_scan_results"]}
    live["endpoints"] = [
        {
            "endpoint_id": f"e{place['port']}", "host": place["hostname"], "port": place["port"],
            "ip": place["ip_address"], "protocol": "dicom-tls", "vantage": "internal", "status": "scanned",
            "reason": "", "confidence": "high", "seconds": 1.0, "facts": [],
        }
        for place in places
        if done[place["port"]] == "COMPLETED"
    ]  # fmt: skip
    return live | {"sslyze": scanned, "sslyze_with_certificate": None, "log": []}


def findings(folder: Path, scan: dict[str, Any]) -> dict[str, list[tuple[str, ...]]]:
    """What each check of transmission says of each listener of a pack with this scan alone."""
    places = [one["server_location"] for one in scan.get("sslyze", scan)["server_scan_results"]]
    network = folder / "network"
    (network / "scans").mkdir(parents=True)
    (network / "scans" / "scan.json").write_text(json.dumps(scan))
    rows = [
        {
            "endpoint_id": f"e{place['port']}", "system_id": "pacs", "host": place["hostname"],
            "port": place["port"], "protocol": "dicom-tls", "ephi": True, "vantage": "internal",
            "approved_by": "Security Officer", "trust": "private",
        }
        for place in places
    ]  # fmt: skip
    permitted = {"authorization": {"by": "S", "date": "2026-11-20", "reference": "CHG-118"}}
    (network / "endpoints.yaml").write_text(yaml.safe_dump(permitted | {"endpoints": rows}))
    site = {"organisation": "Made", "synthetic": True, "timezone": "UTC", "period": "2026-12"}
    (folder / "site.yaml").write_text(yaml.safe_dump(site))
    said = packs.assess(folder, folder / "work")
    return {
        outcome["check"]: sorted(
            tuple(str(one[part]) for part in ("subject", "result", "severity", "observed", "message"))
            for one in outcome["verdicts"]
            if not one["engine"]
        )
        for outcome in said["outcomes"]
        if outcome["check"].startswith("transmission.")
    }


@pytest.mark.parametrize("path", [OWN, CAPTURED], ids=["sample", "captured"])
def test_the_same_facts_give_the_same_findings(tmp_path: Path, path: Path) -> None:
    """Every check of transmission says the same of every listener, to the word."""
    scanned = document(path)
    imported = findings(tmp_path / "imported", scanned)
    live = findings(tmp_path / "live", as_live(scanned))
    assert sum(len(said) for said in imported.values()) > 20
    assert live == imported
