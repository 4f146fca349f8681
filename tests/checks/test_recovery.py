"""Recovery points and times that were attained, the rule of copies, and drills."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.derived.recovery import recoveries
from tests.checks.conftest import Ask
from tests.evidence import AT, engine_of, instant, results

TB = 10**12


def system(name: str, **columns: Any) -> dict[str, Any]:
    return {"system_id": name, "name": name, "kind": "archive", "holds_ephi": True, **columns}


def job(system_id: str, finished: str, status: str = "success", **columns: Any) -> dict[str, Any]:
    return {
        "system_id": system_id, "backup_id": finished, "finished_at": instant(finished), "status": status,
        **columns,
    }  # fmt: skip


def nightly(system_id: str, *, leave_out: tuple[int, ...] = (), **columns: Any) -> list[dict[str, Any]]:
    """A copy every night at 2 from 1 September to 31 October, but on some days of October."""
    days = [f"2026-09-{day:02} 02:00" for day in range(1, 31)]
    days += [f"2026-10-{day:02} 02:00" for day in range(1, 32) if day not in leave_out]
    return [job(system_id, day, **columns) for day in days]


def restore(system_id: str, begun: str, finished: str, size: int, **columns: Any) -> dict[str, Any]:
    return {
        "system_id": system_id, "started_at": instant(begun), "finished_at": instant(finished),
        "size_bytes": size, "outcome": "success", "integrity_checked": True, "objects_expected": 1,
        "objects_restored": 1, **columns,
    }  # fmt: skip


def target(name: str, rpo: int = 24, rto: int = 48, **columns: Any) -> dict[str, Any]:
    return {"system_id": name, "rpo_hours": rpo, "rto_hours": rto, **columns}


def test_recovery_point_is_the_longest_gap(ask: Ask) -> None:
    """Not the mean: one night without a copy is 48 hours; so is the time since the last copy."""
    verdicts = ask(
        "backup.rpo_missed",
        systems=[system(name) for name in ("kept", "gap", "stopped", "untold", "none")],
        backups=[
            *nightly("kept"),
            *nightly("gap", leave_out=(17,)),
            *nightly("stopped", leave_out=(30, 31)),
            *nightly("untold"),
        ],
        recovery_targets=[target(name) for name in ("kept", "gap", "stopped", "none")],
    )
    assert results(verdicts) == {"kept": "PASS", "gap": "FAIL", "stopped": "FAIL", "untold": "UNKNOWN"}
    found = {verdict.subject: verdict for verdict in verdicts}
    assert found["gap"].observed == "48 hours"
    assert found["stopped"].observed == "70 hours"
    assert "no target" in found["untold"].message


def test_failed_jobs_and_a_late_export_do_not_count(ask: Ask) -> None:
    """A failed job ends no gap; a history of Saturday noon cannot know of the copy of that night."""
    jobs = [*nightly("pacs", leave_out=(21, 31)), job("pacs", "2026-10-21 02:00", "failed")]
    tables = {"systems": [system("pacs")], "backups": jobs, "recovery_targets": [target("pacs", rpo=48)]}
    (verdict,) = ask("backup.rpo_missed", **tables, custody=exported("2026-10-30 12:00"))
    assert (verdict.result, verdict.observed) == ("PASS", "48 hours")
    assert (
        "34 successful backups from 2026-09-26 to 2026-10-30: the longest time without one was 48 hours"
        in verdict.message
    )


def exported(when: str) -> list[dict[str, Any]]:
    return [{"file": "evidence.file", "exported_by": "IT", "exported_at": instant(when)}]


def dated(verdicts: list[Any], system_id: str) -> tuple[str, str]:
    (found,) = [one for one in verdicts if one.subject == system_id]
    return found.result, found.message


def test_a_history_says_nothing_of_days_that_it_does_not_hold(ask: Ask) -> None:
    """One job an hour before the end shows no month, and a history of August shows nothing of October."""
    names = ("one", "whole month", "failing before")
    verdicts = ask(
        "backup.rpo_missed",
        systems=[system(name) for name in names],
        backups=[
            job("one", "2026-10-31 23:00"),
            *(one for one in nightly("whole month") if one["finished_at"] > instant("2026-10-01 00:00")),
            *(job("failing before", f"2026-{month}-20 02:00", "failed") for month in ("09", "10")),
            job("failing before", "2026-10-31 02:00"),
        ],
        recovery_targets=[target(name, rpo=26) for name in names],
    )
    assert results(verdicts) == {"one": "UNKNOWN", "whole month": "PASS", "failing before": "FAIL"}
    assert "tells nothing of the 743 hours before 2026-10-31" in dated(verdicts, "one")[1]
    old = [job("pacs", "2026-08-10 21:00"), job("pacs", "2026-08-11 21:00")]
    tables = {"systems": [system("pacs")], "backups": old, "custody": exported("2026-08-11 21:30")}
    (verdict,) = ask("backup.rpo_missed", **tables, recovery_targets=[target("pacs", rpo=26)])
    assert verdict.result == "UNKNOWN"
    assert "1 successful backup of 2026-08-11: the longest time without one was 1 hour" in verdict.message
    assert "tells nothing of the 744 hours after 2026-08-11" in verdict.message


def test_backups_of_nothing_keep_no_target(ask: Ask) -> None:
    """0 bytes may be an increment without a change, or a job that covers nothing: no pass, no failure."""
    names = ("nothing", "weekend", "late")
    verdicts = ask(
        "backup.rpo_missed",
        systems=[system(name) for name in names],
        backups=[
            *nightly("nothing", size_bytes=0),
            *(one | {"size_bytes": 0 if "10-17" in one["backup_id"] else 9} for one in nightly("weekend")),
            *nightly("late", size_bytes=9, leave_out=(10, 11, 12)),
            job("late", "2026-10-11 02:00", size_bytes=0),
        ],
        recovery_targets=[target(name, rpo=26) for name in names],
    )
    assert results(verdicts) == {"nothing": "UNKNOWN", "weekend": "UNKNOWN", "late": "FAIL"}
    assert "35 successful backups of 0 bytes do not count, and no other" in dated(verdicts, "nothing")[1]
    assert dated(verdicts, "weekend")[1].endswith("1 successful backup of 0 bytes does not count.")


@given(st.lists(st.integers(0, 50 * 24), min_size=1, max_size=12, unique=True), st.integers(0, 50 * 24))
def test_more_copies_never_lengthen_the_gap(hours: list[int], more: int) -> None:
    """A further good copy can only shorten what could be lost; the usual gap is never above the longest."""

    def attained(found: list[int]) -> timedelta:
        end = AT.as_of - timedelta(seconds=1)
        backups = pd.DataFrame(
            [
                {"system_id": "pacs", "backup_id": str(n), "finished_at": end - timedelta(hours=n),
                 "status": "success", "size_bytes": None, "source": "f", "offset": n}
                for n in found
            ]
        )  # fmt: skip
        systems = pd.DataFrame([system("pacs", covered=True, aliases=None)])
        (one,) = recoveries(systems, backups, None, None, None, None, at=AT)
        assert one.attained_rpo is not None
        assert one.usual_rpo is not None
        assert one.usual_rpo <= one.attained_rpo
        return one.attained_rpo

    # The copy before the window is taken as the begin of the first gap, so the oldest must stay.
    if min(hours) < 35 * 24 and more <= max(hours):
        assert attained(sorted({*hours, more})) <= attained(hours)


def test_a_full_restore_is_projected(ask: Ask) -> None:
    """100 TB at 200 MB/s are 139 hours: above 72, and above the 48 that were decided."""
    hour = restore("pacs", "2026-09-01 08:00", "2026-09-01 09:00", 720 * 10**9)
    full = {"systems": [system("pacs")], "backups": nightly("pacs", size_bytes=100 * TB)}
    (verdict,) = ask("backup.restore_slow", restore_tests=[hour], **full)
    assert (verdict.result, verdict.observed) == ("FAIL", "139 hours")
    assert "projected to take 139 hours" in verdict.message
    assert "at 200 MB/s, against 72 hours of the rule proposed" in verdict.message
    said = target("pacs", rto=140, full_bytes=100 * TB)
    (verdict,) = ask("backup.restore_slow", restore_tests=[hour], recovery_targets=[said], **full)
    assert (verdict.result, "140 hours that were decided" in verdict.message) == ("PASS", True)


@pytest.mark.parametrize(
    ("targets", "stored", "result", "told"),
    [
        ({}, 45 * TB, "FAIL", "450 hours, from 100\u00a0GB of 45\u00a0TB (the size of its storage) restored"),
        ({}, None, "UNKNOWN", "60\u00a0GB (its largest recent copy) would take 1 hour,"),
        ({}, TB, "UNKNOWN", "1.0\u00a0TB (the size of its storage) would take 10 hours,"),
        ({"full_bytes": TB}, 45 * TB, "PASS", "10 hours, from 100\u00a0GB of 1.0\u00a0TB restored"),
        ({"full_bytes": 6 * 10**9}, None, "UNKNOWN", "60\u00a0GB (its largest recent copy)"),
    ],
)
def test_increments_do_not_tell_how_much_comes_back(
    ask: Ask, targets: dict[str, Any], stored: int | None, result: str, told: str
) -> None:
    """Nightly jobs that copy what changed: their size is no full restore, and only what was said passes."""
    hour = restore("pacs", "2026-09-01 08:00", "2026-09-01 09:00", 100 * 10**9)
    volume = {
        "asset_id": "v",
        "system_id": "pacs",
        "kind": "volume",
        "encrypted": "yes",
        "size_bytes": stored,
    }
    (verdict,) = ask(
        "backup.restore_slow",
        systems=[system("pacs")],
        backups=nightly("pacs", size_bytes=60 * 10**9),
        restore_tests=[hour],
        recovery_targets=[target("pacs", **targets)],
        storage_assets=[volume | {"size_bytes": stored}],
    )
    assert (verdict.result, told in verdict.message) == (result, True), verdict.message


def test_a_measured_restore_is_not_projected(ask: Ask) -> None:
    """Nine tenths of all came back: that is what it takes."""
    test = restore("pacs", "2026-09-01 08:00", "2026-09-01 18:00", 9 * TB)
    (verdict,) = ask(
        "backup.restore_slow",
        systems=[system("pacs")],
        restore_tests=[test],
        recovery_targets=[target("pacs", full_bytes=10 * TB)],
    )
    assert verdict.result == "PASS"
    assert "took 12 hours" in verdict.message


@pytest.mark.parametrize("lacking", [{"size_bytes": None}, {"started_at": None}, {"outcome": "failed"}])
def test_without_speed_nothing_is_projected(ask: Ask, lacking: dict[str, Any]) -> None:
    """Silence about size, begin or success is unknown."""
    test = restore("pacs", "2026-09-01 08:00", "2026-09-01 18:00", 9 * TB) | lacking
    (verdict,) = ask(
        "backup.restore_slow",
        systems=[system("pacs")],
        restore_tests=[test],
        recovery_targets=[target("pacs", full_bytes=TB)],
    )
    assert verdict.result == "UNKNOWN"


def test_a_restore_that_is_not_proved_says_so(ask: Ask) -> None:
    """Its speed is used, and a proved one is taken before a newer one that is not."""
    slow = restore("pacs", "2026-08-01 08:00", "2026-08-01 18:00", TB)
    quick = restore("pacs", "2026-09-01 08:00", "2026-09-01 09:00", TB, integrity_checked=None)
    tables = {"systems": [system("pacs")], "recovery_targets": [target("pacs", full_bytes=TB)]}
    (verdict,) = ask("backup.restore_slow", restore_tests=[quick], **tables)
    assert "not proved" in verdict.message
    untold = {"systems": [system("pacs")], "backups": nightly("pacs", size_bytes=TB)}
    (verdict,) = ask("backup.restore_slow", restore_tests=[slow], **untold)
    assert (verdict.result, "no target is on record" in verdict.message) == ("UNKNOWN", True)
    (verdict,) = ask("backup.restore_slow", restore_tests=[slow, quick], **tables)
    assert (verdict.observed, "not proved" in verdict.message) == ("10 hours", False)


ALL = {"offsite": "yes", "immutable": "yes", "verified": "yes", "media": "tape"}


@pytest.mark.parametrize(
    ("changes", "result", "told"),
    [
        ({}, "PASS", "5 of 5"),
        ({"offsite": "no"}, "FAIL", "off-site"),
        ({"offsite": None}, "UNKNOWN", "off-site"),
        ({"media": "Disk"}, "FAIL", "two kinds of media"),
        ({"media": None}, "UNKNOWN", "two kinds of media"),
        ({"immutable": "no"}, "FAIL", "cannot be altered"),
        ({"verified": "no"}, "FAIL", "no errors"),
        ({"verified": None}, "UNKNOWN", "no errors"),
        ({"location": "a"}, "FAIL", "three copies"),
        ({"location": None}, "UNKNOWN", "three copies"),
    ],
)
def test_copies_rule(ask: Ask, changes: dict[str, Any], result: str, told: str) -> None:
    """Each part by itself, and silence about one part leaves the whole open."""
    copies = [
        job("pacs", f"2026-10-{day} 02:00") | {**ALL, "location": place, **changes}
        for day, place in ((30, "a"), (31, "b"))
    ]
    (verdict,) = ask("backup.copies_rule_not_met", backups=copies)
    assert (verdict.result, told in verdict.message) == (result, True)


def test_a_proved_restore_is_a_verification(ask: Ask) -> None:
    """Of the same weeks; an older one shows nothing of these copies."""
    copies = [
        job("pacs", f"2026-10-{day} 02:00") | {**ALL, "location": place, "verified": None}
        for day, place in ((30, "a"), (31, "b"))
    ]
    for day, result in (("2026-10-20", "PASS"), ("2026-05-20", "UNKNOWN")):
        test = restore("pacs", f"{day} 08:00", f"{day} 18:00", TB)
        (verdict,) = ask("backup.copies_rule_not_met", backups=copies, restore_tests=[test])
        assert verdict.result == result


def test_copies_of_nothing_are_no_copies(ask: Ask) -> None:
    """Places and locks of copies of 0 bytes leave the rule open, and stand for no part beside others."""
    empty = [
        job("pacs", f"2026-10-{day} 02:00") | {**ALL, "location": place, "size_bytes": 0}
        for day, place in ((30, "a"), (31, "b"))
    ]
    (verdict,) = ask("backup.copies_rule_not_met", backups=empty)
    assert (verdict.result, "2 copies of 0 bytes do not count" in verdict.message) == ("UNKNOWN", True)
    (verdict,) = ask("backup.copies_rule_not_met", backups=[empty[0], empty[1] | {"size_bytes": 1}])
    assert (verdict.result, "1 copy of 0 bytes does not count" in verdict.message) == ("FAIL", True)


def drill(system_id: str, kind: str, day: str, outcome: str = "success") -> dict[str, Any]:
    return {
        "drill_id": f"{system_id} {kind} {day}", "system_id": system_id, "kind": kind,
        "performed_at": instant(f"{day} 08:00"), "outcome": outcome,
    }  # fmt: skip


def test_drills(ask: Ask) -> None:
    """Two kinds for each critical system; the newest decides; none on record is unknown, not a failure."""
    verdicts = ask(
        "backup.drill_overdue",
        systems=[
            system("pacs", criticality="high", aliases="PACS1"),
            system("ris", criticality="high"),
            system("minor", criticality="low"),
            system("copies", criticality="high", kind="backup"),
        ],
        drills=[
            drill("PACS1", "downtime", "2026-03-01", "failed"),
            drill("pacs", "downtime", "2026-06-01"),
            drill("pacs", "emergency_access", "2026-06-01", "partial"),
            drill("ris", "downtime", "2025-03-01"),
            drill("ris", "emergency_access", "2026-11-03"),
        ],
    )
    assert results(verdicts) == {
        "pacs downtime": "PASS",
        "pacs emergency access": "FAIL",
        "ris downtime": "FAIL",
        "ris emergency access": "UNKNOWN",
    }


def test_a_plan_that_nobody_practised(ask: Ask) -> None:
    """A plan changed after the last drill fails once its grace is over; a failed drill practised it, too."""

    def plan(name: str, approved: date | None, citation: str = "45 CFR 164.308(a)(7)(i)") -> dict[str, Any]:
        return {
            "policy_id": name,
            "title": name,
            "owner": "IT",
            "approved_on": approved,
            "citation": citation,
        }

    policies = [
        plan("practised", date(2026, 3, 1)),
        plan("on the day", date(2026, 6, 1)),
        plan("changed", date(2026, 7, 1), "45 CFR 164.308(a)(7)(ii)(B)"),
        plan("just changed", date(2026, 8, 2)),
        plan("undated", None),
        plan("another", date(2026, 7, 1), "45 CFR 164.308(a)(1)(i)"),
    ]
    drills = [
        drill("pacs", "downtime", "2026-06-01", "failed"),
        drill("pacs", "emergency_access", "2026-09-01"),
        drill("pacs", "recovery", "2026-11-03"),
    ]
    assert results(ask("backup.plan_not_practised", policies=policies, drills=drills)) == {
        "practised": "PASS", "on the day": "PASS", "changed": "FAIL", "just changed": "PASS",
        "undated": "UNKNOWN",
    }  # fmt: skip
    assert results(ask("backup.plan_not_practised", policies=policies, drills=drills[1:])) == {
        "practised": "UNKNOWN", "on the day": "UNKNOWN", "changed": "UNKNOWN", "just changed": "PASS",
        "undated": "UNKNOWN",
    }  # fmt: skip


def test_every_covered_system_is_there(tmp_path: Any) -> None:
    """Also one of which there is no evidence at all; a copy and what is not covered are not."""
    tables = {
        "systems": [system("a"), system("b"), system("c", covered=False), system("d", kind="backup")],
        "backups": [job("a", "2026-10-31 02:00")],
    }
    engine = engine_of(tmp_path, tables)
    found = recoveries(engine.frame("systems"), engine.frame("backups"), None, None, None, None, at=AT)
    assert [(one.system_id, len(one.copies)) for one in found] == [("a", 1), ("b", 0)]
    assert found[1].attained_rpo is None
