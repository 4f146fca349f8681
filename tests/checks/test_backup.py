"""Copies, and whether they can be restored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.evidence import instant, results


def system(name: str, **columns: Any) -> dict[str, Any]:
    return {"system_id": name, "name": name, "kind": "archive", "holds_ephi": True, **columns}


def job(system_id: str, finished: str, status: str = "success", **columns: Any) -> dict[str, Any]:
    return {
        "system_id": system_id,
        "backup_id": finished,
        "finished_at": instant(finished),
        "status": status,
        **columns,
    }


def test_population_is_the_inventory(ask: Ask) -> None:
    """Each covered system with ePHI is judged, whether jobs know it or not, under any of its names."""
    verdicts = ask(
        "backup.system_without_backup",
        systems=[
            system("fresh"),
            system("old"),
            system("failing"),
            system("never"),
            system("alias", aliases="ALIAS1; alias.example"),
            system("no_ephi", holds_ephi=False),
            system("elsewhere", covered=False),
            system("vault", kind="backup"),
        ],
        backups=[
            job("fresh", "2026-10-31 02:00"),
            job("fresh", "2026-10-31 20:00", "failed"),
            job("old", "2026-10-28 02:00"),
            job("old", "2026-10-31 02:00", "warning"),
            job("failing", "2026-10-31 02:00", "failed"),
            job("alias.EXAMPLE", "2026-10-31 02:00"),
            job("stranger", "2026-10-31 02:00"),
        ],
    )
    assert results(verdicts) == {
        "fresh": "PASS",
        "old": "FAIL",
        "failing": "FAIL",
        "never": "UNKNOWN",
        "alias": "PASS",
    }
    messages = {verdict.subject: verdict.message for verdict in verdicts}
    assert "not one backup" in messages["never"]
    assert "None of 1" in messages["failing"]
    assert "94 hours old" in messages["old"]


def test_the_last_jobs_all_failed(ask: Ask) -> None:
    """A copy that is young enough does not excuse a job that fails again and again."""
    jobs = [
        job("pacs", "2026-10-30 02:00"),
        *(job("pacs", f"2026-10-31 0{hour}:00", "failed") for hour in (1, 2, 3)),
    ]
    (verdict,) = ask("backup.system_without_backup", systems=[system("pacs")], backups=jobs)
    assert verdict.result == "FAIL"
    (verdict,) = ask("backup.system_without_backup", systems=[system("pacs")], backups=jobs[:-1])
    assert verdict.result == "PASS"
    running = [*jobs[:-1], job("pacs", "2026-10-31 04:00", "running")]
    (verdict,) = ask("backup.system_without_backup", systems=[system("pacs")], backups=running)
    assert verdict.result == "PASS"


def test_age_is_that_at_the_export(ask: Ask) -> None:
    """A history exported a week before the end of the period cannot know of later jobs."""
    custody = [{"file": "evidence.file", "exported_by": "IT", "exported_at": instant("2026-10-24 12:00")}]
    pack = {"systems": [system("pacs")], "backups": [job("pacs", "2026-10-24 02:00")]}
    (without,) = ask("backup.system_without_backup", **pack)
    (with_date,) = ask("backup.system_without_backup", **pack, custody=custody)
    assert (without.result, with_date.result) == ("FAIL", "PASS")
    assert "10 hours old" in with_date.message


def test_after_the_end_does_not_count(ask: Ask) -> None:
    """A backup made after the period closes nothing in it."""
    (verdict,) = ask(
        "backup.system_without_backup",
        systems=[system("pacs", criticality="high")],
        backups=[job("pacs", "2026-10-01 02:00"), job("pacs", "2026-11-01 02:00")],
    )
    assert (verdict.result, verdict.severity) == ("FAIL", "critical")


def restore(system_id: str, finished: str, outcome: str = "success", **columns: Any) -> dict[str, Any]:
    return {"system_id": system_id, "finished_at": instant(finished), "outcome": outcome, **columns}


@pytest.mark.parametrize(
    ("tests", "result"),
    [
        ([("2026-05-01 10:00", "success")], "PASS"),
        ([("2025-10-01 10:00", "success")], "FAIL"),
        ([("2026-05-01 10:00", "success"), ("2026-08-01 10:00", "failed")], "FAIL"),
        ([("2026-05-01 10:00", "failed"), ("2026-08-01 10:00", "success")], "PASS"),
        ([("2026-05-01 10:00", "partial")], "FAIL"),
    ],
)
def test_restore(ask: Ask, tests: list[tuple[str, str]], result: str) -> None:
    """The newest test decides: within a year, and complete."""
    (verdict,) = ask("backup.restore_test_stale", restore_tests=[restore("pacs", *test) for test in tests])
    assert verdict.result == result


def test_restore_population(ask: Ask) -> None:
    """One verdict per system, whichever of its names a test was recorded under."""
    verdicts = ask(
        "backup.restore_test_stale",
        systems=[system("pacs", aliases="PACS1"), system("vna")],
        restore_tests=[
            restore("PACS1", "2025-01-01 10:00"),
            restore("pacs", "2026-09-01 10:00"),
            restore("vna", "2024-01-01 10:00"),
        ],
    )
    assert results(verdicts) == {"pacs": "PASS", "vna": "FAIL"}
    # That an archive without any test is unknown is the engine's part.
