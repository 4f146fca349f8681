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
    assert messages["failing"] == "The only recorded backup did not succeed."
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
    """A history exported before the end of the period cannot know of later jobs, nor pass for what came."""

    def asked(made: str, exported: str | None) -> Any:
        at = {"file": "evidence.file", "exported_by": "IT", "exported_at": instant(exported or made)}
        pack = {"systems": [system("pacs")], "backups": [job("pacs", made)]}
        (verdict,) = ask("backup.system_without_backup", **pack, custody=[at] if exported else [])
        return verdict

    assert asked("2026-10-29 20:00", None).result == "FAIL"
    assert asked("2026-10-29 20:00", "2026-10-30 06:00").result == "PASS"
    assert "that of 2026-10-29, was 10 hours old" in asked("2026-10-29 20:00", "2026-10-30 06:00").message
    old = asked("2026-08-11 20:00", "2026-08-11 21:30")
    assert (old.result, "exported on 2026-08-11: of the 1,946 hours" in old.message) == ("UNKNOWN", True)


@pytest.mark.parametrize(
    ("sizes", "result"), [((0, 0), "UNKNOWN"), ((1, 0), "PASS"), ((0, 1), "PASS"), ((None, 0), "PASS")]
)
def test_backups_of_nothing(ask: Ask, sizes: tuple[int | None, int], result: str) -> None:
    """A job that copied 0 bytes leaves no copy, and is no failure."""
    days = ("2026-10-30 20:00", "2026-10-31 20:00")
    jobs = [job("pacs", day, size_bytes=one) for day, one in zip(days, sizes, strict=True)]
    (verdict,) = ask("backup.system_without_backup", systems=[system("pacs")], backups=jobs)
    assert (verdict.result, "of 0 bytes" in verdict.message) == (result, True)


def test_an_old_backup_before_empty_ones(ask: Ask) -> None:
    """Nothing may have changed since, or nothing be copied: not known; no lock or place is taken from it."""
    jobs = [job("pacs", "2026-10-20 20:00", size_bytes=9), job("pacs", "2026-10-31 20:00", size_bytes=0)]
    (verdict,) = ask("backup.system_without_backup", systems=[system("pacs")], backups=jobs)
    assert (verdict.result, verdict.observed) == ("UNKNOWN", "268 hours")
    empty = [
        job("pacs", f"2026-10-3{day} 20:00", size_bytes=0, immutable="yes", location=f"place {day}")
        for day in (0, 1)
    ]
    for name in (SECOND, LOCKED):
        (verdict,) = ask(name, systems=[system("pacs")], backups=empty)
        assert (verdict.result, "2 copies of 0 bytes do not count" in verdict.message) == ("UNKNOWN", True)


def test_after_the_end_does_not_count(ask: Ask) -> None:
    """A backup made after the period closes nothing in it."""
    (verdict,) = ask(
        "backup.system_without_backup",
        systems=[system("pacs", criticality="high")],
        backups=[job("pacs", "2026-10-01 02:00"), job("pacs", "2026-11-01 02:00")],
    )
    assert (verdict.result, verdict.severity) == ("FAIL", "critical")


COMPARED: dict[str, Any] = {"integrity_checked": True, "objects_expected": 10, "objects_restored": 10}


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
    made = [restore("pacs", *test, **COMPARED) for test in tests]
    (verdict,) = ask("backup.restore_test_stale", restore_tests=made)
    assert verdict.result == result


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({}, "UNKNOWN"),
        ({"integrity_checked": True}, "UNKNOWN"),
        ({"objects_expected": 10, "objects_restored": 10}, "UNKNOWN"),
        ({"integrity_checked": True, "objects_expected": 10, "objects_restored": 9}, "FAIL"),
        ({"integrity_checked": False, "objects_expected": 10, "objects_restored": 10}, "UNKNOWN"),
        ({"integrity_checked": True, "objects_expected": 10, "objects_restored": 10}, "PASS"),
        ({"integrity_checked": True, "objects_expected": 0, "objects_restored": 0}, "UNKNOWN"),
        (
            {"integrity_checked": True, "objects_expected": 9, "objects_restored": 9, "size_bytes": 0},
            "UNKNOWN",
        ),
    ],
)
def test_a_restore_proves_only_what_was_compared(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Both the number of objects and their digests; one without the other is not proof."""
    test = restore("pacs", "2026-09-01 10:00", **columns)
    (verdict,) = ask("backup.restore_test_stale", restore_tests=[test])
    assert verdict.result == result


def test_a_sample_is_told_as_one(ask: Ask) -> None:
    """A proved restore of a sample says so, with its share; a number that is no more than it does not."""
    for among, words in (
        (2_000, "(10 of 10 objects, a sample: under 1\u00a0% of 2,000)"),
        (10, "(10 of 10 objects)"),
    ):
        test = restore("pacs", "2026-09-01 10:00", **COMPARED, sample_of=among)
        (verdict,) = ask("backup.restore_test_stale", restore_tests=[test])
        assert (verdict.result, words in verdict.message) == ("PASS", True), verdict.message


@pytest.mark.parametrize("column", ["objects_expected", "objects_restored", "size_bytes"])
def test_a_comparison_of_nothing_is_none(ask: Ask, column: str) -> None:
    """Digests of no image are equal to those of no original; that they were not compared stays a failure."""
    test = restore("pacs", "2026-09-01 10:00", **COMPARED | {column: 0})
    (verdict,) = ask("backup.restore_not_compared", restore_tests=[test])
    assert (verdict.result, f"{column} is 0" in verdict.message) == ("UNKNOWN", True)
    (verdict,) = ask("backup.restore_not_compared", restore_tests=[test | {"integrity_checked": False}])
    assert verdict.result == "FAIL"


def test_restore_population(ask: Ask) -> None:
    """One verdict per system, whichever of its names a test was recorded under."""
    verdicts = ask(
        "backup.restore_test_stale",
        systems=[system("pacs", aliases="PACS1"), system("vna")],
        restore_tests=[
            restore("PACS1", "2025-01-01 10:00"),
            restore("pacs", "2026-09-01 10:00", **COMPARED),
            restore("vna", "2024-01-01 10:00"),
        ],
    )
    assert results(verdicts) == {"pacs": "PASS", "vna": "FAIL"}
    # That an archive without any test is unknown is the engine's part.


SECOND = "backup.no_second_copy"
LOCKED = "backup.not_immutable"


def test_copies_in_two_places(ask: Ask) -> None:
    """Two places pass, one fails, a place that is not told may be the second."""
    verdicts = ask(
        SECOND,
        systems=[
            system("two"),
            system("one"),
            system("perhaps"),
            system("old"),
            system("no", holds_ephi=False),
        ],
        backups=[
            job("two", "2026-10-30 02:00", location="disk"),
            job("two", "2026-10-30 03:00", "warning", location="tape"),
            job("one", "2026-10-29 02:00", location="disk"),
            job("one", "2026-10-30 02:00", location="Disk"),
            job("one", "2026-10-30 03:00", "failed", location="tape"),
            job("one", "2026-07-30 03:00", location="tape"),
            job("perhaps", "2026-10-30 02:00", location="disk"),
            job("perhaps", "2026-10-30 03:00"),
            job("old", "2026-07-30 02:00", location="disk"),
            job("no", "2026-10-30 02:00", location="disk"),
        ],
    )
    assert results(verdicts) == {"two": "PASS", "one": "FAIL", "perhaps": "UNKNOWN", "old": "UNKNOWN"}
    assert "2 copies of the last 35 days lie in 1 place;" in {v.subject: v.message for v in verdicts}["one"]


def test_one_repository_exported_twice_is_one_place(ask: Ask) -> None:
    """Names of files are no places: those that share a copy are the same, also by way of a third."""
    copies = [("a", "1"), ("a", "2"), ("b", "2"), ("b", "3"), ("c", "3")]
    backups = [job("pacs", "2026-10-30 02:00", location=place) | {"backup_id": one} for place, one in copies]
    (verdict,) = ask(SECOND, backups=backups)
    assert verdict.result == "FAIL"
    (verdict,) = ask(SECOND, backups=[*backups, job("pacs", "2026-10-30 02:00", location="d")])
    assert verdict.result == "PASS"


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("b1:/srv/backup", "b1:/srv/backup/", "FAIL"),
        ("b1:/srv/backup", "B1:/srv//backup/.", "FAIL"),
        ("\\\\b1\\backup\\", "//b1/backup", "FAIL"),
        ("ssh://ada@b1/srv/backup", "b1:/srv/backup", "UNKNOWN"),
        ("b1:/srv/backup", "b1:/srv/backup/pacs", "UNKNOWN"),
        ("b1:/srv/backup", "b1:/mnt/usb", "UNKNOWN"),
        ("/srv/backup", "/mnt/usb", "UNKNOWN"),
        ("/srv/backup", "b1:/srv/backup", "UNKNOWN"),
        ("D:\\backup", "E:\\backup", "UNKNOWN"),
        ("b1:/srv/backup", "b2:/srv/backup", "PASS"),
        ("s3://one/pacs", "s3://two/pacs", "PASS"),
        ("arn:aws:backup:eu-1:1:backup-vault:a", "arn:aws:backup:eu-2:1:backup-vault:a", "PASS"),
        ("/srv/backup", "tape vault", "PASS"),
    ],
)
def test_two_folders_of_one_machine_are_not_two_places(ask: Ask, one: str, other: str, result: str) -> None:
    """A place under two spellings is one; folders that may be of one machine burn with it, or do not."""
    copies = [job("pacs", f"2026-10-3{day} 02:00", location=name) for day, name in enumerate((one, other))]
    (verdict,) = ask(SECOND, backups=copies)
    assert verdict.result == result
    (verdict,) = ask("backup.copies_rule_not_met", backups=copies)
    copied = {"PASS": "copies yes", "FAIL": "copies no", "UNKNOWN": "copies unknown"}[result]
    assert verdict.observed.startswith(copied)


def test_a_lock_that_begins_later_is_none_yet(ask: Ask) -> None:
    """In the days of grace the lock of a vault can be taken away; the place is found in any spelling."""
    vault = {"asset_id": "Vault/", "kind": "vault", "encrypted": "unknown", "immutable": "yes"}
    copy = job("pacs", "2026-10-30 02:00", location="vault")
    for begins, result in ((None, "PASS"), ("2026-10-29 02:00", "PASS"), ("2027-01-01 00:00", "FAIL")):
        asset = vault | {"immutable_from": instant(begins) if begins else None}
        (verdict,) = ask(LOCKED, backups=[copy], storage_assets=[asset])
        assert verdict.result == result


def test_one_copy_that_cannot_be_altered(ask: Ask) -> None:
    """One such copy is enough; it may be so by its vault; silence is unknown; a contradiction is no."""
    verdicts = ask(
        LOCKED,
        backups=[
            job("locked", "2026-10-29 02:00", immutable="no"),
            job("locked", "2026-10-30 02:00", immutable="yes"),
            job("vaulted", "2026-10-30 02:00", immutable="unknown", location="Vault"),
            job("open", "2026-10-30 02:00", immutable="no"),
            job("silent", "2026-10-29 02:00", immutable="no"),
            job("silent", "2026-10-30 02:00"),
            job("contradicted", "2026-10-30 02:00", immutable="yes", location="share"),
            job("past", "2026-08-30 02:00", immutable="yes"),
        ],
        storage_assets=[
            {"asset_id": "vault", "kind": "vault", "encrypted": "unknown", "immutable": "yes"},
            {"asset_id": "share", "kind": "backup", "encrypted": "yes", "immutable": "yes"},
            {"asset_id": "share", "kind": "backup", "encrypted": "yes", "immutable": "no"},
        ],
    )
    assert results(verdicts) == {
        "locked": "PASS",
        "vaulted": "PASS",
        "open": "FAIL",
        "silent": "UNKNOWN",
        "contradicted": "FAIL",
        "past": "UNKNOWN",
    }
