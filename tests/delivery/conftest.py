"""Small reports, made as all are, and a certificate authority of the tests' own."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests import bed
from tests.packs import riskkit

SITE = """organisation: Example Hospital
synthetic: true
period: '2026-10'
timezone: America/Chicago
scope: The archive
confidentiality: For the security committee
"""
PARAMETERS = """pack: str = "data/samples"  # the evidence pack
period: str | None = None  # month or quarter
work: str | None = None  # work folder"""
MARK = """from IPython.display import display
display({"application/vnd.riskkit.completed+json": {"completed": True}}, raw=True)"""
BODY = (
    '<div class="onepage"><section class="wide"><h3>Risks</h3><p>Four of nine.</p>'
    '<table class="table"><tr><th scope="col">risk</th></tr><tr><td>Blizzard</td></tr></table></section>'
    '<section class="tall"><h3>Changed</h3><ul><li>Nothing</li></ul></section>'
    "<section><h3>Asked</h3></section>"
    '</div><p>See <a href="01_audit_trail.html#gaps">the trail</a> and <a href="#main">above</a>.</p>'
    '<dl class="facts"><dt>Owner</dt><dd>Facilities</dd></dl>'
    '<figure><svg viewBox="0 0 400 100" width="500" role="img" aria-label="A line" style="height:auto">'
    '<rect width="400" height="100" fill="#0072b2"/></svg><figcaption>Figure</figcaption></figure>'
)


def made_in(root: Path, second: str) -> Path:
    """A report of two pages; `second` is the code of the notebook behind the other page."""
    (root / "pack").mkdir()
    (root / "pack" / "site.yaml").write_text(SITE)
    (root / "notebooks").mkdir()
    codes = {
        "00_leadership_report": f"from IPython.display import HTML\nHTML({BODY!r})",
        "01_audit_trail": second,
    }
    for name, code in codes.items():
        cells = [
            new_markdown_cell(f"# {name}"),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            new_code_cell(code),
            new_code_cell(MARK),
        ]
        nbformat.write(new_notebook(cells=cells), root / "notebooks" / f"{name}.ipynb")
    out = root / "reports" / "2026-10"
    done = riskkit(
        "report", root / "pack", "--out", out, "--notebooks", root / "notebooks", "--fail-on", "never"
    )
    assert (out / "manifest.json").is_file(), done.stderr
    return out


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, as it takes kernels; tests get copies."""
    return made_in(tmp_path_factory.mktemp("complete"), "x = 1")


@pytest.fixture(scope="session")
def incomplete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of which one part failed."""
    return made_in(tmp_path_factory.mktemp("incomplete"), "1 / 0")


@pytest.fixture
def report(complete: Path, tmp_path: Path) -> Path:
    """A complete report that the test may spoil, with its run record."""
    shutil.copytree(complete.parent, tmp_path / "reports")
    return tmp_path / "reports" / "2026-10"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> bed.Authority:
    """Made once; it signs for 127.0.0.1."""
    return bed.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: bed.Authority) -> Path:
    """Of a mail server on loopback."""
    return authority.issue("postbox")
