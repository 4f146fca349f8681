"""Only what a report published leaves; a folder that holds anything else is refused as a whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from riskkit.cli.commands.deliver import command
from riskkit.delivery import put_into, read_report
from riskkit.delivery.published import names_people
from riskkit.errors import DeliveryError, ReportError
from riskkit.report import verify
from tests.packs import SAMPLES


@pytest.mark.parametrize(
    "name", ["alerts.csv", "findings-phi.json", "register.xlsx", ".riskkit", "02.html.bak", "roster.csv"]
)
@pytest.mark.parametrize("stated", [False, True], ids=["beside", "in the manifest"])
def test_what_is_no_part_of_a_report_is_never_sent(report: Path, name: str, stated: bool) -> None:
    """Alerts, workbooks, work folders and evidence: also when somebody wrote a manifest that names them."""
    (report / name).write_text("user,patient\njdoe,12345\n")
    if stated:
        manifest = json.loads((report / "manifest.json").read_text())
        digest = hashlib.sha256((report / name).read_bytes()).hexdigest()
        manifest["outputs"][name] = {"sha256": digest, "size": 24}
        (report / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DeliveryError, match=f"holds {name}, which is no published part"):
        read_report(report)


def test_folders_and_links_are_never_followed(report: Path, tmp_path: Path) -> None:
    """A work folder below the report, and a page that is a link to something else."""
    (report / "work").mkdir()
    with pytest.raises(DeliveryError, match="holds work, which"):
        read_report(report)
    (report / "work").rmdir()
    (tmp_path / "alerts.csv").write_text("secret")
    (report / "09_more.html").symlink_to(tmp_path / "alerts.csv")
    with pytest.raises(DeliveryError, match=r"holds 09_more\.html"):
        read_report(report)


def finding_about(subject: str) -> dict[str, Any]:
    verdict = {"engine": False, "subject": subject, "fingerprint": "3ace2ce34df7807b"}
    return {"outcomes": [{"check": "access.dormant_account", "verdicts": [verdict]}]}


def test_findings_with_real_ids_are_refused(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject of a question about people that is no surrogate; the id is not repeated."""
    assert names_people(finding_about("jdoe"))
    monkeypatch.setattr("riskkit.delivery.published.names_people", lambda _: True)
    with pytest.raises(DeliveryError, match="name people by their own ids"):
        read_report(report)


@pytest.mark.parametrize("subject", ["user-3F9A2C71", "3ace2ce34df7807b", "the site's policy"])
def test_surrogates_fingerprints_and_sentences_pass(subject: str) -> None:
    """What findings.json holds of people."""
    assert not names_people(finding_about(subject))


def test_an_altered_report_is_refused(report: Path) -> None:
    """One byte is enough."""
    page = report / "01_audit_trail.html"
    page.write_bytes(page.read_bytes().replace(b"Example", b"example", 1))
    with pytest.raises(DeliveryError, match=r"is not as it was made: 01_audit_trail\.html"):
        read_report(report)


def test_a_pack_is_no_report(tmp_path: Path) -> None:
    """Evidence is refused before it is looked at, by the command too."""
    with pytest.raises(ReportError, match="is no report"):
        read_report(SAMPLES)
    done = CliRunner().invoke(command, [str(SAMPLES), "--folder", str(tmp_path)])
    assert isinstance(done.exception, ReportError)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_a_report_that_verifies(report: Path, tmp_path: Path) -> None:
    """All files, the run record and the PDF beside it, readable to whom the folder is; a second time too."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    shelf.chmod(0o750)
    record = report.with_name("2026-10.run.json")
    for pdf in (b"%PDF", None):
        copy = put_into(read_report(report), shelf, pdf=pdf)
        assert copy == shelf / "2026-10"
        assert verify(copy) == []
        assert {path.name: path.read_bytes() for path in copy.iterdir()} == {
            path.name: path.read_bytes() for path in report.iterdir()
        }
        assert (shelf / "2026-10.pdf").is_file() == (pdf is not None)
        assert (shelf / "2026-10.run.json").read_bytes() == record.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in copy.iterdir()} == {0o640}


def test_a_folder_that_is_not_there_is_not_made(report: Path, tmp_path: Path) -> None:
    """A share that is not mounted must not look like a delivery."""
    with pytest.raises(DeliveryError, match="there is no such folder"):
        put_into(read_report(report), tmp_path / "not-mounted")
    assert not (tmp_path / "not-mounted").exists()


def test_what_is_there_and_is_no_report_stays(report: Path, tmp_path: Path) -> None:
    """Nothing of anybody else is replaced, and a report is not put onto itself."""
    (tmp_path / "shelf" / "2026-10").mkdir(parents=True)
    (tmp_path / "shelf" / "2026-10" / "minutes.txt").write_text("mine")
    with pytest.raises(ReportError, match="is there and is no report"):
        put_into(read_report(report), tmp_path / "shelf")
    assert (tmp_path / "shelf" / "2026-10" / "minutes.txt").read_text() == "mine"
    with pytest.raises(DeliveryError, match="lies already"):
        put_into(read_report(report), report.parent)
