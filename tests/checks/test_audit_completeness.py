"""Is the audit trail whole: sources, kinds of events, stops, clocks, numbers, copies, limits, custody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.model import Moment, Period, Verdict
from riskkit.readers.audit_csv import read as audit_csv
from riskkit.words import count
from tests.checks.conftest import Ask
from tests.evidence import FILE, ZONE, engine_of, event, instant, results, us
from tests.readers.reading import read_all

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
OCTOBER = us("2026-10-01 00:00")


def system(name: str, kind: str = "archive", **columns: Any) -> dict[str, Any]:
    aliases = f"{name.upper()};{name}.example"
    return {"system_id": name, "name": name, "kind": kind, "holds_ephi": True, "aliases": aliases} | columns


def daily(days: range = range(31), **columns: Any) -> list[dict[str, Any]]:
    """One event a day at eight, by default all October."""
    return [event(OCTOBER + day * DAY + 8 * 60 * MINUTE, **columns) for day in days]


def only(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


def code(time: str, subcode: str, **columns: Any) -> dict[str, Any]:
    return event(time, "root", "application", event_code="110100", event_subcode=subcode, **columns)


# ---------------------------------------------------------------- sources (C3)


def test_systems_without_a_trail(ask: Ask) -> None:
    """Heard before and silent now fails, never heard is unknown, a backup needs no trail of its own."""
    verdicts = ask(
        "audit.source_missing",
        audit_events=[
            *daily(source_system="PACS"),
            event("2026-09-20 00:00", source_system="vna.example"),
            event("2026-10-05 08:00", source_system="STRANGER"),
            event("2026-09-05 08:00", source_system="LONG-GONE"),
            event("2026-10-05 08:00", source_system=None),
        ],
        systems=[
            system("pacs"), system("vna"), system("ris"), system("backup", "backup"),
            system("cardio", covered=False), system("hr", holds_ephi=False),
        ],
    )  # fmt: skip
    assert results(verdicts) == {
        "pacs": "PASS",
        "vna": "FAIL",
        "ris": "UNKNOWN",
        "backup": "NA",
        "STRANGER": "UNKNOWN",
        "source without a name": "UNKNOWN",
    }
    said = {verdict.subject: verdict for verdict in verdicts}
    assert "the last one lies 42 days before its end" in said["vna"].message
    assert said["vna"].rows[0].table == "systems"
    assert said["pacs"].rows[0].count == 31


def test_a_missing_inventory_is_not_assessed() -> None:
    """Without an inventory nobody knows what is missing."""
    from riskkit.assess import all_checks  # noqa: PLC0415

    check = next(check for check in all_checks() if check.id == "audit.source_missing")
    assert set(check.needs) == {"trail_files", "systems"}


# ---------------------------------------------------------------- kinds of events (C4)

ARCHIVE = ("application", "audit_log_used", "query", "read", "delete", "security_alert")


def kinds(*names: str, days: range = range(31), **columns: Any) -> list[dict[str, Any]]:
    return [row for name in names for row in daily(days, category=name, **columns)]


def test_every_kind_is_there(ask: Ask) -> None:
    """An archive with all that it should record passes; a transfer stands for a read."""
    for access in ("read", "transfer"):
        trail = kinds(*(access if name == "read" else name for name in ARCHIVE))
        verdict = only(ask("audit.event_class_missing", audit_events=trail, systems=[system("pacs")]))
        assert verdict.result == "PASS"


def test_a_kind_that_never_was(ask: Ask) -> None:
    """Absence alone is unknown, and says which kind."""
    trail = kinds(*ARCHIVE[:-2], days=range(-60, 31))
    verdict = only(ask("audit.event_class_missing", audit_events=trail, systems=[system("pacs")]))
    assert verdict.result == "UNKNOWN"
    assert "none of delete, security alert" in verdict.message


@pytest.mark.parametrize(
    ("before", "result"), [(range(-31, 0), "FAIL"), (range(-31, -22), "UNKNOWN")], ids=["31 times", "9 times"]
)
def test_a_kind_that_stopped(ask: Ask, before: range, result: str) -> None:
    """What was usual in the weeks before and is gone fails; what was rare may just not have happened."""
    trail = [*kinds(*ARCHIVE[:-2], days=range(-31, 31)), *kinds(*ARCHIVE[-2:-1], days=before)]
    verdict = only(ask("audit.event_class_missing", audit_events=trail, systems=[system("pacs")]))
    assert verdict.result == result
    assert f"delete ({len(before)} before)" in verdict.message
    assert verdict.rows[0].keys


def test_kinds_of_unknown_systems(ask: Ask) -> None:
    """Without an inventory only what stopped can be told."""
    verdict = only(ask("audit.event_class_missing", audit_events=kinds("read")))
    assert verdict.result == "UNKNOWN"
    stopped = [*kinds("read", days=range(-31, 31)), *kinds("query", days=range(-31, 0))]
    assert only(ask("audit.event_class_missing", audit_events=stopped)).result == "FAIL"


# ---------------------------------------------------------------- stops and starts (C5)


def stops(ask: Ask, *marks: tuple[str, str]) -> Verdict:
    return only(
        ask(
            "audit.recording_stopped",
            audit_events=[event("2026-10-02 08:00"), *(code(time, subcode) for time, subcode in marks)],
        )
    )


def test_a_restart_is_in_order(ask: Ask) -> None:
    """Stop and start within the hour pass, in the night of the period's start too; so does the last stop."""
    verdict = stops(
        ask,
        ("2026-09-30 23:50", "110121"), ("2026-10-01 00:10", "110120"),
        ("2026-10-05 03:00", "110121"), ("2026-10-05 03:20", "110120"),
        ("2026-10-06 03:00", "110133"), ("2026-10-06 03:20", "110134"),
        ("2026-10-31 23:00", "110121"),
    )  # fmt: skip
    assert verdict.result == "PASS"
    assert "stopped 2 times and started 2 times" in verdict.message


@pytest.mark.parametrize(
    ("marks", "severity"),
    [
        ([("2026-10-05 03:00", "110133"), ("2026-10-05 04:01", "110134")], "high"),
        ([("2026-10-05 03:00", "110133")], None),
        ([("2026-10-05 03:00", "110133"), ("2026-10-06 03:00", "110133")], "high"),
        ([("2026-10-05 03:00", "110120"), ("2026-10-06 03:00", "110120")], None),
        ([("2026-10-05 03:00", "110121"), ("2026-10-06 03:00", "110121")], None),
    ],
    ids=["recording off", "not started again", "stopped twice", "started twice", "application twice"],
)
def test_stops_without_a_start(ask: Ask, marks: list[tuple[str, str]], severity: str | None) -> None:
    """Long or unpaired stops fail; recording that was off weighs more."""
    verdict = stops(ask, *marks)
    assert verdict.result == "FAIL"
    if severity:
        assert verdict.severity == severity
    assert verdict.rows[0].count == len(marks)


@pytest.mark.parametrize("again", [[("2026-10-20 08:00", "110134")], []])
def test_recording_that_was_off_when_the_period_began(ask: Ask, again: list[tuple[str, str]]) -> None:
    """A stop of September that lasts into October is one of October; one that was over is not."""
    verdict = stops(ask, ("2026-09-28 08:00", "110133"), *again)
    assert (verdict.result, verdict.severity) == ("FAIL", "high")
    over = stops(ask, ("2026-09-28 08:00", "110133"), ("2026-09-29 08:00", "110134"))
    assert over.result == "UNKNOWN"


def test_recording_that_was_off_long_before(ask: Ask) -> None:
    """A stop of August counts in October when only that starts again; so does one that ended the trail."""
    verdict = stops(ask, ("2026-08-20 08:00", "110133"), ("2026-10-05 08:00", "110134"))
    assert (verdict.result, verdict.severity) == ("FAIL", "high")
    assert "1 of the stops of recording was before the period" in verdict.message
    trail = [
        *daily(),
        code("2026-09-28 08:00", "110133", source_system="SILENT"),
        code("2026-09-28 08:00", "110121", source_system="SWITCHED OFF"),
    ]
    verdicts = ask("audit.recording_stopped", audit_events=trail)
    assert results(verdicts) == {"PACS": "UNKNOWN", "SILENT": "FAIL"}
    assert verdicts[1].rows[0].count == 1


def test_no_mark_is_unknown(ask: Ask) -> None:
    """A source that writes neither stop nor start may have crashed, or not."""
    assert stops(ask).result == "UNKNOWN"


def test_an_application_that_rests(ask: Ask) -> None:
    """A scanner that is stopped every evening is off, not silent."""
    days = [(f"2026-10-{day:02} {hour}", mark) for day in range(1, 32)
            for hour, mark in (("06:30", "110120"), ("22:30", "110121"))]  # fmt: skip
    assert stops(ask, *days).result == "PASS"


# ---------------------------------------------------------------- clocks (C6)


def received(times: list[int], delays: list[int], **columns: Any) -> list[dict[str, Any]]:
    return [
        event(time, event_received_us=time + delay, time_quality="zoned", **columns)
        for time, delay in zip(times, delays, strict=True)
    ]


HOURLY = [OCTOBER + hour * 60 * MINUTE for hour in range(31 * 24)]


def test_a_right_clock(ask: Ask) -> None:
    """Events that arrive within a second pass; some that were delivered an hour late as well."""
    delays = [SECOND // 3] * len(HOURLY)
    assert only(ask("audit.clock", audit_events=received(HOURLY, delays))).result == "PASS"
    delays[100:110] = [3600 * SECOND] * 10
    assert only(ask("audit.clock", audit_events=received(HOURLY, delays))).result == "PASS"


def test_a_clock_that_lags(ask: Ask) -> None:
    """A day on which nothing arrives within a minute shows a clock that lags, and by how much."""
    delays = [SECOND // 3] * 480 + [192 * SECOND + SECOND // 3] * (len(HOURLY) - 480)
    verdict = only(ask("audit.clock", audit_events=received(HOURLY, delays)))
    assert verdict.result == "FAIL"
    assert "at least 192 s after its time" in verdict.message


def test_a_clock_that_lags_for_an_hour(ask: Ask) -> None:
    """Events of an hour that all come late by the same time show it; a heap after an outage does not."""
    times = [OCTOBER + number * 10 * MINUTE for number in range(31 * 144)]
    delays = [SECOND] * len(times)
    delays[600:606] = [300 * SECOND + n * SECOND for n in range(6)]
    verdict = only(ask("audit.clock", audit_events=received(times, delays)))
    assert verdict.result == "FAIL"
    assert "In 1 hour every event was received at least 300 s after its time" in verdict.message
    delays[600:606] = [(3600 - n * 600) * SECOND for n in range(6)]
    assert only(ask("audit.clock", audit_events=received(times, delays))).result == "PASS"


def test_a_clock_that_runs_ahead(ask: Ask) -> None:
    """Nothing is received before it happens."""
    delays = [SECOND] * len(HOURLY)
    delays[50:60] = [-600 * SECOND] * 10
    verdict = only(ask("audit.clock", audit_events=received(HOURLY, delays)))
    assert verdict.result == "FAIL"
    assert "10 events lie after their receipt" in verdict.message


@pytest.mark.parametrize(("back", "result"), [(20, "FAIL"), (1, "PASS")], ids=["20 minutes", "1 minute"])
def test_a_clock_that_is_set_back(ask: Ask, back: int, result: str) -> None:
    """A step back in the order of the file is seen; a minute is what threads and networks do."""
    times = [OCTOBER + number * MINUTE for number in range(5000)]
    times[3000:] = [time - back * MINUTE for time in times[3000:]]
    verdict = only(ask("audit.clock", audit_events=received(times, [SECOND] * 5000)))
    assert verdict.result == result
    if result == "FAIL":
        assert "1 step back, the longest 1140 s" in verdict.message


def test_newest_first_is_no_clock(ask: Ask) -> None:
    """A file in another order tells no steps: it stays unknown."""
    verdict = only(ask("audit.clock", audit_events=received(HOURLY[::-1], [SECOND] * len(HOURLY))))
    assert verdict.result == "UNKNOWN"
    assert "the order of the files tells no steps" in verdict.message


def test_no_receipt_and_no_zone(ask: Ask) -> None:
    """Without a time of receipt, or without zones, the clock is unknown."""
    assert only(ask("audit.clock", audit_events=daily(time_quality="zoned"))).result == "UNKNOWN"
    bare = received(HOURLY, [SECOND] * len(HOURLY))
    verdict = only(ask("audit.clock", audit_events=[row | {"time_quality": "assumed_tz"} for row in bare]))
    assert verdict.result == "UNKNOWN"
    assert "744 were written without zone" in verdict.message


def test_the_hour_that_comes_twice(ask: Ask) -> None:
    """When clocks go back, times without a zone may be an hour later; it is told of how many."""
    at = Moment.closing(Period.parse("2026-11"), ZONE)
    first = us("2026-11-01 00:30")
    trail = [
        event(
            first + hour * 60 * MINUTE,
            time_quality="assumed_tz",
            event_received_us=first + hour * 60 * MINUTE,
        )
        for hour in range(12)
    ]
    verdict = only(ask("audit.clock", at, audit_events=trail))
    assert "1 falls into an hour that the clock shows twice" in verdict.message


# ---------------------------------------------------------------- numbers (C7)


def numbered(*numbers: int | str, **columns: Any) -> list[dict[str, Any]]:
    return [
        event(OCTOBER + place * MINUTE, event_id=str(number), **columns)
        for place, number in enumerate(numbers)
    ]


def test_numbers(ask: Ask) -> None:
    """Every number once passes, a missing one fails, so does one that is used again; a copy does not."""
    assert only(ask("audit.sequence_gap", audit_events=numbered(*range(7, 40)))).result == "PASS"
    verdict = only(ask("audit.sequence_gap", audit_events=numbered(1, 2, 3, 5, 8, 9)))
    assert verdict.result == "FAIL"
    assert "3 are missing in 2 gaps" in verdict.message
    assert verdict.rows[0].keys[0][1] == 300
    verdict = only(ask("audit.sequence_gap", audit_events=numbered(1, 2, 3, 2)))
    assert "1 is used twice" in verdict.message
    copy = numbered(1, 2, 3)
    verdict = only(ask("audit.sequence_gap", audit_events=[*copy, copy[1] | {"source": "other.file"}]))
    assert verdict.result == "PASS"


def at_border(number: int, ago: int) -> dict[str, Any]:
    return event(OCTOBER - ago * MINUTE, event_id=str(number), source="september.csv")


def test_numbers_that_are_missing_at_the_border_of_the_period(ask: Ask) -> None:
    """What lies between September's last number and October's first is missing; a counter set back is not."""
    before = [at_border(number, 9 - number) for number in range(1, 9)]
    for first, missing in ((11, "2 more"), (709, "700 more")):
        trail = [*before, *numbered(*range(first, first + 30))]
        verdict = only(ask("audit.sequence_gap", audit_events=trail))
        assert verdict.result == "FAIL"
        assert f"none is missing, and {missing} to the last number before" in verdict.message
        assert verdict.rows[0].count == 1
    for first in (9, 1):
        verdict = only(ask("audit.sequence_gap", audit_events=[*before, *numbered(*range(first, 40))]))
        assert verdict.result == "PASS"


def test_a_month_that_is_not_in_the_pack(ask: Ask) -> None:
    """Between August and October numbers are missing of which nobody can say when: unknown, and told."""
    august = [at_border(number, 32 * 24 * 60) for number in range(1, 9)]
    verdict = only(ask("audit.sequence_gap", audit_events=[*august, *numbered(*range(709, 800))]))
    assert verdict.result == "UNKNOWN"
    assert (
        "700 more are missing to the last number before the period, which is too long ago" in verdict.message
    )


def test_numbers_out_of_step_with_time(ask: Ask) -> None:
    """A number that lies a moment before the period is not missing in it, nor one of a counter set back."""
    swapped = [at_border(1, 2), at_border(3, 1), *numbered(2, *range(4, 40))]
    verdict = only(ask("audit.sequence_gap", audit_events=swapped))
    assert (verdict.result, verdict.observed) == ("PASS", "no numbers missing, none used twice")
    set_back = [at_border(number, 600 - number) for number in range(490, 500)]
    verdict = only(ask("audit.sequence_gap", audit_events=[*set_back, *numbered(*range(1, 300))]))
    assert verdict.result == "PASS"


def test_what_does_not_count_records(ask: Ask) -> None:
    """Digests are no numbers, scattered numbers count nothing, and Orthanc leaves numbers out."""
    assert not ask("audit.sequence_gap", audit_events=numbered("a1", "b2"))
    assert not ask("audit.sequence_gap", audit_events=daily())
    assert not ask("audit.sequence_gap", audit_events=numbered(1, 5, 9, source_format="orthanc_changes"))
    assert not ask("audit.sequence_gap", audit_events=numbered(1, 2, 4, source_format="fhir_audit/r4"))
    verdict = only(ask("audit.sequence_gap", audit_events=numbered(10, 9_000, 77_123)))
    assert verdict.result == "UNKNOWN"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 60), min_size=35, max_size=60), st.randoms(use_true_random=False))
def test_missing_numbers_as_by_hand(ask: Ask, numbers: set[int], chance: Any) -> None:
    """As many are missing as a set difference says, whatever the order of the file."""
    order = sorted(numbers)
    chance.shuffle(order)
    verdict = only(ask("audit.sequence_gap", audit_events=numbered(*order)))
    missing = len(set(range(min(numbers), max(numbers) + 1)) - numbers)
    assert verdict.result == ("FAIL" if missing else "PASS")
    assert verdict.observed == f"{count(missing, 'number')} missing, none used twice"


# ---------------------------------------------------------------- copies (C8)


def identified(count: int, **columns: Any) -> list[dict[str, Any]]:
    return [event(OCTOBER + n * MINUTE, event_id=f"id{n}", **columns) for n in range(count)]


def test_copies(ask: Ask) -> None:
    """More than one copy in a hundred fails; rows of one record are no copies."""
    trail = identified(100)
    assert only(ask("audit.duplicates", audit_events=trail)).result == "PASS"
    again = [trail[5] | {"source": "other.file"}, trail[7]]
    verdict = only(ask("audit.duplicates", audit_events=[*trail, *again]))
    assert verdict.result == "FAIL"
    assert "2 of 102 events are copies of another, 1 in another file" in verdict.message
    assert verdict.rows[0].keys
    assert only(ask("audit.duplicates", audit_events=[*trail, trail[7]])).result == "PASS"
    rows = [row | {"n": 1} for row in trail]
    assert only(ask("audit.duplicates", audit_events=[*trail, *rows])).result == "PASS"


def test_overlapping_exports_without_identifiers(ask: Ask) -> None:
    """Rows of a second export in CSV that stand in the first are copies; equal rows of one second unknown."""

    def exported(name: str, lines: list[str]) -> list[dict[str, Any]]:
        mapping = {
            "table": "audit_events",
            "columns": {"When": "event_time_us", "Who": "user_id", "What": "event_category"},
            "constants": {"source_system": "EHR"},
        }
        text = "When,Who,What\n" + "".join(lines)
        return read_all(audit_csv, text.encode(), name, mapping=mapping).table("audit_events")

    month = [f"2026-10-{day:02} {hour:02}:00:00,u1,VIEW\n" for day in range(1, 32) for hour in range(9)]
    trail = exported("b.csv", month)
    assert only(ask("audit.duplicates", audit_events=trail)).result == "PASS"
    verdict = only(ask("audit.duplicates", audit_events=[*trail, *exported("c.csv", month[100:])]))
    assert verdict.result == "FAIL"
    assert "179 of 458 events are copies of another, 179 in another file" in verdict.message
    verdict = only(ask("audit.duplicates", audit_events=exported("d.csv", month[:1] * 40)))
    assert verdict.result == "UNKNOWN"
    assert "of 39 nothing tells whether they are copies" in verdict.message


def test_client_and_server(ask: Ask) -> None:
    """An event that two systems recorded is counted and is no copy; without identifiers it is unknown."""
    trail = [row | {"correlation_id": row["event_id"]} for row in identified(10)]
    other = [row | {"source_system": "VIEWER"} for row in trail[:4]]
    verdicts = ask("audit.duplicates", audit_events=[*trail, *other])
    assert results(verdicts) == {"PACS": "PASS", "VIEWER": "PASS"}
    assert all("4 were also recorded by another source" in verdict.message for verdict in verdicts)
    assert only(ask("audit.duplicates", audit_events=daily())).result == "UNKNOWN"


# ---------------------------------------------------------------- limits of exports (C9)


@pytest.mark.parametrize(("count", "result"), [(499, "PASS"), (500, "FAIL"), (501, "PASS"), (1000, "FAIL")])
def test_limits(ask: Ask, count: int, result: str) -> None:
    """A file with exactly as many records as exports may have may be cut off."""
    verdict = only(ask("audit.truncated", audit_events=identified(count)))
    assert verdict.result == result


def test_limits_count_whole_files(ask: Ask) -> None:
    """Records of other sources, of other months and those that could not be read count as well."""
    mixed = [*identified(300), *identified(200, source_system="VNA")]
    assert set(results(ask("audit.truncated", audit_events=mixed)).values()) == {"FAIL"}
    earlier = [*identified(300), *daily(range(-200, 0))]
    assert only(ask("audit.truncated", audit_events=earlier)).result == "FAIL"
    unread = [row | {"event_seq": n if n < 300 else n + 3} for n, row in enumerate(identified(497))]
    assert only(ask("audit.truncated", audit_events=unread)).result == "FAIL"


def test_octets(ask: Ask) -> None:
    """A message that is shorter than its frame says leaves it unknown."""
    notes = "the octet count does not fit the message"
    verdict = only(ask("audit.truncated", audit_events=[*daily(), event(OCTOBER, parse_notes=notes)]))
    assert verdict.result == "UNKNOWN"


# ---------------------------------------------------------------- patients (C11)


def test_patients(ask: Ask) -> None:
    """Accesses without a patient fail, those with a study are unknown; queries and log-ins are left out."""
    named = daily(patient_id="p1")
    query = daily(category="query")
    assert only(ask("audit.patient_unlinked", audit_events=[*named, *query])).result == "PASS"
    bare = [event("2026-10-09 08:00"), event("2026-10-09 08:00")]
    verdict = only(ask("audit.patient_unlinked", audit_events=[*named, *bare]))
    assert verdict.result == "FAIL"
    assert "2 of 33 accesses name no patient" in verdict.message
    studies = [row | {"study_uid": "1.2.3"} for row in bare]
    assert only(ask("audit.patient_unlinked", audit_events=[*named, *studies])).result == "UNKNOWN"
    assert only(ask("audit.patient_unlinked", audit_events=query)).result == "UNKNOWN"


# ---------------------------------------------------------------- custody (C12)


def row(**columns: Any) -> dict[str, Any]:
    export = {"exported_by": "IT", "exported_at": instant("2026-10-31 23:59"), "command": "export",
              "approved_by": "Privacy Officer"}  # fmt: skip
    return {"file": FILE, **export} | columns


def test_custody(ask: Ask) -> None:
    """A full record passes, half a record or none is unknown, events from after the export fail."""
    trail = daily()
    assert only(ask("audit.integrity_unproven", audit_events=trail, custody=[row()])).result == "PASS"
    assert only(ask("audit.integrity_unproven", audit_events=trail, custody=[row(file="*")])).result == "PASS"
    for lacking in ({"command": None}, {"approved_by": None}, {"file": "another.file"}):
        verdict = only(ask("audit.integrity_unproven", audit_events=trail, custody=[row(**lacking)]))
        assert verdict.result == "UNKNOWN"
        assert "a digest made by the source" in verdict.message
    assert only(ask("audit.integrity_unproven", audit_events=trail)).result == "UNKNOWN"
    early = row(exported_at=instant("2026-10-20 08:00"))
    verdict = only(ask("audit.integrity_unproven", audit_events=trail, custody=[early]))
    assert verdict.result == "FAIL"


# ---------------------------------------------------------------- use of the log (C13)


def test_use_of_the_log(ask: Ask) -> None:
    """Reading the log passes, deleting from it fails, a refused attempt does not; no trace is unknown."""

    def used(action: str, **columns: Any) -> dict[str, Any]:
        return event("2026-10-09 08:00", "admin", "audit_log_used", event_action=action, **columns)

    trail = daily()
    assert only(ask("audit.log_access_unwatched", audit_events=trail)).result == "UNKNOWN"
    assert only(ask("audit.log_access_unwatched", audit_events=[*trail, used("R")])).result == "PASS"
    refused = used("D", event_outcome="failure")
    assert only(ask("audit.log_access_unwatched", audit_events=[*trail, refused])).result == "PASS"
    verdict = only(ask("audit.log_access_unwatched", audit_events=[*trail, used("R"), used("D")]))
    assert (verdict.result, verdict.severity) == ("FAIL", "high")
    assert verdict.rows[0].keys == ((FILE, 3200, 0),)


# ---------------------------------------------------------------- what the events say (C16)


def test_parse_health(ask: Ask) -> None:
    """Incomplete events fail; kinds that nobody knows, and assumed zones, leave it unknown."""
    good = identified(98, parse_status="ok", time_quality="zoned")
    assert only(ask("audit.parse_health", audit_events=good)).result == "PASS"

    def with_two(**columns: Any) -> str:
        odd = [row | columns for row in identified(2)]
        return only(ask("audit.parse_health", audit_events=[*good, *odd])).result

    assert with_two(parse_status="partial") == "FAIL"
    assert with_two(event_time_us=None) == "FAIL"
    assert with_two(event_category="other") == "UNKNOWN"
    assert with_two(event_category=None) == "UNKNOWN"
    assert with_two(time_quality="assumed_tz") == "UNKNOWN"
    assert with_two(parse_status="repaired") == "PASS"


# ---------------------------------------------------------------- clouds (C17)


@pytest.mark.parametrize(
    ("managed", "cloud"),
    [
        ("cloudtrail_json/management", "cloudtrail_json/data"),
        ("google_audit_json/activity", "google_audit_json/data_access"),
        ("azure_dicom_json/streamed", "azure_dicom_json/streamed"),
    ],
)
def test_clouds(ask: Ask, managed: str, cloud: str) -> None:
    """A trail of management events alone fails, so does one without a success; reads of data pass."""
    config = daily(category="config", source_format=managed)
    assert only(ask("audit.cloud_data_events_off", audit_events=config)).result == "FAIL"
    if managed != cloud:
        looks = daily(source_format=managed)
        verdict = only(ask("audit.cloud_data_events_off", audit_events=[*config, *looks]))
        assert verdict.result == "FAIL"
        assert "31 of 62 events are of reading or searching, and none of them" in verdict.message
    reads = daily(source_format=cloud)
    assert only(ask("audit.cloud_data_events_off", audit_events=[*config, *reads])).result == "PASS"
    started = [row | {"event_outcome": "unknown"} for row in reads]
    verdict = only(ask("audit.cloud_data_events_off", audit_events=started))
    assert verdict.result == "FAIL"
    assert "None of 31 events tells of anything that succeeded" in verdict.message


def test_no_cloud_is_no_subject(ask: Ask) -> None:
    """A trail of the hospital's own systems is not asked for data events."""
    assert not ask("audit.cloud_data_events_off", audit_events=daily(source_format="dicom_audit/dicom"))


# ---------------------------------------------------------------- growth of the archive (C18)


def walk(name: str, day: int, files: int, **columns: Any) -> dict[str, Any]:
    times = {
        "started_at": instant(f"2026-10-{day:02} 01:00"),
        "finished_at": instant(f"2026-10-{day:02} 03:00"),
    }
    return (
        {"scan_id": name, "system_id": "pacs", "root": "/data", "complete": True, "files": files}
        | times
        | columns
    )


def sent(day: int, instances: int | None, **columns: Any) -> dict[str, Any]:
    return event(
        f"2026-10-{day:02} 09:00", "CT", "transfer", event_code="110104", dest_aet="PACS",
        instance_count=instances, **columns,
    )  # fmt: skip


def grown(ask: Ask, trail: list[dict[str, Any]], *walks: dict[str, Any]) -> Verdict:
    return only(
        ask("audit.volume_mismatch", audit_events=trail, dicom_scans=list(walks), systems=[system("pacs")])
    )


TOLD = [*daily(), sent(6, 400), sent(12, 600)]


@pytest.mark.parametrize(("files", "result"), [(2000, "PASS"), (2050, "PASS"), (2051, "FAIL"), (900, "PASS")])
def test_growth(ask: Ask, files: int, result: str) -> None:
    """More new files than instances received, beyond one in twenty, came without an event."""
    verdict = grown(ask, TOLD, walk("a", 5, 1000), walk("b", 20, files))
    assert verdict.result == result
    assert "2 events tell of 1,000 instances received" in verdict.message


def test_growth_is_unknown(ask: Ask) -> None:
    """One walk, one that did not end, a late trail, or events without a count leave it unknown."""
    first, second = walk("a", 5, 1000), walk("b", 20, 5000)
    assert grown(ask, TOLD, first).result == "UNKNOWN"
    assert grown(ask, [*TOLD, sent(13, None)], first, second).result == "UNKNOWN"
    assert grown(ask, TOLD[10:], first, second).result == "UNKNOWN"
    assert not ask(
        "audit.volume_mismatch",
        audit_events=TOLD,
        dicom_scans=[walk("a", 5, 1, complete=False)],
        systems=[system("pacs")],
    )


def test_what_an_archive_receives(ask: Ask) -> None:
    """What it sends, what was refused and what came before the first walk is not counted."""
    other = [sent(7, 5000) | {"dest_aet": "CT"}, sent(7, 5000, event_outcome="failure"), sent(4, 5000)]
    verdict = grown(ask, [*TOLD, *other], walk("a", 5, 1000), walk("b", 20, 3000))
    assert verdict.result == "FAIL"
    assert "1,000 came without an event" in verdict.message


# ---------------------------------------------------------------- what all share


BY_SOURCE = (
    "audit.clock", "audit.duplicates", "audit.event_class_missing", "audit.integrity_unproven",
    "audit.log_access_unwatched", "audit.parse_health", "audit.patient_unlinked", "audit.recording_stopped",
    "audit.truncated",
)  # fmt: skip


@pytest.mark.parametrize("check", BY_SOURCE)
def test_every_source_of_the_period_is_judged_once(ask: Ask, check: str) -> None:
    """Sources with events in the period are the population, one without a name included; others are not."""
    verdicts = ask(
        check,
        audit_events=[
            *daily(), *daily(source_system="VNA", source="other.file"), *daily(source_system=None),
            event("2026-09-05 08:00", source_system="EARLIER"),
        ],
    )  # fmt: skip
    assert set(results(verdicts)) == {"PACS", "VNA", "source without a name"}
    assert all(verdict.rows[0].keys or verdict.result != "FAIL" for verdict in verdicts)


def test_files_are_counted_once(tmp_path: Any) -> None:
    """Rows of one record are one record; a file of two sources has two rows."""
    trail = [*daily(range(-3, 4)), event(OCTOBER, n=1, offset=0), event(OCTOBER, source_system="VNA")]
    files = engine_of(tmp_path, {"audit_events": trail}).lazy("trail_files")
    found = {row.source_system: row for row in files.collect("pandas").to_native().itertuples()}
    assert (found["PACS"].records, found["PACS"].events) == (7, 5)
    assert found["PACS"].last_before_us == found["PACS"].last_us
    assert (found["VNA"].records, found["VNA"].last_seq) == (1, 8)
