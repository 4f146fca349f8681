"""The command line: verbs, exit codes and clear words."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from riskkit.cli.options import FAIL_ON
from riskkit.model import SEVERITIES
from tests.packs import copy_of_samples, riskkit


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return copy_of_samples(tmp_path / "pack")


def test_help_loads_nothing_heavy() -> None:
    """`--help` answers without pandas, DuckDB or papermill."""
    code = (
        "import sys\nfrom riskkit.cli import cli\n"
        "try: cli.main(['--help'], standalone_mode=False)\nexcept SystemExit: pass\n"
        "known = {'pandas', 'pyarrow', 'pydantic', 'duckdb', 'papermill', 'pydicom', 'matplotlib'}\n"
        "heavy = known & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_thresholds_are_the_severities() -> None:
    """`--fail-on` offers every severity, from the least to the worst."""
    assert (*SEVERITIES, "never") == FAIL_ON


def test_every_verb_explains_itself() -> None:
    """Each verb of the folder has a help text."""
    listed = riskkit("--help").stdout
    for path in (Path(__file__).parents[2] / "riskkit/cli/commands").glob("[a-z]*.py"):
        assert f"  {path.stem} " in listed
        assert riskkit(path.stem, "--help").returncode == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fail-on", "never"), 0),
        ((), 1),
        (("--fail-on", "low"), 1),
        (("--fail-on", "never", "--require", "vulnerability"), 2),
        (("--fail-on", "never", "--require", "audit"), 0),
        (("--period", "2026-13"), 2),
        (("--period", "2026-10", "--as-of", "2026-09-30"), 2),
    ],
)
def test_exit_codes(pack: Path, options: tuple[str, ...], code: int) -> None:
    """0 below the threshold, 1 findings, 2 no trustworthy result; 2 goes before 1."""
    done = riskkit("assess", pack, *options)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("timezone: America/Chikago", "America/Chikago.*IANA"),
        ("checks: {audit.gaps: {no_such: 1}}", "checks.audit.gaps.no_such: there is no such parameter"),
        ("checks: {audit.gap: {}}", "checks.audit.gap: there is no such check"),
        ("organisation: [", "not YAML at line"),
        ("freshness: 9", "freshness: unknown key"),
    ],
)
def test_wrong_settings_are_a_clear_word_and_exit_2(pack: Path, line: str, word: str) -> None:
    """The file, the key, what to do, and no traceback."""
    import re  # noqa: PLC0415 - only here

    settings = yaml.safe_load((pack / "site.yaml").read_text())
    settings.pop(line.partition(":")[0], None)
    (pack / "site.yaml").write_text(f"{yaml.safe_dump(settings)}{line}\n")
    done = riskkit("assess", pack)
    assert done.returncode == 2
    assert re.search(word, done.stderr), done.stderr
    assert "site.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_real_evidence_needs_a_key(pack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the site's key nothing is assessed, and the word says how to make one."""
    monkeypatch.setenv("RISKKIT_SITE_KEY", str(tmp_path / "site.key"))
    text = (pack / "site.yaml").read_text().replace("synthetic: true", "synthetic: false")
    (pack / "site.yaml").write_text(text)
    done = riskkit("assess", pack)
    assert (done.returncode, "riskkit key" in done.stderr) == (2, True)
    assert riskkit("key", tmp_path / "site.key").returncode == 0
    assert riskkit("assess", pack, "--fail-on", "never").returncode == 0


def test_json_is_findings(pack: Path) -> None:
    """--json prints what history keeps, without a name."""
    done = riskkit("assess", pack, "--json", "--fail-on", "never")
    findings = json.loads(done.stdout)
    assert findings["period"] == "2026-10"
    assert findings["outcomes"]


def test_explain(pack: Path) -> None:
    """A check, a citation, a risk and a finding are explained; anything else is a clear error."""
    findings = json.loads(riskkit("assess", pack, "--json", "--fail-on", "never").stdout)
    outcome = next(o for o in findings["outcomes"] if o["counts"]["FAIL"] and o["verdicts"][0]["rows"])
    verdict = next(v for v in outcome["verdicts"] if v["result"] == "FAIL" and v["rows"])
    for id_, word in (
        (outcome["check"], outcome["title"]),
        (outcome["controls"][0], "Evidence that suffices"),
        (outcome["controls"][0].removeprefix("45 CFR "), "Evidence that suffices"),
        (findings["risks"][0]["id"], "NIST SP 800-30r1"),
        (verdict["fingerprint"], "sha256"),
    ):
        done = riskkit("explain", id_, "--pack", pack)
        assert (done.returncode, word in done.stdout) == (0, True), done.stdout + done.stderr
    assert riskkit("explain", "nonsense").returncode == 2


def test_inspect_accounts_for_every_record(pack: Path) -> None:
    """The last line adds up, and a file of noise is named with exit code 1."""
    assert riskkit("inspect", pack).returncode == 0
    (pack / "noise.bin").write_bytes(os.urandom(100))
    done = riskkit("inspect", pack)
    assert done.returncode == 1
    assert "noise.bin\n    is not recognized" in done.stdout


def test_purge_logs_what_went(pack: Path) -> None:
    """Everything that riskkit kept can be disposed of, and the log says so."""
    riskkit("assess", pack, "--fail-on", "never")
    done = riskkit("purge", pack, "--older-than", "0")
    assert done.returncode == 0
    log = (pack / ".riskkit" / "purged.ndjson").read_text().splitlines()
    assert {"purged_at", "entry", "bytes"} == json.loads(log[0]).keys()
    assert not list((pack / ".riskkit" / "store").iterdir())


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_the_work_folder_is_private(pack: Path) -> None:
    """Rows of evidence are for their owner alone."""
    riskkit("assess", pack, "--fail-on", "never")
    work = pack / ".riskkit"
    for path in (work, *work.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
