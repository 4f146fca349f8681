"""What the catalog says to change in nginx, DCMTK and Orthanc, tried on those very servers.

Each listener is looked at as it was found, the lines are applied as they stand in the catalog (paths, ports
and peers replaced), and it is looked at again: the finding must be gone, and not merely unknown.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from riskkit.catalog.transmission import load_products
from riskkit.collectors import collect_tls
from tests import packs
from tests.bed import Authority, Listener, programs
from tests.bed.whole import APPROVAL, Row, write_pack

pytestmark = pytest.mark.slow

Start = Callable[[Authority], Listener]
LEGACY = ["ssl_protocols TLSv1 TLSv1.1 TLSv1.2;", "ssl_ciphers ALL:@SECLEVEL=0;"]
DICOM = {"protocol": "dicom-tls", "dicom_probe": True, "owner_approval": APPROVAL}


@dataclass(frozen=True)
class Case:
    """One remedy: the server as found, and with the catalog's lines."""

    product: str
    check: str
    found: Start
    changed: Start
    row: Row

    @property
    def name(self) -> str:
        """As an endpoint and a test are called."""
        return f"{self.product}-{self.check}"


def lines_of(product: str, check: str) -> list[str]:
    """The catalog's lines for a finding."""
    (found,) = (one for one in load_products() if one.id == product)
    change = found.change(f"transmission.{check}")
    assert change, (product, check)
    return list(change.lines)


# ---------------------------------------------------------------- nginx


def nginx(*lines: str, tls: bool = True) -> Start:
    """A server block with these lines, of the catalog or of the site."""

    def start(authority: Authority) -> Listener:
        pem = str(authority.issue("nginx"))
        places = {
            "/etc/nginx/tls/pacs.crt": pem, "/etc/nginx/tls/pacs.key": pem,
            "/etc/nginx/tls/nodes.crt": str(authority.anchor), "resolver 10.0.0.53": "resolver 127.0.0.1",
        }  # fmt: skip
        own = [f"listen 443 ssl; ssl_certificate {pem}; ssl_certificate_key {pem};"] if tls else []
        return programs.nginx_server(authority, [_replaced(line, places) for line in (*own, *lines)])

    return start


def of_this_server(lines: list[str]) -> list[str]:
    """Without what belongs into another server block."""
    other = next((number for number, line in enumerate(lines) if line.startswith("#")), len(lines))
    return lines[:other]


# ---------------------------------------------------------------- DCMTK


def storescp(*options: str) -> Start:
    """storescp as found."""

    def start(authority: Authority) -> Listener:
        pem = str(authority.issue("dcmtk"))
        tls = ["+tls", pem, pem, "+cf", str(authority.anchor)] if options else []
        return programs.storescp_as([*tls, *options, str(programs.free_port())])

    return start


def storescp_changed(check: str) -> Start:
    """storescp started as the catalog says."""

    def start(authority: Authority) -> Listener:
        pem = str(authority.issue("dcmtk"))
        places = {"server.key": pem, "server.crt": pem, "nodes.crt": str(authority.anchor)}
        (line,) = lines_of("dcmtk", check)
        words = [places.get(word, word) for word in shlex.split(line) if word != "..."]
        # The catalog's note: +pg needs 3.6.8, before it +py is the closest.
        words = [word if word != "+pg" or _has_pg() else "+py" for word in words]
        return programs.storescp_as([*words[1:-1], str(programs.free_port())])

    return start


def _has_pg() -> bool:
    told = subprocess.run([str(programs.found("storescp")), "--help"], capture_output=True, check=False)
    return b"+pg " in told.stdout


# ---------------------------------------------------------------- Orthanc


def orthanc(*, tls: bool, lines: tuple[str, ...] = ()) -> Start:
    """An Orthanc, with lines of orthanc.json."""

    def start(authority: Authority) -> Listener:
        pem = str(authority.issue("orthanc"))
        places = {
            "/etc/orthanc/tls/pacs.crt": pem, "/etc/orthanc/tls/pacs.key": pem,
            "/etc/orthanc/tls/nodes.crt": str(authority.anchor),
        }  # fmt: skip
        return programs.orthanc(authority, tls=tls, lines=[_replaced(line, places) for line in lines])

    return start


def _replaced(line: str, places: dict[str, str]) -> str:
    for old, new in places.items():
        line = line.replace(old, new)
    return line


HTTPS = {"protocol": "https"}
KNOWN_SENDER = '"DicomModalities": {"probe": ["RISKKIT", "127.0.0.1", 11112]},'
CASES = (
    Case("nginx", "plaintext", nginx(tls=False),
         nginx(*of_this_server(lines_of("nginx", "plaintext")), tls=False), HTTPS),
    Case("nginx", "legacy_tls", nginx(*LEGACY), nginx(*lines_of("nginx", "legacy_tls"), LEGACY[1]), HTTPS),
    Case("nginx", "weak_cipher", nginx(*LEGACY), nginx(LEGACY[0], *lines_of("nginx", "weak_cipher")), HTTPS),
    Case("nginx", "profile_prohibited", nginx(*LEGACY), nginx(*lines_of("nginx", "profile_prohibited")),
         HTTPS),
    Case("dcmtk", "plaintext", storescp(), storescp_changed("plaintext"), {"protocol": "dicom"}),
    Case("dcmtk", "legacy_tls", storescp("-ic", "+px"), storescp_changed("legacy_tls"),
         {"protocol": "dicom-tls"}),
    Case("dcmtk", "weak_cipher", storescp("-ic", "+pa"), storescp_changed("weak_cipher"),
         {"protocol": "dicom-tls"}),
    Case("dcmtk", "profile_prohibited", storescp("-ic", "+pa"), storescp_changed("profile_prohibited"),
         {"protocol": "dicom-tls"}),
    Case("dcmtk", "client_not_authenticated", storescp("-ic"), storescp_changed("client_not_authenticated"),
         {"protocol": "dicom-tls"}),
    Case("orthanc", "plaintext", orthanc(tls=False),
         orthanc(tls=False, lines=tuple(lines_of("orthanc", "plaintext"))), {"protocol": "dicom"}),
    Case("orthanc", "client_not_authenticated", orthanc(tls=True),
         orthanc(tls=True, lines=tuple(lines_of("orthanc", "client_not_authenticated"))),
         {"protocol": "dicom-tls"}),
    Case("orthanc", "any_ae_title", orthanc(tls=True),
         orthanc(tls=True, lines=(*lines_of("orthanc", "any_ae_title"), KNOWN_SENDER)),
         {**DICOM, "called_aet": programs.ARCHIVE_TITLE, "calling_aet": programs.KNOWN_TITLE}),
)  # fmt: skip
"""Not tried: what no server at hand can do (Orthanc's minimum version and suites need 1.12.4; client
certificates of nodes need nginx's stream module), OCSP stapling, which needs an authority that answers, and
dcmqrscp's list of peers, which the bed has as its archive."""


@dataclass(frozen=True)
class Told:
    """Result and message of each case's check, before and after."""

    found: dict[str, tuple[str, str]]
    changed: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    if why := programs.missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("remedies")
    return Told(looked_at(folder / "found", "found"), looked_at(folder / "changed", "changed"))


def looked_at(folder: Path, state: str) -> dict[str, tuple[str, str]]:
    """Start every server in a state, scan and assess; what the check of each case says."""
    (folder / "servers").mkdir(parents=True)
    authority = Authority(folder / "servers")
    with ExitStack() as stack:
        rows = {}
        for case in CASES:
            host, port = stack.enter_context(getattr(case, state)(authority))
            rows[case.name] = _row(case, host, port, authority)
        file = write_pack(folder / "pack", rows)
        collect_tls(file, folder / "pack", now=lambda: datetime.now(UTC), pause_s=0, timeout_s=60)
    outcomes = packs.outcomes(packs.assess(folder / "pack", folder / "work"))
    return {case.name: _said(outcomes, case, rows[case.name]) for case in CASES}


def _row(case: Case, host: str, port: int, authority: Authority) -> Row:
    return {
        "endpoint_id": case.name, "system_id": case.name, "host": host, "port": port, "ephi": True,
        "vantage": "internal", "approved_by": "Security Officer", "trust": "private",
        "trust_anchor": str(authority.anchor), **case.row,
    }  # fmt: skip


def _said(outcomes: dict[str, Any], case: Case, row: Row) -> tuple[str, str]:
    subject = f"{row['host']}:{row['port']}"
    for one in outcomes[f"transmission.{case.check}"]["verdicts"]:
        if one["subject"] == subject:
            return one["result"], one["message"]
    return "none", ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_finding_is_gone_after_the_change(told: Told, case: Case) -> None:
    """Found before, passed after: the line does what the catalog says, on the server that it names."""
    assert told.found[case.name][0] == "FAIL", told.found[case.name]
    assert told.changed[case.name][0] == "PASS", told.changed[case.name]
