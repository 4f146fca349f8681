"""The whole bed: one listener of every kind, as the rows of an endpoints.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests import bed
from tests.bed import Authority, programs

Row = dict[str, Any]
APPROVAL = "Head of imaging, 2026-11-20, CHG-118"
_DICOM = {"dicom_probe": True, "owner_approval": APPROVAL}
_KNOWN = {"called_aet": programs.ARCHIVE_TITLE, "calling_aet": programs.KNOWN_TITLE}


@contextmanager
def whole_bed(authority: Authority, *, slow_peers: bool = True) -> Iterator[dict[str, Row]]:
    """Start every listener; gives the rows of endpoints.yaml by endpoint_id.

    `slow_peers` leaves out, when false, those that only cost a scanner time.
    """
    shown = {"client_certificate": str(authority.issue("probe", client=True))}
    with ExitStack() as stack:
        rows: dict[str, Row] = {}

        def add(name: str, listener: bed.Listener | tuple[str, int], protocol: str, **columns: Any) -> None:
            place = listener if isinstance(listener, tuple) else stack.enter_context(listener)
            rows[name] = _row(name, place, protocol, columns)

        add("storescp-plain", programs.storescp(authority), "dicom", **_DICOM)
        add("storescp-tls", programs.storescp(authority, peers="-ic"), "dicom-tls", **_DICOM)
        add("storescp-mutual", programs.storescp(authority, peers="-rc"), "dicom-tls", **_DICOM, **shown)
        add("storescp-retired", programs.storescp(authority, peers="-ic", profile="+pa"), "dicom-tls")
        add("dcmqrscp-plain", programs.dcmqrscp(authority), "dicom", **_DICOM, **_KNOWN)
        archive = rows["dcmqrscp-plain"]["host"], rows["dcmqrscp-plain"]["port"]
        for name, mutual in (("dcmqrscp-tls", False), ("dcmqrscp-mutual", True)):
            front = bed.tls_front(authority, archive, mutual=mutual)
            add(name, front, "dicom-tls", **_DICOM, **_KNOWN, **(shown if mutual else {}))
        add("orthanc-plain", programs.orthanc(authority, tls=False), "dicom", **_DICOM)
        add("orthanc-tls", programs.orthanc(authority, tls=True), "dicom-tls", **_DICOM)
        add("orthanc-mutual", programs.orthanc(authority, tls=True, mutual=True), "dicom-tls", **shown)
        for name, place in stack.enter_context(programs.nginx(authority)).items():
            add(name, place, "http" if name == "nginx-plain" else "https", scan_level="full")
        rows["nginx-mutual"] |= shown
        add("closed", bed.closed(), "https")
        if slow_peers:
            add("hl7-silent", bed.silent(), "mllp")
            add("drip", bed.drip(b"\x16"), "dicom-tls")
            add("tls-drip", bed.tls_then_drip(), "dicom-tls")
        for row in rows.values():
            row["trust_anchor"] = str(authority.anchor)
        yield rows


def _row(name: str, place: tuple[str, int], protocol: str, columns: Row) -> Row:
    return {
        "endpoint_id": name,
        "system_id": name,
        "host": place[0],
        "port": place[1],
        "protocol": protocol,
        "ephi": True,
        "vantage": "internal",
        "owner": "Imaging Informatics",
        "approved_by": "Security Officer",
        "trust": "private",
        **columns,
    }


def write_pack(pack: Path, rows: dict[str, Row]) -> Path:
    """A pack with the inventory and endpoints.yaml of the rows; returns the latter."""
    now = datetime.now(UTC)
    (pack / "inventory").mkdir(parents=True, exist_ok=True)
    lines = [f"{name},{name},server,true,{row['host']}" for name, row in rows.items()]
    (pack / "inventory" / "systems.csv").write_text(
        "\n".join(["system_id,name,kind,holds_ephi,aliases", *lines]) + "\n"
    )
    (pack / "site.yaml").write_text(
        yaml.safe_dump(
            {"organisation": "Bed", "synthetic": True, "timezone": "UTC", "period": f"{now:%Y-%m}"}
        )
    )
    path = pack / "network" / "endpoints.yaml"
    path.parent.mkdir(exist_ok=True)
    content = {
        "authorization": {"by": "Security Officer", "date": f"{now:%Y-%m-%d}", "reference": "CHG-118"},
        "vantage": "internal",
        "window_start": (now - timedelta(hours=1)).isoformat(),
        "window_end": (now + timedelta(hours=8)).isoformat(),
        "allowed_networks": ["127.0.0.0/8"],
        "endpoints": list(rows.values()),
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
