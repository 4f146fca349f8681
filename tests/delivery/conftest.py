"""A small report, put together by hand, and a certificate authority of the tests' own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from riskkit.report.folder import canonical, write
from riskkit.report.manifest import SCHEMA
from riskkit.report.render import Content, Edition, Part, page
from tests import bed

EDITION = Edition(
    organisation="Example Hospital",
    period="2026-10",
    day="31 October 2026",
    selection="",
    scope="The archive",
    not_covered=(),
    confidentiality="For the security committee",
    synthetic=False,
    version="0",
    catalog="0",
)
BODY = (
    '<h1>Where we stand</h1><div class="onepage"><section class="wide"><h3>Risks</h3><p>Four of nine.</p>'
    '<table class="table"><tr><th scope="col">risk</th></tr><tr><td>Blizzard</td></tr></table></section>'
    '<section class="tall"><h3>Changed</h3><ul><li>Nothing</li></ul></section>'
    "<section><h3>Asked</h3></section>"
    '</div><p>See <a href="01_audit_trail.html#gaps">the trail</a> and <a href="#main">above</a>.</p>'
    '<dl class="facts"><dt>Owner</dt><dd>Facilities</dd></dl>'
    '<figure><svg viewBox="0 0 400 100" width="500" role="img" aria-label="A line" style="height:auto">'
    '<rect width="400" height="100" fill="#0072b2"/></svg><figcaption>Figure</figcaption></figure>'
)


def seal(folder: Path) -> None:
    """Write the manifest of what lies in a folder."""
    outputs = {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }
    stated = {
        "schema": SCHEMA,
        "riskkit": "0",
        "organisation": "Example Hospital",
        "period": "2026-10",
        "as_of": "2026-11-01T05:00:00+00:00",
        "inputs": {},
        "outputs": outputs,
        "previous": None,
    }
    write(folder / "manifest.json", canonical(stated))


@pytest.fixture
def make_small_report(tmp_path: Path) -> Callable[..., Path]:
    """Write a report of two pages; `reason` says what became of the second."""

    def make(reason: str = "", subject: str = "user-3F9A2C71", body: str = BODY) -> Path:
        folder = tmp_path / "reports" / "2026-10"
        folder.mkdir(parents=True)
        parts = [Part("00_leadership_report"), Part("01_audit_trail", reason)]
        contents = [Content(body, "Where we stand"), None if reason else Content("<h1>Trail</h1>", "Trail")]
        for part, content in zip(parts, contents, strict=True):
            write(folder / part.file, page(part, parts, EDITION, content).encode())
        verdict = {"engine": False, "subject": subject, "fingerprint": "3ace2ce34df7807b"}
        outcomes = [{"check": "access.dormant_account", "verdicts": [verdict]}]
        write(folder / "findings.json", json.dumps({"outcomes": outcomes}).encode())
        seal(folder)
        return folder

    return make


@pytest.fixture
def report(make_small_report: Callable[..., Path]) -> Path:
    """A complete report."""
    return make_small_report()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> bed.Authority:
    """Made once; it signs for 127.0.0.1."""
    return bed.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: bed.Authority) -> Path:
    """Of a mail server on loopback."""
    return authority.issue("postbox")
