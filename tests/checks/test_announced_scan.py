"""What an announced scan leaves in the audit trail is set aside, counted, and hides nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.assess.registry import all_checks, all_derived
from riskkit.model import Verdict
from riskkit.tables import records
from tests.evidence import ask, check_of, engine_of, event, instant, person, results

BEGIN, END = "2026-10-20 02:00", "2026-10-20 02:20"
SCANNER, OTHER = "10.20.0.9", "10.20.0.77"
TITLE = "RISKKIT"
SYSTEMS = [
    {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": "PACS;PACS1"},
    {"system_id": "vna", "name": "VNA", "kind": "archive", "holds_ephi": True, "aliases": "VNA"},
]


def window(**columns: Any) -> dict[str, Any]:
    return {
        "probe_started_at": instant(BEGIN),
        "probe_ended_at": instant(END),
        "source_address": SCANNER,
        "endpoint_id": "pacs-dicom",
        "system_id": "pacs",
        "ae_titles": f"{TITLE}|ZZNOTREAL9",
        **columns,
    }


def refused(minute: int, user: str | None = "admin", **columns: Any) -> dict[str, Any]:
    """A failed log-in during the scan."""
    return event(f"2026-10-20 02:{minute:02}", user, "authentication", event_outcome="failure", **columns)


def burst(**columns: Any) -> list[dict[str, Any]]:
    return [refused(minute, **columns) for minute in range(3, 9)]


def said(folder: Path, name: str, *events: dict[str, Any], **tables: Any) -> list[Verdict]:
    given = {"probe_windows": [window()], "systems": SYSTEMS, **tables}
    return ask(name, folder, audit_events=list(events), **given)


def of_scan(folder: Path, *events: dict[str, Any], **tables: Any) -> Verdict:
    (verdict,) = said(folder, "audit.announced_scan", *events, **tables)
    return verdict


def test_failed_logins_of_the_scan_raise_nothing_and_are_counted(tmp_path: Path) -> None:
    """Six failures in six minutes from the scanner: no finding about log-ins, and the number is said."""
    events = burst(source_ip=SCANNER)
    assert not said(tmp_path, "audit.failed_logins", *events)
    verdict = of_scan(tmp_path, *events)
    assert verdict.result == "PASS"
    assert verdict.message == "6 events of the announced scan set aside (6 authentication)."


def test_without_an_announcement_the_same_events_are_findings(tmp_path: Path) -> None:
    """Nothing is set aside where no window is given: the filter does not act on its own."""
    events = burst(source_ip=SCANNER)
    assert [one.result for one in said(tmp_path, "audit.failed_logins", *events, probe_windows=[])] == [
        "FAIL"
    ]
    assert of_scan(tmp_path, *events, probe_windows=[]).result == "NA"


def test_who_hides_in_the_window_is_seen(tmp_path: Path) -> None:
    """The same burst at the same time from another address is a finding, beside the scan's own."""
    events = [*burst(source_ip=SCANNER), *burst(user="guess", source_ip=OTHER)]
    assert results(said(tmp_path, "audit.failed_logins", *events)) == {"guess": "FAIL"}
    assert of_scan(tmp_path, *events).observed == "6 events set aside"


def test_the_title_of_the_scan_from_elsewhere_is_not_set_aside(tmp_path: Path) -> None:
    """An AE title can be claimed by anybody: from another address it hides nothing and is itself found."""
    events = [
        event("2026-10-20 02:05", None, "query", source_aet=TITLE, source_ip=OTHER, event_outcome="failure")
    ]
    assert results(said(tmp_path, "audit.unknown_ae_title", *events)) == {TITLE: "FAIL"}
    verdict = of_scan(tmp_path, *events)
    assert verdict.result == "FAIL"
    assert "1 event bears the scan's AE title and comes from another address" in verdict.message


def test_a_known_device_whose_title_the_scan_borrowed_is_no_finding(tmp_path: Path) -> None:
    """The scan may call under the title of a listed device, which goes on working from its own address."""
    works = event("2026-10-20 02:05", None, "query", source_aet="PACS1", source_ip=OTHER)
    assert of_scan(tmp_path, works, probe_windows=[window(ae_titles="PACS1")]).result == "NA"


def test_the_title_counts_where_no_address_is_recorded(tmp_path: Path) -> None:
    """A refused association of the scan's title without an address is the scan's; other titles are not."""

    def knock(title: str) -> dict[str, Any]:
        return event("2026-10-20 02:05", None, "query", source_aet=title, event_outcome="failure")

    events = [knock("riskkit"), knock("ZZNOTREAL9"), knock("STRANGER")]
    assert results(said(tmp_path, "audit.unknown_ae_title", *events)) == {"STRANGER": "FAIL"}
    assert of_scan(tmp_path, *events).observed == "2 events set aside"


@pytest.mark.parametrize(
    "columns",
    [
        {"category": "query"},
        {"category": "read"},
        {"category": "delete"},
        {"category": "authentication"},
        {"category": "other", "patient_id": "p1"},
        {"category": "query", "event_outcome": "failure", "patient_id": "p1"},
        {"category": "query", "event_outcome": "unknown"},
        {"category": "other", "break_glass": True},
    ],
    ids=lambda columns: " ".join(map(str, columns.values())),
)
def test_who_reaches_a_record_from_the_scanner_is_not_set_aside(
    tmp_path: Path, columns: dict[str, Any]
) -> None:
    """The scanner's address is no cover: a scan opens nothing, logs in nowhere and names no patient."""
    reached = event("2026-10-20 02:05", "u1", source_ip=SCANNER, **columns)
    verdict = of_scan(tmp_path, reached, refused(4, source_ip=SCANNER))
    assert verdict.result == "FAIL"
    assert "1 event of the announced scan set aside" in verdict.message
    assert "1 event from the scanner did more than a scan" in verdict.message
    (only,) = _left(tmp_path, reached, refused(4, source_ip=SCANNER))
    assert only.user_id == "u1"


@pytest.mark.parametrize(
    ("columns", "aside"),
    [
        ({}, True),
        ({"source_system": "pacs1"}, True),
        ({"source_system": None}, True),
        ({"source_system": "VNA"}, False),
        ({"source_system": "unlisted"}, False),
        ({"source_ip": None, "source_host": SCANNER}, True),
        ({"event_time_us": None}, False),
    ],
    ids=str,
)
def test_system_and_address_must_fit(tmp_path: Path, columns: dict[str, Any], aside: bool) -> None:
    """The window is that of one system, under any of its names; an event without a time is in no window."""
    knock = refused(5, **{"source_ip": SCANNER, **columns})
    assert len(_left(tmp_path, knock)) == (0 if aside else 1)


def test_a_window_without_a_system_holds_for_all(tmp_path: Path) -> None:
    """Scans of other tools may be announced by address and time alone."""
    knocks = [refused(5, source_ip=SCANNER, source_system=name) for name in ("PACS", "VNA")]
    assert not _left(tmp_path, *knocks, probe_windows=[window(system_id=None)])


@pytest.mark.parametrize(
    ("seconds", "aside"), [(-61, False), (-59, True), (0, True), (1259, True), (1261, False)]
)
def test_a_minute_of_slack(tmp_path: Path, seconds: int, aside: bool) -> None:
    """Clocks may differ by a minute and no more."""
    at = instant(BEGIN) + timedelta(seconds=seconds)
    knock = {**refused(0, source_ip=SCANNER), "event_time_us": _us(at)}
    assert len(_left(tmp_path, knock)) == (0 if aside else 1)


@given(
    st.lists(
        st.tuples(
            st.integers(-10, 40), st.sampled_from([SCANNER, OTHER, None]),
            st.sampled_from([TITLE, "CT1", None]), st.sampled_from(["PACS", "VNA", None]),
            st.sampled_from(["other", "query", "authentication"]),
            st.sampled_from(["success", "failure", None]), st.sampled_from(["p1", None]),
        ),
        min_size=1, max_size=30,
    ),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), min_size=1, max_size=40),
)  # fmt: skip
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_from_another_address_is_ever_set_aside(
    tmp_path: Path, made: list[tuple[Any, ...]], spans: list[tuple[int, int]]
) -> None:
    """Whatever the windows are: what is set aside and what is left make up the trail, and who came from
    elsewhere, named a patient or got what a record holds is left."""
    events = [
        {
            **event("2026-10-20 02:00", "u1", category),
            "event_time_us": _us(instant(BEGIN) + timedelta(minutes=minute)),
            "source_ip": address, "source_aet": title, "source_system": system, "event_outcome": outcome,
            "patient_id": patient,
        }
        for minute, address, title, system, category, outcome, patient in made
    ]  # fmt: skip
    windows = [
        window(
            probe_started_at=instant(BEGIN) + timedelta(minutes=start),
            probe_ended_at=instant(BEGIN) + timedelta(minutes=start + length),
        )
        for start, length in spans
    ]
    engine = engine_of(tmp_path, {"audit_events": events, "probe_windows": windows, "systems": SYSTEMS})
    left = list(records(engine.tables_for(check_of("audit.failed_logins"))["audit_events"]))
    counted = sum(row.events for row in records(engine.lazy("announced_probes")) if row.kind == "set aside")
    assert len(left) + counted == len(events)
    must_stay = [
        one for one in events
        if one["source_ip"] == OTHER or one["patient_id"] or one["source_system"] == "VNA"
        or (one["event_category"] == "query" and one["event_outcome"] != "failure")
    ]  # fmt: skip
    assert sum(_stays(row) for row in left) == len(must_stay)


def _stays(row: Any) -> bool:
    return bool(
        row.source_ip == OTHER or row.patient_id or row.source_system == "VNA"
        or (row.event_category == "query" and row.event_outcome != "failure")
    )  # fmt: skip


def test_many_windows_are_one_question(tmp_path: Path) -> None:
    """A year of nightly scans of eight systems does not nest deeper than an engine takes."""
    start = instant("2025-11-01 02:00")
    windows = [
        window(
            probe_started_at=start + timedelta(days=day),
            probe_ended_at=start + timedelta(days=day, minutes=5),
            system_id=f"s{number}",
        )
        for day in range(365)
        for number in range(8)
    ]
    late = refused(30, source_ip=SCANNER, source_system="s7")
    knocks = [{**late, "event_time_us": _us(start + timedelta(days=360))}, late]
    assert len(_left(tmp_path, *knocks, probe_windows=windows)) == 1


def test_questions_about_the_trail_itself_see_all_of_it(tmp_path: Path) -> None:
    """What was recorded is judged whole: taking events out would look like a gap in their numbers."""
    whole = {one.id for one in all_checks() if one.whole_trail}
    whole |= {one.id for one in all_derived().values() if one.whole_trail}
    assert {"audit.gaps", "audit.sequence_gap", "audit.duplicates", "trail_files"} <= whole
    engine = engine_of(
        tmp_path, {"audit_events": burst(source_ip=SCANNER), "probe_windows": [window()], "systems": SYSTEMS}
    )
    trail = engine.tables_for(check_of("audit.sequence_gap"))["audit_events"]
    assert len(list(records(trail))) == 6


def test_counts_that_are_set_beside_peers_are_without_the_scan(tmp_path: Path) -> None:
    """Derived counts of days leave the probes out too, so no volume is unusual because of a scan."""
    tables = {
        "audit_events": [*burst(user="u1", source_ip=SCANNER), refused(9, "u1", source_ip=OTHER)],
        "probe_windows": [window()],
        "systems": SYSTEMS,
        "roster": [person("u1")],
    }
    (day,) = records(engine_of(tmp_path, tables).lazy("user_days"))
    assert (day.events, day.failed) == (1, 1)


def _left(folder: Path, *events: dict[str, Any], **tables: Any) -> list[Any]:
    """The events that checks about people and devices are given."""
    given = {"probe_windows": [window()], "systems": SYSTEMS, "audit_events": list(events), **tables}
    return list(records(engine_of(folder, given).tables_for(check_of("audit.failed_logins"))["audit_events"]))


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
