"""Detectors of places, duty, roles and accounts: a planted case is put up for review, a clean one is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.evidence import event, instant, person, results, us

FIRST, LAST = date(2026, 8, 20), date(2026, 10, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
USERS = [f"u{n}" for n in range(10)]
ODD = date(2026, 10, 20)


def work(
    *, hours: tuple[int, ...] = (8, 10, 12, 14), users: list[str] = USERS, **columns: Any
) -> list[dict[str, Any]]:
    """Everybody opens records on every working day at the same hours."""
    return [
        event(f"{day} {hour:02}:{number:02}", user, patient_id=f"p{number}", **columns)
        for day in DAYS
        if day.weekday() < 5
        for number, user in enumerate(users)
        for hour in hours
    ]


def at(day: date, clock: str, user: str = "u1", category: str = "read", **columns: Any) -> dict[str, Any]:
    return event(f"{day} {clock}", user, category, patient_id="p1", **columns)


def signal_days(verdicts: list[Verdict], user: str = "u1", largest: float = 0.01) -> list[date]:
    """Days on which a user has a signal that is rarer than so."""
    found = next(verdict for verdict in verdicts if verdict.subject == user)
    return [signal.day for signal in found.signals if signal.matched or signal.p <= largest]


def duties(users: list[str] = USERS) -> list[dict[str, Any]]:
    return [
        {"user_id": user, "starts_us": us(f"{day} 07:00"), "ends_us": us(f"{day} 15:00")}
        for day in DAYS
        if day.weekday() < 5
        for user in users
    ]


def roster() -> list[dict[str, Any]]:
    return [person(user) for user in USERS]


NIGHT = [at(ODD, f"22:{minute:02}") for minute in range(0, 40, 4)]


def test_a_night_off_duty(ask: Ask) -> None:
    """Ten accesses seven hours after the shift stand out; an hour after it is within the margin."""
    late = [at(ODD, f"16:{minute:02}", "u2") for minute in range(0, 40, 4)]
    said = ask("access.off_duty", audit_events=[*work(), *NIGHT, *late], schedule=duties(), roster=roster())
    assert results(said) == {user: "FAIL" if user == "u1" else "PASS" for user in USERS}
    assert signal_days(said) == [ODD]
    assert not signal_days(said, "u2", 1.0)
    assert "10 accesses off duty vs" in said[1].signals[0].reason


def test_off_duty_without_a_duty_roster_weighs_half(ask: Ask) -> None:
    """By the own hours alone the same night has a larger p, and still stands out."""
    events = [*work(), *NIGHT]
    known = ask("access.off_duty", audit_events=events, schedule=duties(), roster=roster())
    guessed = ask("access.off_duty", audit_events=events, roster=roster())
    assert signal_days(guessed) == [ODD]
    assert guessed[1].signals[0].p > known[1].signals[0].p


def test_who_is_on_no_duty_roster_is_judged_by_own_hours_or_not_at_all(ask: Ask) -> None:
    """A duty roster of one department says nothing of the others, and the verdict says by what it stands."""
    few = [at(day, "08:00", "stranger") for day in DAYS if day.month == 10]
    listed = [duty for duty in duties() if duty["user_id"] != "u2"]
    said = ask("access.off_duty", audit_events=[*work(), *few], schedule=listed, roster=roster())
    found = {one.subject: one for one in said}
    assert found["u1"].result == "PASS"
    assert not found["u1"].message.startswith("No duty")
    assert found["u2"].result == "PASS"
    assert found["u2"].message.startswith("No duty is planned for this user: judged by the own hours.")
    assert found["stranger"].result == "UNKNOWN"
    assert "fewer than 50 accesses before the period" in found["stranger"].message


def test_on_call_is_duty(ask: Ask) -> None:
    """A duty at night explains the night, wherever it was entered."""
    call = {
        "user_id": "u1",
        "starts_us": us(f"{ODD} 20:00"),
        "ends_us": us(f"{ODD} 23:30"),
        "duty": "on-call",
    }
    said = ask("access.off_duty", audit_events=[*work(), *NIGHT], schedule=[*duties(), call])
    assert not signal_days(said, "u1", 1.0)


def test_an_exemption_sets_aside_and_is_counted(ask: Ask) -> None:
    """Only within its dates, and the verdict says so."""
    row = {"detector": "access.off_duty", "user_id": "u1", "reason": "migration", "approved_by": "it"}
    events = [*work(), *NIGHT]
    said = ask("access.off_duty", audit_events=events, schedule=duties(), exemptions=[row])
    assert not signal_days(said)
    assert "Exemptions set aside 1 day." in said[1].message
    ended = row | {"valid_to": ODD - timedelta(days=1)}
    assert signal_days(ask("access.off_duty", audit_events=events, schedule=duties(), exemptions=[ended]))


def test_a_role_exemption_needs_the_roster(ask: Ask) -> None:
    """Cells that are filled must match: another role stays."""
    row = {"detector": "*", "role": "Radiologist", "reason": "r", "approved_by": "it"}
    other = row | {"role": "nurse"}
    events = [*work(), *NIGHT]
    given = {"audit_events": events, "schedule": duties(), "roster": roster()}
    assert not signal_days(ask("access.off_duty", exemptions=[row], **given))
    assert signal_days(ask("access.off_duty", exemptions=[other], **given)) == [ODD]


def test_a_dormant_account_comes_back(ask: Ask) -> None:
    """Four silent weeks stand out, a holiday of two does not, and a new account has no gap."""
    quiet = [one for one in work() if one["user_id"] not in ("u1", "u2", "u3")]
    events = [
        *quiet,
        at(FIRST, "08:00"), at(ODD, "08:00"),
        *(at(day, "08:00", "u2") for day in DAYS if not date(2026, 10, 5) <= day < date(2026, 10, 19)),
        at(ODD, "08:00", "u3"),
    ]  # fmt: skip
    said = ask("access.dormant_account_revived", audit_events=events)
    assert signal_days(said) == [ODD]
    assert results(said)["u1"] == "FAIL"
    assert results(said)["u2"] == results(said)["u3"] == "PASS"
    assert "61 silent days" in next(one for one in said if one.subject == "u1").signals[0].reason


def test_a_planned_return_is_no_dormancy(ask: Ask) -> None:
    """On a day for which the duty roster planned the person a leave ended; the message says so."""
    quiet = [one for one in work() if one["user_id"] != "u1"]
    events = [*quiet, at(FIRST, "08:00"), at(ODD, "08:00")]
    duty = {"user_id": "u1", "starts_us": us(f"{ODD} 07:00"), "ends_us": us(f"{ODD} 15:00")}
    said = ask("access.dormant_account_revived", audit_events=events, schedule=[duty])
    assert not signal_days(said, "u1", 1.0)
    assert "The duty roster planned 1 of them" in next(one for one in said if one.subject == "u1").message
    other = duty | {"starts_us": us(f"{ODD} 23:30"), "ends_us": us("2026-10-21 07:30"), "user_id": "u2"}
    assert signal_days(ask("access.dormant_account_revived", audit_events=events, schedule=[other])) == [ODD]


def test_a_short_trail_tells_no_dormancy(ask: Ask) -> None:
    """Who was never seen before a trail of two weeks may have been silent or not."""
    events = [at(date(2026, 10, day), "08:00", user) for day in range(10, 20) for user in ("u1", "u2")]
    events.append(at(ODD, "08:00", "u3"))
    assert results(ask("access.dormant_account_revived", audit_events=events))["u3"] == "UNKNOWN"


OWN = {"audit_events": [at(ODD, "08:00"), at(ODD, "09:00", "u2")], "roster": [person("u1"), person("u2")]}
MATCH = [{"user_id": "u1", "patient_id": "p1"}, {"user_id": "u2", "patient_id": "p2"}]


def test_own_records_are_judged_where_there_is_a_policy(ask: Ask) -> None:
    """With the policy the access is matched, not proven; nobody else's is."""
    said = ask("access.own_record", tunables={"policy": "Policy 7: use the portal"}, self_match=MATCH, **OWN)
    assert results(said) == {"u1": "FAIL", "u2": "PASS"}
    assert said[0].signals[0].matched
    assert said[0].signals[0].patient_id == "p1"
    assert "not proven" in said[0].message


def test_own_records_are_matched_whatever_the_case_of_ids(ask: Ask) -> None:
    """Human resources, privacy office and audit trail may spell one id in three ways."""
    events = [at(ODD, "08:00", "BWayne"), at(ODD, "09:00", "BWAYNE")]
    said = ask(
        "access.own_record",
        tunables={"policy": "Policy 7"},
        audit_events=events,
        roster=[person("bwayne", patient_id="p1")],
        self_match=[{"user_id": "Bwayne", "patient_id": "p1"}],
    )
    assert [(one.subject, one.result, one.observed) for one in said] == [("bwayne", "FAIL", "2 accesses")]


def test_without_a_policy_no_own_record_is_looked_at(ask: Ask) -> None:
    """Nor is anybody put up without a match of people and records."""
    assert [one.result for one in ask("access.own_record", self_match=MATCH, **OWN)] == ["UNKNOWN"]
    said = ask("access.own_record", tunables={"policy": "Policy 7"}, **OWN)
    assert [one.result for one in said] == ["UNKNOWN"]
    assert not any(one.signals for one in said)


def stations() -> list[dict[str, Any]]:
    return [
        {"host": "WS-RAD", "zone": "reading room", "department": "radiology", "site": "main"},
        {"host": "ws-ward", "zone": "ward 3", "department": "medicine", "site": "main"},
        {"host": "ws-free", "zone": "ward 3", "site": "main"},
        {"host": "10.9.0.1", "zone": "clinic", "department": "radiology", "site": "east"},
    ]


RAD = {"source_host": "ws-rad"}


def test_two_places_at_once(ask: Ask) -> None:
    """Going to and fro within minutes stands out; walking over at once does not, nor back in half an hour."""
    shared = [at(ODD, f"11:{minute:02}", source_host=host)
              for minute, host in enumerate(["ws-ward", "ws-rad"] * 4)]  # fmt: skip
    walked = [at(ODD, clock, "u2", source_host=host)
              for clock, host in (("10:31", "ws-ward"), ("11:10", "ws-rad"))]  # fmt: skip
    called = [at(ODD, f"11:{minute:02}", "u3", source_host=host)
              for minute, host in ((1, "ws-rad"), (4, "ws-ward"), (9, "ws-ward"))]  # fmt: skip
    said = ask("access.two_places_at_once", audit_events=[*work(**RAD), *shared, *walked, *called],
               workstations=stations(), roster=roster())  # fmt: skip
    assert signal_days(said) == [ODD]
    assert results(said) == {user: "FAIL" if user == "u1" else "PASS" for user in USERS}
    assert not signal_days(said, "u2", 1.0)
    assert not signal_days(said, "u3", 1.0)


def test_a_foreign_workstation(ask: Ask) -> None:
    """A ward's workstation is foreign to radiology, unless there was duty on the ward; shared rooms never."""
    ward = [at(ODD, f"11:{minute:02}", user, source_host="ws-ward")
            for minute in range(0, 20, 2) for user in ("u1", "u2")]  # fmt: skip
    free = [at(ODD, f"11:{minute:02}", "u3", source_host="ws-free") for minute in range(0, 20, 2)]
    duty = {"user_id": "u2", "starts_us": us(f"{ODD} 07:00"), "ends_us": us(f"{ODD} 15:00"),
            "department": "Medicine"}  # fmt: skip
    said = ask("access.foreign_workstation", audit_events=[*work(**RAD), *ward, *free],
               workstations=stations(), roster=roster(), schedule=[duty])  # fmt: skip
    assert signal_days(said) == [ODD]
    assert not signal_days(said, "u2", 1.0)
    assert not signal_days(said, "u3", 1.0)


def test_impossible_travel(ask: Ask) -> None:
    """Two sites in five minutes match, in an hour they do not, nor does a session that ends by itself; a VPN
    that is exempt is left out."""
    events = [
        at(ODD, "11:00", **RAD), at(ODD, "11:05", source_ip="10.9.0.1"),
        at(ODD, "11:00", "u2", **RAD), at(ODD, "12:05", "u2", source_ip="10.9.0.1"),
        at(ODD, "12:10", "u2", "authentication", event_code="110114", event_subcode="110123", **RAD),
    ]  # fmt: skip
    said = ask("access.impossible_travel", audit_events=events, workstations=stations())
    assert results(said) == {"u1": "FAIL", "u2": "PASS"}
    assert said[0].signals[0].matched
    assert "after 5 minutes" in said[0].signals[0].reason
    vpn = {"detector": "access.impossible_travel", "network": "10.9.0.0/16", "reason": "VPN egress",
           "approved_by": "it"}  # fmt: skip
    said = ask("access.impossible_travel", audit_events=events, workstations=stations(), exemptions=[vpn])
    assert results(said) == {"u1": "PASS", "u2": "PASS"}


@pytest.mark.parametrize("name", ["impossible_travel", "two_places_at_once", "foreign_workstation"])
def test_who_is_at_no_listed_workstation_is_not_passed(ask: Ask, name: str) -> None:
    """Whose events all come from places that no list knows has a verdict too, and it is unknown."""
    events = [at(ODD, "11:00", **RAD), at(ODD, "11:00", "u2", source_ip="192.0.2.7"), at(ODD, "12:00", "u2")]
    events[2] |= {"source_ip": None, "source_host": None}
    said = ask(f"access.{name}", audit_events=events, workstations=stations(), roster=roster())
    assert results(said) == {"u1": "PASS", "u2": "UNKNOWN"}
    assert said[1].message.startswith("None of 2 events was made at a ")


def test_an_action_rare_for_the_role(ask: Ask) -> None:
    """Twelve exports of a radiologist whose peers export nothing stand out, a reader's day does not."""
    exports = [at(ODD, f"13:{minute:02}", category="export") for minute in range(12)]
    said = ask("access.action_rare_for_role", audit_events=[*work(), *exports], roster=roster())
    assert results(said) == {user: "FAIL" if user == "u1" else "PASS" for user in USERS}
    assert signal_days(said) == [ODD]
    assert "export on PACS vs" in next(one for one in said if one.subject == "u1").signals[0].reason


def test_what_a_role_does_is_not_rare(ask: Ask) -> None:
    """Where all export now and then, twelve exports of one are within what varies between people."""
    all_export = [at(day, "13:00", user, "export") for day in DAYS for user in USERS]
    exports = [at(ODD, f"13:{minute:02}", category="export") for minute in range(1, 3)]
    said = ask("access.action_rare_for_role", audit_events=[*work(), *all_export, *exports], roster=roster())
    assert set(results(said).values()) == {"PASS"}


def test_privilege_drift(ask: Ask) -> None:
    """Who takes up exports while nobody else changes moves farther than all peers."""
    later = [day for day in DAYS if day >= date(2026, 10, 1) and day.weekday() < 5]
    exports = [at(day, f"13:{minute:02}", category="export") for day in later for minute in range(4)]
    said = ask("access.privilege_drift", audit_events=[*work(), *exports], roster=roster())
    assert len(signal_days(said, "u1", 0.1)) == 1
    assert all(not verdict.signals for verdict in said if verdict.subject != "u1")


def test_a_new_system_moves_everybody(ask: Ask) -> None:
    """What all do from one day on is nobody's drift; too few events are unknown."""
    later = [day for day in DAYS if day >= date(2026, 10, 1) and day.weekday() < 5]
    moved = [at(day, "13:00", user, source_system="NEW") for day in later for user in USERS]
    said = ask("access.privilege_drift", audit_events=[*work(), *moved, at(ODD, "08:00", "rare")])
    assert not any(verdict.signals for verdict in said)
    assert results(said)["rare"] == "UNKNOWN"


def logins(user: str, day: date, count: int, outcome: str = "failure") -> list[dict[str, Any]]:
    return [event(f"{day} 09:{minute:02}", user, "authentication", event_outcome=outcome)
            for minute in range(count)]  # fmt: skip


def test_failed_logins_carry_signals(ask: Ask) -> None:
    """A day of twelve failures stands out; one forgotten password does not."""
    events = [one for day in DAYS for user in USERS for one in logins(user, day, 1, "success")]
    said = ask("audit.failed_logins", audit_events=[*events, *logins("u1", ODD, 12), *logins("u2", ODD, 1)])
    assert signal_days(said) == [ODD]
    assert not signal_days(said, "u2", 1.0)


LEFT = date(2026, 9, 30)


def gone(*rows: dict[str, Any], exported: str, **tables: Any) -> dict[str, Any]:
    custody = {"file": "evidence.file", "exported_by": "hr", "exported_at": None}
    return {"roster": list(rows), "custody": [custody | {"exported_at": instant(exported)}], **tables}


def test_a_leaver_is_matched_with_date_and_grace(ask: Ask) -> None:
    """The signal stands on the day of use and tells the roster's date and the grace."""
    said = ask(
        "access.terminated_account_in_use",
        audit_events=[at(ODD, "08:00"), at(LEFT + timedelta(days=1), "08:00")],
        **gone(person("u1", employed_to=LEFT), exported="2026-10-30 12:00"),
    )
    assert results(said) == {"u1": "FAIL"}
    assert [(one.day, one.matched) for one in said[0].signals] == [(ODD, True)]
    for part in ("20 days after", "grace 24 hours", "The roster is of 2026-10-30"):
        assert part in said[0].signals[0].reason


def test_a_roster_older_than_the_event_is_unknown(ask: Ask) -> None:
    """Since the export the person may be back."""
    said = ask(
        "access.terminated_account_in_use",
        audit_events=[at(ODD, "08:00")],
        **gone(person("u1", employed_to=LEFT), exported="2026-10-10 12:00"),
    )
    assert results(said) == {"u1": "UNKNOWN"}
    assert not said[0].signals


def test_rehires_and_reused_ids(ask: Ask) -> None:
    """A second employment under the same id, whoever holds it, is no use after leaving; the gap is."""
    rows = (
        person("u1", employed_to=LEFT),
        person("u1", employed_from=date(2026, 10, 15), role="nurse", family_name="Other"),
    )
    clean = ask("access.terminated_account_in_use", audit_events=[at(ODD, "08:00")],
                **gone(*rows, exported="2026-10-30 12:00"))  # fmt: skip
    assert results(clean) == {"u1": "PASS"}
    between = ask("access.terminated_account_in_use", audit_events=[at(date(2026, 10, 8), "08:00")],
                  **gone(*rows, exported="2026-10-30 12:00"))  # fmt: skip
    assert [one.day for one in between[0].signals] == [date(2026, 10, 8)]


def test_an_orphan_is_matched_once(ask: Ask) -> None:
    """Nobody's id is listed on its first day, unless it is exempt."""
    events = [at(ODD, "08:00", "nobody"), at(ODD + timedelta(days=1), "08:00", "nobody")]
    said = ask("access.user_not_in_roster", audit_events=events, roster=roster())
    assert [(one.day, one.matched) for one in said[0].signals] == [(ODD, True)]
    row = {"detector": "*", "user_id": "nobody", "reason": "service account", "approved_by": "it"}
    said = ask("access.user_not_in_roster", audit_events=events, roster=roster(), exemptions=[row])
    assert not said[0].signals


def moved(
    day: date, source: str, to: str, category: str = "transfer", count: int = 1
) -> list[dict[str, Any]]:
    titles = {"source_aet": source, "dest_aet": to, "event_code": "110104"}
    return [event(f"{day} 10:{minute:02}", None, category, **titles) for minute in range(count)]


ROUTINE = [one for day in DAYS for one in moved(day, "CT1", "PACS")]


@pytest.mark.parametrize(
    ("inventory", "new"), [(True, "FAIL"), (False, "FAIL")], ids=["inventory", "no inventory"]
)
def test_an_unknown_ae_title(ask: Ask, *, inventory: bool, new: str) -> None:
    """A title that neither the inventory nor the weeks before know is put up for review."""
    systems = [
        {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": "PACS;CT1"}
    ]
    said = ask("audit.unknown_ae_title", audit_events=[*ROUTINE, *moved(ODD, "ROGUE", "PACS")],
               **({"systems": systems} if inventory else {}))  # fmt: skip
    assert results(said) == {"CT1": "PASS", "PACS": "PASS", "ROGUE": new}


def test_a_new_route(ask: Ask) -> None:
    """A destination that never received from that source is new; without earlier days nobody knows."""
    events = [*ROUTINE, *moved(ODD, "PACS", "LAPTOP")]
    assert results(ask("audit.new_transfer_route", audit_events=events)) == {
        "CT1 to PACS": "PASS", "PACS to LAPTOP": "FAIL",
    }  # fmt: skip
    short = [one for one in events if one["event_time_us"] >= us("2026-10-01 00:00")]
    assert results(ask("audit.new_transfer_route", audit_events=short))["PACS to LAPTOP"] == "UNKNOWN"


def test_a_scan_by_queries(ask: Ask) -> None:
    """Fifty queries of a device that sends one a day stand out, and no person's queue hears of them."""
    events = [one for day in DAYS for ae in ("CT1", "CT2") for one in moved(day, ae, "PACS", "query")]
    said = ask("audit.query_scan", audit_events=[*events, *moved(ODD, "CT1", "PACS", "query", 50)])
    assert results(said) == {"CT1": "FAIL", "CT2": "PASS"}


def alert(number: int, surfaced: int, **columns: Any) -> dict[str, Any]:
    return {
        "alert": f"a{number}", "day": date(2026, 10, surfaced), "line": "alert", "user_id": "u1",
        "first_surfaced": instant(f"2026-10-{surfaced:02} 00:00"), **columns,
    }  # fmt: skip


def decision(number: int, who: str = "privacy", verdict: str = "explained", day: int = 9) -> dict[str, Any]:
    return {"alert": f"a{number}", "verdict": verdict, "decided_by": who,
            "decided_at": instant(f"2026-10-{day:02} 10:00")}  # fmt: skip


def test_unread_alerts_age(ask: Ask) -> None:
    """Decided is fine, young is fine, a month is high; undecided is no decision, below the line no alert."""
    said = ask(
        "access.alert_not_reviewed",
        alerts=[alert(1, 2), alert(2, 2), alert(3, 20), alert(4, 29), alert(5, 2), alert(6, 2, line="below")],
        verdicts=[decision(1), decision(5, verdict="undecided")],
    )
    assert results(said) == {"a1": "PASS", "a2": "FAIL", "a3": "FAIL", "a4": "PASS", "a5": "FAIL"}
    assert {one.subject for one in said if one.severity == "high"} == {"a2", "a5"}


def test_a_decision_counts_when_it_is_one(ask: Ask) -> None:
    """Late is late in the period in which it came; before the alert, or by its subject, is no decision."""
    early = alert(5, 1) | {"first_surfaced": instant("2026-07-01 00:00")}
    said = ask(
        "access.alert_not_reviewed",
        alerts=[alert(1, 2), alert(2, 10), alert(3, 2), alert(4, 2), early],
        verdicts=[
            decision(1, day=29),
            decision(2, day=9),
            decision(3, "Clark, Cid"),
            decision(4, r"HOSP\Lead"),
            decision(5) | {"decided_at": instant("2026-09-01 10:00")},
        ],
        roster=[person("u1", given_name="Cid", family_name="Clark", manager="lead"), person("lead")],
    )
    assert results(said) == {"a1": "FAIL", "a2": "FAIL", "a3": "FAIL", "a4": "FAIL", "a5": "PASS"}
    told = {one.subject: one.message for one in said}
    assert "decided after 27 days" in told["a1"]
    assert all("nobody decided" in told[one] for one in ("a2", "a3", "a4"))


def test_reviewers_are_independent(ask: Ask) -> None:
    """The subject's and the manager's decision is a finding; without a known manager it is unknown."""
    rows = [
        person("u1", manager="u2"), person("u2", given_name="Bo", family_name="Ss"), person("u3"),
        person("privacy"),
    ]  # fmt: skip
    said = ask(
        "access.review_not_independent",
        alerts=[*(alert(number, 2) for number in (1, 2, 3, 5, 6)), alert(4, 2, user_id="u3")],
        verdicts=[
            decision(1, "U1"),
            decision(2, "Bo Ss"),
            decision(3),
            decision(4),
            decision(5, "SS, Bo B."),
            decision(6, "somebody"),
        ],
        roster=rows,
    )
    assert results(said) == {
        "a1": "FAIL", "a2": "FAIL", "a3": "PASS", "a4": "UNKNOWN", "a5": "FAIL", "a6": "UNKNOWN",
    }  # fmt: skip


def test_an_account_that_was_silent_all_along(ask: Ask) -> None:
    """Employed for years and never seen before is dormant; hired last week is not."""
    events = [*(one for one in work() if one["user_id"] != "u1"), at(ODD, "08:00")]
    old = [person(user) for user in USERS]
    said = ask("access.dormant_account_revived", audit_events=events, roster=old)
    assert signal_days(said) == [ODD]
    new = [person("u1", employed_from=date(2026, 10, 12)), *old[:1], *old[2:]]
    assert not signal_days(ask("access.dormant_account_revived", audit_events=events, roster=new), "u1", 1.0)


def test_failures_from_elsewhere_weigh_more(ask: Ask) -> None:
    """Where people forget passwords now and then, failures at a strange desk are rarer than at the own."""
    own = {"source_host": "ws-1"}
    logged = [one | own for day in DAYS for user in USERS for one in logins(user, day, 1, "success")]
    forgot = [one | own for day in DAYS[::9] for user in USERS for one in logins(user, day, 4)]
    planted = [one | {"source_host": "ws-9"} for one in logins("u1", ODD, 4)]
    planted += [one | own for one in logins("u2", ODD, 4)]
    said = {one.subject: one for one in ask("audit.failed_logins", audit_events=[*logged, *forgot, *planted])}
    p = {user: min((signal.p for signal in said[user].signals if signal.day == ODD), default=1.0)
         for user in ("u1", "u2")}  # fmt: skip
    assert p["u1"] < p["u2"]


def test_a_system_that_the_role_never_uses(ask: Ask) -> None:
    """One log-in to an administrator's system is an action that radiologists do not take."""
    strange = at(ODD, "13:00", category="authentication", source_system="ADMIN")
    said = ask("access.action_rare_for_role", audit_events=[*work(), strange], roster=roster())
    assert signal_days(said) == [ODD]
