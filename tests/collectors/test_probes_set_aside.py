"""A scan of a real web server leaves lines in its log; they are set aside, and who came beside it is not."""

from __future__ import annotations

import http.client
import shutil
import ssl
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from riskkit.collectors import collect_tls
from tests import packs
from tests.bed import Authority, programs
from tests.bed.whole import write_pack

pytestmark = pytest.mark.slow

SCANNER, OTHER = "127.0.0.1", "127.0.0.2"
STUDY = "/dicom-web/studies/1.2.840.99"


def asked(place: tuple[str, int], path: str, address: str) -> int:
    """The status that somebody at an address gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(*place, context=context, source_address=(address, 0), timeout=5)
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def test_the_scan_is_set_aside_and_a_stranger_is_not(tmp_path: Path) -> None:
    """Lines of the scan raise nothing; a study opened meanwhile from elsewhere counts as an access, and one
    opened from the scanner's own address is a finding."""
    if why := programs.missing(["nginx"]):
        pytest.skip(why)
    servers, pack = tmp_path / "servers", tmp_path / "pack"
    servers.mkdir()
    authority = Authority(servers)
    pem, log = authority.issue("web"), servers / "access.log"
    lines = [f"listen 443 ssl; ssl_certificate {pem}; ssl_certificate_key {pem}; access_log {log} combined;"]
    with programs.nginx_server(authority, lines) as place:
        row = {
            "endpoint_id": "web", "system_id": "web", "host": place[0], "port": place[1], "ephi": True,
            "protocol": "dicomweb", "scan_level": "full", "approved_by": "S", "vantage": "internal",
        }  # fmt: skip
        file = write_pack(pack, {"web": row})
        collect_tls(file, pack, now=lambda: datetime.now(UTC), pause_s=0)
        assert asked(place, STUDY, OTHER) == 200
        quiet = log.read_text()
        assert asked(place, STUDY, SCANNER) == 200
    assert quiet.count(SCANNER) > 0
    for name, text in (("quiet", quiet), ("odd", log.read_text())):
        verdict, accesses = judged(tmp_path / name, pack, text)
        assert verdict["observed"] == f"{quiet.count(f'{SCANNER} ')} events set aside"
        if name == "quiet":
            assert (verdict["result"], accesses) == ("PASS", "1 of 1 access")
        else:
            assert (verdict["result"], accesses) == ("FAIL", "2 of 2 accesses")
            assert "1 event from the scanner did more than a scan" in verdict["message"]


def judged(folder: Path, pack: Path, log: str) -> tuple[dict[str, Any], str]:
    """What is said of the scan in this log, and how many accesses without a name remain."""
    shutil.copytree(pack, folder)
    (folder / "audit").mkdir()
    (folder / "audit" / "web.log").write_text(log)
    (folder / "audit" / "web.log.mapping.yaml").write_text("source_system: web\n")
    outcomes = packs.outcomes(packs.assess(folder, folder / "work"))
    (scan,) = (one for one in outcomes["audit.announced_scan"]["verdicts"] if not one["engine"])
    (open_to_all,) = (one for one in outcomes["audit.unattributed"]["verdicts"] if not one["engine"])
    return scan, open_to_all["observed"]
