"""The audit trail: whole, attributed, and what it says of log-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.model import Moment, Period
from tests.checks.conftest import Ask
from tests.evidence import AT, ZONE, event, results, us

HOUR = 3_600_000_000
KOLKATA = ZoneInfo("Asia/Kolkata")


def hours(first: date, last: date, busy: Callable[[datetime], bool], zone: ZoneInfo = ZONE) -> list[int]:
    """Every hour between two local days (inclusive) in which a source is busy, as µs."""
    begin = us(f"{first} 00:00", zone)
    end = us(f"{last + timedelta(days=1)} 00:00", zone)
    return [
        at + 17 * 60_000_000 for at in range(begin, end, HOUR) if busy(datetime.fromtimestamp(at / 1e6, zone))
    ]


def office(at: datetime) -> bool:
    return at.weekday() < 5 and 7 <= at.hour < 18


def always(at: datetime) -> bool:
    return True


def trail(times: Iterable[int], source_system: str | None = "PACS", **columns: Any) -> list[dict[str, Any]]:
    return [event(at, source_system=source_system, **columns) for at in times]


JULY, START, END = date(2026, 7, 6), date(2026, 10, 1), date(2026, 10, 31)


def without(times: Iterable[int], begin: str, end: str, zone: ZoneInfo = ZONE) -> list[int]:
    return [at for at in times if not us(begin, zone) <= at < us(end, zone)]


def test_closed_is_no_gap(ask: Ask) -> None:
    """A modality that is closed at night and on weekends has no gap."""
    (verdict,) = ask("audit.gaps", audit_events=trail(hours(JULY, END, office)))
    assert verdict.result == "PASS"
    assert "22 of 31 days" in verdict.message


@pytest.mark.parametrize(
    ("begin", "end", "result"),
    [
        ("2026-10-14 09:00", "2026-10-14 15:00", "FAIL"),
        ("2026-10-14 09:00", "2026-10-14 14:00", "PASS"),
        ("2026-10-13 15:00", "2026-10-14 10:00", "FAIL"),
        ("2026-10-14 00:00", "2026-10-15 00:00", "FAIL"),
        ("2026-10-17 00:00", "2026-10-19 00:00", "PASS"),
    ],
    ids=["six busy hours", "five", "over night", "a working day", "a weekend"],
)
def test_silence_against_the_habit(ask: Ask, begin: str, end: str, result: str) -> None:
    """Only hours that are usually busy count as missed, also across a night."""
    (verdict,) = ask("audit.gaps", audit_events=trail(without(hours(JULY, END, office), begin, end)))
    assert verdict.result == result


def test_a_quiet_source(ask: Ask) -> None:
    """A source with one event a day, at any hour, has no busy hours; a day without one is still missed."""
    times = [
        us(f"{JULY + timedelta(days=day)} {(7 * day) % 24:02}:30") for day in range((END - JULY).days + 1)
    ]
    (verdict,) = ask("audit.gaps", audit_events=trail(times))
    assert verdict.result == "PASS"
    (verdict,) = ask("audit.gaps", audit_events=trail(without(times, "2026-10-14 00:00", "2026-10-15 00:00")))
    assert verdict.result == "FAIL"
    assert "1 silent day" in verdict.message


def test_without_an_earlier_trail(ask: Ask) -> None:
    """The other weeks of the period serve as habit; too few of them leave it unknown."""
    times = hours(START, END, always)
    (verdict,) = ask("audit.gaps", audit_events=trail(times))
    assert verdict.result == "PASS"
    gap = without(times, "2026-10-14 00:00", "2026-10-15 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(gap))
    assert verdict.result == "FAIL"
    assert "the other weeks of the trail" in verdict.message
    (verdict,) = ask("audit.gaps", audit_events=trail(gap), tunables={"habit_weeks": 5})
    assert verdict.result == "UNKNOWN"


@pytest.mark.parametrize(
    ("silent", "heard", "result"),
    [
        (["2026-10-08", "2026-10-15"], [], "FAIL"),
        (["2026-10-08", "2026-10-22"], [], "FAIL"),
        (["2026-10-08", "2026-10-22"], ["2026-10-15 03:00"], "FAIL"),
        (["2026-10-05", "2026-10-29"], [], "UNKNOWN"),
        (["2026-10-09", "2026-10-14", "2026-10-16", "2026-10-21"], [], "UNKNOWN"),
    ],
    ids=["one week", "two", "two and a sign of life", "most of it", "the same days twice"],
)
def test_a_silence_is_no_habit_of_its_own(ask: Ask, silent: list[str], heard: list[str], result: str) -> None:
    """The longer a silence within the only month that is known, the less it may pass for a habit."""
    times = hours(START, END, lambda at: 7 <= at.hour < 19)
    for first, last in zip(silent[::2], silent[1::2], strict=True):
        times = without(times, f"{first} 00:00", f"{last} 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(sorted([*times, *map(us, heard)])))
    assert verdict.result == result, verdict.message


@pytest.mark.parametrize(
    ("begin", "early", "silent", "result"),
    [
        (date(2026, 9, 28), ["2026-08-03 12:00"], ["2026-10-08", "2026-10-20"], "UNKNOWN"),
        (date(2026, 9, 28), ["2026-08-03 12:00"], [], "PASS"),
        (date(2026, 9, 28), [], ["2026-10-08", "2026-10-20"], "FAIL"),
        (JULY, [], ["2026-09-01", "2026-09-21", "2026-10-08", "2026-10-20"], "UNKNOWN"),
        (JULY, [], ["2026-09-24", "2026-10-03"], "FAIL"),
    ],
    ids=["one event long before", "and no silence", "none before", "silent once before", "over the border"],
)
def test_weeks_of_silence_teach_no_habit(
    ask: Ask, begin: date, early: list[str], silent: list[str], result: str
) -> None:
    """Neither the weeks after a test message nor an earlier breakdown show that a source is often silent."""
    times = hours(begin, END, lambda at: 7 <= at.hour < 19)
    for first, last in zip(silent[::2], silent[1::2], strict=True):
        times = without(times, f"{first} 00:00", f"{last} 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail([*map(us, early), *times]))
    assert verdict.result == result, verdict.message


def test_chance_is_no_silence(ask: Ask) -> None:
    """Eight hours without an event pass where such hours had one in some weeks; a day of them is unknown."""
    some = [at for number, at in enumerate(hours(JULY, END, always)) if (number % 168 + number // 168) % 3]
    evening = without(some, "2026-10-14 15:00", "2026-10-14 23:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(evening))
    assert verdict.result == "PASS", verdict.message
    longer = without(some, "2026-10-14 05:00", "2026-10-15 12:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(longer))
    assert verdict.result == "UNKNOWN", verdict.message


def test_a_month_of_four_weeks_is_enough(ask: Ask) -> None:
    """February alone shows what is closed at night and on weekends."""
    at = Moment.closing(Period.parse("2027-02"), ZONE)
    times = hours(at.period.first_day, at.period.last_day, office)
    (verdict,) = ask("audit.gaps", at, audit_events=trail([*times, us("2027-02-28 23:30")]))
    assert verdict.result == "PASS", verdict.message


def test_the_ends_of_the_trail(ask: Ask) -> None:
    """Days before a source was first seen, and after its files end, are not judged: unknown, never a pass."""
    times = hours(JULY, END, always)
    early = without(times, "2026-10-20 00:00", "2026-11-01 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(early))
    assert verdict.result == "UNKNOWN"
    assert "12 of 31 days" in verdict.message
    morning = without(hours(JULY, END, office), "2026-10-30 08:00", "2026-11-01 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(morning))
    assert (verdict.result, "over 1 of 31 days" in verdict.message) == ("UNKNOWN", True)
    late = without(times, "2026-07-01 00:00", "2026-10-05 00:00")
    (verdict,) = ask("audit.gaps", audit_events=trail(late))
    assert verdict.result == "UNKNOWN"
    assert "4 of 31 days" in verdict.message


def test_a_file_that_goes_on_shows_who_stopped(ask: Ask) -> None:
    """When the file of a source goes on with others, its silence to the end is a gap."""
    times = hours(JULY, END, always)
    stopped = trail(without(times, "2026-10-20 00:00", "2026-11-01 00:00"), "CT1")
    same = ask("audit.gaps", audit_events=[*stopped, *trail(times)])
    assert results(same) == {"CT1": "FAIL", "PACS": "PASS"}
    other = ask("audit.gaps", audit_events=[*stopped, *trail(times, source="other.xml")])
    assert results(other) == {"CT1": "UNKNOWN", "PACS": "PASS"}


def test_a_source_that_is_gone(ask: Ask) -> None:
    """A source that was seen before and not once in the period is judged too."""
    before = [at for at in hours(JULY, END, always) if at < AT.start_us]
    verdicts = ask("audit.gaps", audit_events=[*trail(before, "CT1"), *trail(hours(JULY, END, always), None)])
    assert results(verdicts) == {"CT1": "FAIL", "source without a name": "PASS"}
    assert all(verdict.rows[0].keys for verdict in verdicts)
    rare = ask("audit.gaps", audit_events=[*trail(before[-1:], "CT1"), *trail(hours(JULY, END, always))])
    assert results(rare)["CT1"] == "UNKNOWN"


def test_clock_change_is_no_gap(ask: Ask) -> None:
    """The hour that does not exist in spring is not missing, and the doubled one in autumn hides none."""
    for name in ("2026-03", "2026-11"):
        at = Moment.closing(Period.parse(name), ZONE)
        times = hours(at.period.first_day - timedelta(days=60), at.period.last_day, always)
        (verdict,) = ask("audit.gaps", at, audit_events=trail(times), tunables={"silent_hours": 1})
        assert verdict.result == "PASS", name
        assert "longest silence 0 h" in verdict.message


def test_half_hour_zones(ask: Ask) -> None:
    """Days are local days, also where the clock stands half an hour off."""
    at = Moment.closing(Period.parse("2026-10"), KOLKATA)
    times = hours(JULY, END, always, KOLKATA)
    silent = without(times, "2026-10-14 00:00", "2026-10-15 00:00", KOLKATA)
    (verdict,) = ask("audit.gaps", at, audit_events=trail(silent))
    assert "30 of 31 days" in verdict.message
    assert "longest silence 24 h" in verdict.message


def test_events_far_off_and_without_a_time(ask: Ask) -> None:
    """An event with an absurd time or none does not stretch the trail."""
    odd = [event(-(1 << 60)), event(1 << 60), {**event(0), "event_time_us": None}]
    (verdict,) = ask("audit.gaps", audit_events=[*trail(hours(JULY, END, always)), *odd])
    assert verdict.result == "PASS"


def login(
    time: str, outcome: str | None = "failure", user: str | None = "u1", **columns: Any
) -> dict[str, Any]:
    return event(time, user, "authentication", **{"event_outcome": outcome, **columns})


def test_failed_logins(ask: Ask) -> None:
    """Each user of each system with log-ins is judged: many a day, a burst, unclear ones, few."""
    verdicts = ask(
        "audit.failed_logins",
        audit_events=[
            *(
                login(f"2026-10-05 {hour:02}:{minute}0", user="many")
                for hour in range(7, 17)
                for minute in (0, 3)
            ),
            *(login(f"2026-10-05 08:0{minute}", user="burst") for minute in range(5)),
            *(login(f"2026-10-05 08:0{minute}", user="four") for minute in range(4)),
            *(login(f"2026-10-{day:02} 08:00", user="slow") for day in range(1, 20)),
            login("2026-10-05 08:00", None, user="unclear"),
            login("2026-10-05 08:00", "success", user="fine"),
            *(login(f"2026-10-05 08:0{minute}", user="fine", source_system="RIS") for minute in range(5)),
            *(login(f"2026-09-30 08:0{minute}", user="earlier") for minute in range(5)),
            *(login(f"2026-10-05 09:0{minute}", user=None) for minute in range(6)),
            event("2026-10-05 08:00", "reader"),
        ],
    )
    found = {(verdict.subject, verdict.scope): verdict for verdict in verdicts}
    assert {key: verdict.result for key, verdict in found.items()} == {
        ("many", "PACS"): "FAIL",
        ("burst", "PACS"): "FAIL",
        ("four", "PACS"): "PASS",
        ("slow", "PACS"): "PASS",
        ("unclear", "PACS"): "UNKNOWN",
        ("fine", "PACS"): "PASS",
        ("fine", "RIS"): "FAIL",
        ("no user named", "PACS"): "FAIL",
    }
    assert "20 of 20 log-in events failed, at most 20 on one day" in found["many", "PACS"].message
    assert found["burst", "PACS"].rows[0].count == 5
    assert found["slow", "PACS"].rows[0].count == 19


def test_a_password_spray(ask: Ask) -> None:
    """Passwords on twenty accounts from one address stand out; one account that fails often does not."""
    days = [date(2026, 8, 20) + timedelta(days=n) for n in range(70)]
    usual = [
        login(f"{day} 08:{number:02}", "failure" if (day.day + number) % 13 == 0 else "success",
              user=f"u{number}", source_ip=f"10.0.0.{number}")
        for day in days for number in range(20)
    ]  # fmt: skip
    tried = [login(f"2026-10-20 03:{n:02}", user=f"u{n}", source_ip="198.51.100.7") for n in range(20)]
    often = [login(f"2026-10-21 03:{n:02}", user="u1", source_host="WS-1") for n in range(40)]
    nowhere = [login(f"2026-10-22 03:{n:02}", user=f"u{n}") for n in range(20)]
    verdicts = ask("audit.password_spray", audit_events=[*usual, *tried, *often, *nowhere])
    found = results(verdicts)
    assert {place for place, result in found.items() if result == "FAIL"} == {"198.51.100.7"}
    assert len(found) == 23
    assert found["no address named"] == "UNKNOWN"
    (spray,) = (one for one in verdicts if one.subject == "198.51.100.7")
    assert "20 accounts that failed to log in (each counted once a day) on 1 active day" in spray.message
    assert spray.signals[0].rows[0].keys
    row = {"detector": "audit.password_spray", "network": "198.51.100.0/24", "reason": "r",
           "approved_by": "it"}  # fmt: skip
    again = results(ask("audit.password_spray", audit_events=[*usual, *tried], exemptions=[row]))
    assert again["198.51.100.7"] == "PASS"


def test_bursts_at_equal_times(ask: Ask) -> None:
    """Failures within one second are a burst whatever their order; ten minutes are still within."""
    same = [login("2026-10-05 08:00") for _ in range(5)]
    (verdict,) = ask("audit.failed_logins", audit_events=same)
    assert verdict.result == "FAIL"
    spread = [login(f"2026-10-05 08:{minute}") for minute in ("00", "01", "02", "03", "10")]
    (verdict,) = ask("audit.failed_logins", audit_events=spread)
    assert verdict.result == "FAIL"
    (verdict,) = ask("audit.failed_logins", audit_events=[*spread[:-1], login("2026-10-05 08:11")])
    assert verdict.result == "PASS"


def test_a_day_is_a_local_day(ask: Ask) -> None:
    """Failures before and after local midnight fall on two days, whatever UTC says."""
    evening = [login(f"2026-10-05 {hour}:{minute}0") for hour in (20, 21, 22, 23) for minute in (0, 2, 4)]
    night = [login(f"2026-10-06 0{hour}:{minute}0") for hour in (0, 1, 2, 3) for minute in (0, 2, 4)]
    (verdict,) = ask("audit.failed_logins", audit_events=[*evening, *night])
    assert "24 of 24 log-in events failed, at most 12 on one day" in verdict.message


def test_unattributed(ask: Ask) -> None:
    """Accesses by machines and by nobody count against a source; other events and refused ones do not."""
    machine = {"user": "CT1", "user_type": "node"}
    verdicts = ask(
        "audit.unattributed",
        audit_events=[
            *(event("2026-10-05 08:00") for _ in range(9)),
            event("2026-10-05 08:00", **machine),
            *(event("2026-10-05 08:00", **machine, category="import") for _ in range(20)),
            *(event("2026-10-05 08:00", **machine, category="transfer") for _ in range(20)),
            event("2026-10-05 08:00", None, event_outcome="failure"),
            event("2026-10-05 08:00", None, event_code="110102", category="transfer"),
            event("2026-09-05 08:00", None),
            *(event("2026-10-05 08:00", source_system="VNA") for _ in range(8)),
            event("2026-10-05 08:00", None, source_system="VNA"),
            event("2026-10-05 08:00", None, user_type="person", source_system="VNA", event_outcome=None),
            event("2026-10-05 08:00", category="authentication", source_system="RIS"),
            *(event("2026-10-05 08:00", source_system="WEB") for _ in range(8)),
            *(event("2026-10-05 08:00", "10.0.0.7", user_type=None, source_system="WEB") for _ in range(2)),
        ],
    )
    assert results(verdicts) == {"PACS": "PASS", "VNA": "FAIL", "RIS": "UNKNOWN", "WEB": "UNKNOWN"}
    messages = {verdict.subject: verdict.message for verdict in verdicts}
    assert messages["PACS"] == "1 of 10 accesses names no person: 1 only a machine, 0 nobody."
    assert messages["VNA"] == "2 of 10 accesses name no person: 0 only a machine, 2 nobody."
    assert "2 do not say whether their user is a person" in messages["WEB"]
    counts = {verdict.subject: verdict.rows[0].count for verdict in verdicts}
    assert counts == {"PACS": 1, "VNA": 2, "RIS": 0, "WEB": 2}


TRIES = st.tuples(
    st.integers(0, 90), st.sampled_from(["success", "failure", "failure", None]), st.sampled_from("ab")
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TRIES, min_size=1, max_size=25), st.integers(1, 5), st.integers(1, 6))
def test_failed_logins_as_by_hand(
    ask: Ask, tries: list[tuple[int, str | None, str]], burst: int, per_day: int
) -> None:
    """Bursts and busy days are those that one finds by looking at every failure."""
    begin = us("2026-10-05 23:00")
    trail_of_tries = [
        event(begin + minute * 60_000_000, user, "authentication", event_outcome=outcome)
        for minute, outcome, user in tries
    ]
    limits = {"burst": burst, "per_day": per_day, "burst_minutes": 10}
    verdicts = ask("audit.failed_logins", audit_events=trail_of_tries, tunables=limits)
    expected = {}
    for user in {user for *_, user in tries}:
        minutes = sorted(minute for minute, outcome, who in tries if who == user and outcome == "failure")
        bursts = any(sum(minute - 10 <= other <= minute for other in minutes) >= burst for minute in minutes)
        days = (sum(minute < 60 for minute in minutes), sum(minute >= 60 for minute in minutes))
        unclear = any(who == user and outcome is None for _, outcome, who in tries)
        fails = bursts or max(days) >= per_day
        expected[user] = "FAIL" if fails else "UNKNOWN" if unclear else "PASS"
    assert results(verdicts) == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 30), st.integers(0, 23), st.integers(1, 120), st.integers(0, 743))
def test_more_events_are_never_a_gap(ask: Ask, day: int, hour: int, length: int, extra: int) -> None:
    """An event more in the period never turns a pass into a finding."""
    begin = us("2026-10-01 00:00") + (24 * day + hour) * HOUR
    times = [at for at in hours(JULY, END, office) if not begin <= at < begin + length * HOUR]
    (before,) = ask("audit.gaps", audit_events=trail(times))
    (after,) = ask("audit.gaps", audit_events=trail([*times, us("2026-10-01 00:00") + extra * HOUR]))
    # What is unknown may become a finding: a later event shows that the trail reached so far.
    assert before.result != "PASS" or after.result == "PASS"
