"""The documentation site builds without the network, and its tutorial works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packs import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_nobody(tmp_path: Path) -> None:
    """No warning, every page in the navigation, and no script, style, font or picture from outside."""
    pytest.importorskip("material", reason="mkdocs-material is not installed: the site is not built")
    nowhere = "http://127.0.0.1:9"
    quiet = os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "https_proxy": nowhere,
        "http_proxy": nowhere,
    }
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT, env=quiet, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "not included in the" not in run.stderr, run.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=[\"']?([^\"' >]+)", text)
        loaded += re.findall(
            r"<link[^>]*\brel=[\"']?(?:stylesheet|icon|preload|preconnect)[^>]*\bhref=[\"']?([^\"' >]+)",
            text,
        )
        assert not [one for one in loaded if re.match(r"(?:https?:)?//", one)], page.name


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path) -> None:
    """All its commands, in an empty folder, from top to bottom: a report stands at the end, and verifies."""
    script = "\n".join(re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), flags=re.DOTALL))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "riskkit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m riskkit "$@"\n')
    (tmp_path / "bin" / "riskkit").chmod(0o755)
    (tmp_path / "empty").mkdir()
    paths = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path / "empty", env=os.environ | paths,
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    folder = tmp_path / "empty"
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "My hospital" in page
    assert "could not be made" not in page
    assert (folder / "pack" / "history" / "2026-10" / "findings.json").is_file()
    assert "5 read" in run.stdout
    assert list((folder / "requests").iterdir())
