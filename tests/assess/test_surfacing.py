"""`riskkit triage` and `riskkit.triage`: from a pack to a file of alerts."""

from __future__ import annotations

import csv
import shutil
import stat
from datetime import date
from pathlib import Path

import pytest

import riskkit as package
from riskkit.assess import all_checks, open_pack, queue_of, review_queue
from riskkit.errors import SettingsError
from riskkit.queue import PHI_MARK
from tests.packs import SAMPLES, copy_of_samples, riskkit

COLUMNS = ["day", "rank", "user_id", "patient_id", "score", "reasons", "family"]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


def only_audit(to: Path) -> Path:
    """The sample pack without anything but its audit trail."""
    to.mkdir()
    shutil.copytree(SAMPLES / "audit", to / "audit")
    shutil.copy(SAMPLES / "site.yaml", to / "site.yaml")
    return to


def test_the_command_writes_a_private_file(tmp_path: Path, work: Path) -> None:
    """Mode 0600, PHI in every row, best first, at most the budget a day, matched rules at rank 0."""
    out, below = tmp_path / "alerts.csv", tmp_path / "below.csv"
    out.write_text("stale")
    out.chmod(0o644)
    run = riskkit("triage", SAMPLES, "--since", "2026-10-11", "--budget", "2", "--work", work,
                  "--out", out, "--below", below)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, below)} == {0o600}
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert rows
    assert list(rows[0])[: len(COLUMNS)] == COLUMNS
    assert {row["phi"] for row in rows} == {PHI_MARK}
    assert min(row["day"] for row in rows) >= "2026-10-11"
    by_day: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_day.setdefault(row["day"], []).append(row)
    for found in by_day.values():
        ranked = [row for row in found if row["rank"] != "0"]
        assert [int(row["rank"]) for row in ranked] == list(range(1, len(ranked) + 1))
        assert len(ranked) <= 2
        scores = [float(row["score"]) for row in ranked]
        assert scores == sorted(scores, reverse=True)
    matched = [row for row in rows if row["rank"] == "0"]
    assert matched
    assert all("not proven" in row["reasons"] for row in matched)
    assert not any(row["user_id"] in run.stdout for row in rows if len(row["user_id"]) > 3)


def test_the_interface_returns_the_same(work: Path) -> None:
    """`riskkit.triage` is the verb, and the same evidence gives the same alerts."""
    first = package.triage(SAMPLES, as_of="2026-10-31", since=date(2026, 10, 1), work=work)
    again = package.triage(SAMPLES, as_of="2026-10-31", work=work)
    assert list(first.columns)[: len(COLUMNS)] == COLUMNS
    assert first.equals(again)
    assert len(first[first["rank"] > 0])


def test_an_open_assessment_has_the_same_queue(work: Path) -> None:
    """The report shows what the command writes."""
    shown = queue_of(open_pack(SAMPLES, work=work)).rows("alert", "matched")
    assert shown.equals(package.triage(SAMPLES, work=work))


def test_a_pack_of_audit_events_alone(tmp_path: Path, work: Path) -> None:
    """It runs, alerts, and says what was not there."""
    pack = only_audit(tmp_path / "pack")
    run = riskkit("triage", pack, "--work", work, "--out", tmp_path / "alerts.csv")
    assert run.returncode == 0, run.stderr
    assert "NOT RUN access.foreign_workstation: no evidence of workstations" in run.stdout
    assert "without schedule: " in run.stdout
    assert len((tmp_path / "alerts.csv").read_text().splitlines()) > 1


def test_kept_alerts_keep_their_first_day(tmp_path: Path, work: Path) -> None:
    """Alerts kept in the pack keep first_surfaced; a decision shows, and is not erased by a later run."""
    pack = copy_of_samples(tmp_path / "pack")
    early = review_queue(pack, as_of="2026-10-30", work=work).rows("alert", "matched")
    kept = pack / "programme" / "alerts"
    kept.mkdir()
    run = riskkit("triage", pack, "--as-of", "2026-10-30", "--work", work, "--out", kept / "2026-10-30.csv")
    assert run.returncode == 0, run.stderr
    whole = review_queue(pack, as_of="2026-10-31", work=work).rows("alert", "matched")
    alert = min(set(early["alert"]) & set(whole["alert"]))
    (pack / "programme" / "verdicts.csv").write_text(
        f"alert,verdict,decided_by,decided_at\n{alert},escalated,privacy office,2026-10-31T10:00:00-05:00\n"
    )
    later = review_queue(pack, as_of="2026-10-31", work=work).rows("alert", "matched").set_index("alert")
    first = early.set_index("alert")["first_surfaced"]
    both = [name for name in first.index if name in later.index]
    assert both
    assert all(later.loc[name, "first_surfaced"] == first[name] for name in both)
    assert later.loc[alert, "decision"] == "escalated"
    assert str(later.loc[alert, "escalated_at"]).startswith("2026-10-31")
    assert later["reviewed_at"].notna().sum() == 1


def test_wrong_options_are_told(work: Path) -> None:
    """A day that is none, or a span that is empty, is an error that says what to do."""
    with pytest.raises(SettingsError, match="is no date"):
        package.triage(SAMPLES, since="yesterday", work=work)
    with pytest.raises(SettingsError, match="lies after"):
        package.triage(SAMPLES, as_of="2026-10-10", since="2026-10-20", work=work)
    with pytest.raises(SettingsError, match="shows nothing"):
        package.triage(SAMPLES, budget=0, work=work)


def test_every_detector_has_its_share_of_the_catalogue() -> None:
    """A detector names its number in the catalogue of methods."""
    for check in all_checks():
        assert not check.family or check.aliases, check.id
