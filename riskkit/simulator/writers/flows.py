"""network/flows.csv and the tunnel to the readers at night: who sends what to whom."""

from __future__ import annotations

import base64

from riskkit.simulator.chance import digest
from riskkit.simulator.writers.pack import Custody, Pack

COLUMNS = (
    "source_system", "target_system", "protocol", "port", "purpose", "ephi", "crosses", "tunnel",
)  # fmt: skip

FLOWS = (
    ("ct1", "pacs1", "dicom", 104, "images from the CT", True, "internal", None),
    ("mr1", "pacs1", "dicom-tls", 2762, "images from the MR", True, "internal", None),
    ("ct1", "router1", "dicom-tls", 2762, "studies to be routed", True, "internal", None),
    ("router1", "pacs1", "dicom-tls", 2762, "routed studies", True, "internal", None),
    ("pacs1", "vna", "dicom-tls", 2762, "archive copies", True, "internal", None),
    ("viewer1", "pacs1", "dicomweb", 443, "images to the viewer", True, "internal", None),
    ("viewer1", "vna", "dicomweb", 8443, "priors to the viewer", True, "internal", None),
    ("referring practices", "viewer1", "https", 443, "referring physicians", True, "internet", None),
    ("EHR", "ris1", "mllp", 2575, "orders and patient updates", True, "internal", None),
    ("EHR", "ris1", "https", 443, "reports", True, "internal", None),
    ("pacs1", "backup1", "https", 8000, "copies for recovery", True, "internal", None),
    ("pacs1", "night readers", "dicom", None, "studies to be read at night", True, "vpn", "gateway1"),
    ("vna", "research cloud", "dicomweb", None, "research copies", None, "internet", None),
)
"""Two have no evidence at all: nobody scanned the partners."""

TUNNEL_HOURS = 3.0
"""Local hour on the last day at which both ends of the tunnel last agreed on keys."""


def write_flows(pack: Pack, seed: int) -> None:
    """Write network/flows.csv and network/tunnels/wg-show-gateway1.dump; the keys are made up."""
    drawn = Custody(
        "Imaging Informatics", pack.moment(50, 10), "asset register", "flows between ePHI systems",
        approved_by="Security Officer",
    )  # fmt: skip
    pack.table("network/flows.csv", COLUMNS, FLOWS, drawn)
    up = pack.moment(0, TUNNEL_HOURS)
    public, peer = (base64.b64encode(digest(seed, "wireguard", end)).decode() for end in ("here", "there"))
    lines = [
        f"wg0\t(hidden)\t{public}\t51820\toff",
        f"wg0\t{peer}\t(hidden)\t203.0.113.14:51820\t10.60.0.0/24\t{int(up.timestamp())}\t88120344\t51233\t25",
    ]
    exported = Custody("Infrastructure", pack.moment(0, TUNNEL_HOURS + 1), "gateway1", "wg show all dump")
    pack.text("network/tunnels/wg-show-gateway1.dump", "\n".join(lines) + "\n", exported)
