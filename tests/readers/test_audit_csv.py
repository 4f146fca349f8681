"""Audit exports in CSV: presets by header, mapping files, odd encodings, titles and totals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import EvidenceError
from riskkit.ingest import ingest
from riskkit.model import Moment, Period
from riskkit.readers.action_words import outcome_of
from riskkit.readers.audit_csv import read
from riskkit.readers.audit_csv.mapping import PRESETS, AuditMapping, presets, read_audit_mapping
from riskkit.readers.origin import read_origin
from riskkit.settings import Settings
from riskkit.store import Store
from tests.readers.reading import CHICAGO, SAMPLES, Reading, read_all

MAPPING: Mapping[str, Any] = {
    "table": "audit_events",
    "columns": {"When": "event_time", "Who": "user_id", "What": "event_category", "MRN": "patient_id"},
}
HEADER = "When,Who,What,MRN\n"


def sample(name: str) -> Reading:
    return read_all(read, (SAMPLES / "audit_csv" / name).read_bytes(), name)


def mapped(text: str | bytes, **more: Any) -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    return read_all(read, data, mapping={**MAPPING, **more})


def rows(reading: Reading) -> list[dict[str, Any]]:
    return reading.table("audit_events")


# ------------------------------------------------------------------ presets


def test_each_preset_has_a_sample() -> None:
    """Every preset is known by a sample's header, and by no other preset's."""
    named = {
        row["source_format"] for path in (SAMPLES / "audit_csv").iterdir() for row in rows(sample(path.name))
    }
    assert named == {f"audit_csv/{path.stem}" for path in PRESETS.glob("*.yaml")}
    assert all(preset.title for preset in presets().values())


def test_erad() -> None:
    """Words of actions, results by type, a quoted number, a patient with issuer, titles and totals."""
    reading = sample("erad-logs.csv")
    found = [(row["event_category"], row["event_outcome"], row["user_id"]) for row in rows(reading)]
    assert found == [
        ("read", "success", "rad1"),
        ("import", "success", None),
        ("export", "failure", "rad1"),
        ("authentication", "unknown", "007"),
        ("other", "success", "rad1"),
    ]
    assert (rows(reading)[4]["patient_id"], rows(reading)[4]["patient_id_issuer"]) == ("4712", "HOSP")
    assert json.loads(rows(reading)[0]["entities"])[0]["Time Difference"] == "2"
    assert reading.ignored["audit_events"] == {"preamble_line": 2, "blank_line": 1, "footer_row": 1}
    assert reading.reasons("audit_events") == {"no_timestamp": 1}
    assert {row["source_system"] for row in rows(reading)} == {"pacs1"}


def test_touchworks_patient_access() -> None:
    """UTF-16 with tabs: leading zeros stay, BG is break glass, what PO means is not known."""
    found = rows(sample("patient-access-log.tsv"))
    assert [(row["patient_id"], row["break_glass"]) for row in found] == [
        ("000042", False),
        ("000043", True),
        ("000044", None),
    ]
    assert {(row["dest_host"], row["source_host"]) for row in found} == {("WEB01", None)}
    assert found[0]["event_time_us"] == int(datetime(2026, 10, 1, 12, 8, 9, 123000, UTC).timestamp() * 1e6)


def test_touchworks_audit_log() -> None:
    """The letters of TypeofAction; what was searched for is kept nowhere."""
    reading = sample("audit-log.csv")
    assert [(row["event_category"], row["event_action"]) for row in rows(reading)] == [
        ("query", "E"), ("update", "U"), ("read", "R"), ("update", "U"), ("create", "C"),
    ]  # fmt: skip
    assert "doe" not in json.dumps(rows(reading))
    assert reading.ignored["audit_events"] == {"footer_row": 1}


def test_a_mapping_file_completes_a_preset() -> None:
    """Another way to write times, a zone and one more word, and the rest as the preset has it."""
    text = "UserID,PatientID,OpenDTTM,BreakType\n1,2,10/31/2026 5:00 PM,PO\n"
    mapping = {
        "preset": "altera_patient_access_log", "day_first": False, "timezone": "UTC",
        "values": {"break_glass": {"PO": "no"}},
    }  # fmt: skip
    (row,) = rows(read_all(read, text.encode(), mapping=mapping))
    assert (row["event_time_us"], row["break_glass"]) == (1_793_466_000_000_000, False)
    with pytest.raises(EvidenceError, match="altera_audit_log"):
        read_all(read, text.encode(), mapping={"preset": "none"})


# ------------------------------------------------------------------ mapping files


def test_a_mapping_file_explains_a_trail() -> None:
    """Day first, twelve hours, a zone, an action map, nulls, a result in words, a constant system."""
    text = (
        "Access report\nOctober\nWhen;Who;What;MRN;Result;PC\n"
        "31/10/2026 5:06:07 PM;rad1;chart viewed;4711;OK;10.1.2.3\n"
        "31/10/2026 5:07:07 PM;rad1;X9;none;denied;WS7\n"
        "31/10/2026 5:08:07 PM;rad2;Login;none;Failed;::1\n"
    )
    columns = {**MAPPING["columns"], "Result": "event_outcome", "PC": "source_host"}
    reading = mapped(
        text,
        columns=columns,
        values={"event_category": {"X9": "export"}},
        constants={"source_system": "ehr"},
        nulls=["none"],
        day_first=True,
        timezone="Europe/Berlin",
    )
    first, second, third = rows(reading)
    assert first["event_time_us"] == int(datetime(2026, 10, 31, 16, 6, 7, tzinfo=UTC).timestamp()) * 1_000_000
    assert [(row["event_category"], row["event_outcome"]) for row in rows(reading)] == [
        ("read", "success"), ("export", "failure"), ("authentication", "failure"),
    ]  # fmt: skip
    assert (first["source_ip"], first["source_host"]) == ("10.1.2.3", None)
    assert (second["source_ip"], second["source_host"], second["patient_id"]) == (None, "WS7", None)
    assert (third["user_authenticated"], third["source_ip"]) == (False, "::1")
    assert {row["source_system"] for row in rows(reading)} == {"ehr"}
    assert reading.ignored["audit_events"] == {"preamble_line": 2}


def test_date_and_time_in_two_columns() -> None:
    """Two headers that mean the time are joined."""
    columns = {"Day": "event_time_us", "Clock": "event_time_us", "Who": "user_id"}
    reading = mapped("Day,Who,Clock\n2026-10-01,rad1,07:08:09\n2026-10-01,rad1,\n", columns=columns)
    assert [row["event_time_raw"] for row in rows(reading)] == ["2026-10-01 07:08:09"]
    assert reading.reasons("audit_events") == {"no_timestamp": 1}


def test_serial_times_of_a_spreadsheet() -> None:
    """A number is a time only where the mapping file says so."""
    text = HEADER + "46326.297326388888,rad1,open,1\n"
    assert mapped(text).reasons("audit_events") == {"no_timestamp": 1}
    (row,) = rows(mapped(text, excel_dates=True, timezone="UTC"))
    assert row["event_time_us"] == int(datetime(2026, 10, 31, 7, 8, 9, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    """Whatever a spreadsheet writes gives the same row."""
    text = (HEADER + "2026-10-01 07:08:09,Müller,open,0042\n").replace(",", delimiter)
    (row,) = rows(mapped(text.encode(encoding)))
    assert (row["user_id"], row["patient_id"], row["event_category"]) == ("Müller", "0042", "read")


@pytest.mark.parametrize(
    ("end", "ignored", "quarantined"),
    [
        ("\nTotal: 2\n", {"footer_row": 1, "blank_line": 1}, {}),
        ("Total,2\n\n\nPrinted by somebody\n", {"footer_row": 2, "blank_line": 2}, {}),
        ("2026-10-0", {}, {"no_timestamp": 1}),
        ("Total: 2\n2026-10-01 07:00:00,rad1,open,1\n", {}, {"no_timestamp": 1}),
        ("unexpected\n", {}, {"no_timestamp": 1}),
    ],
    ids=["total", "printed", "cut", "in the middle", "unknown"],
)
def test_totals_at_the_end(end: str, ignored: dict[str, int], quarantined: dict[str, int]) -> None:
    """Only rows at the very end that say that they count are left out; a cut record is put aside."""
    reading = mapped(HEADER + "2026-10-01 07:00:00,rad1,open,1\n" + end)
    assert reading.ignored["audit_events"] == ignored
    assert reading.reasons("audit_events") == quarantined


def test_formulas_and_control_characters() -> None:
    """A formula is text and told of; escape characters lose their force."""
    (row,) = rows(mapped(HEADER + '2026-10-01 07:00:00,=cmd|x,"op\x1b[31men",+1\n'))
    assert row["user_id"] == "=cmd|x"
    assert all(value.isprintable() for value in row.values() if isinstance(value, str))
    assert any("formula" in note for note in mapped(HEADER + "2026-10-01 07:00,=1+1,open,1\n").notes)


def test_a_round_number_of_rows_is_told() -> None:
    """An export that ends at a usual limit may have lost its rest."""
    line = "2026-10-01 07:00:00,rad1,open,1\n"
    assert any("1000 rows" in note for note in mapped(HEADER + 1000 * line).notes)
    assert not any("rows: " in note for note in mapped(HEADER + 999 * line).notes)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"columns": {"Wen": "event_time"}}, "no time of an event"),
        ({"columns": {**MAPPING["columns"], "Whose": "patient_id"}}, "Whose"),
        ({"columns": {**MAPPING["columns"], "Who": "agents"}}, "agents"),
        ({"tabel": 1}, "tabel"),
        ({"constants": {"user_id": "x"}}, "user_id"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"keep": 3}, "keep"),
    ],
    ids=range(7),
)
def test_a_wrong_mapping_is_told(more: dict[str, Any], word: str) -> None:
    """A header that is not there, an unknown column or key: an error that names it, not silence."""
    with pytest.raises(EvidenceError, match=word):
        mapped(HEADER + "2026-10-01 07:00:00,rad1,open,1\n", **more)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=12), max_size=6)))
def test_every_record_is_accounted_for(cells: list[list[str]]) -> None:
    """Whatever the cells hold, the books balance and nothing that is stored acts on a terminal."""
    reading = mapped((HEADER + "\n".join(",".join(row) for row in cells)).encode())
    for row in rows(reading):
        assert all(value.isprintable() for value in row.values() if isinstance(value, str))


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("OK", "success"), ("Access granted", "success"), ("not authorized", "failure"), ("", "unknown"),
        ("FAILURE", "failure"), ("AuditSuccess", "success"), ("unsuccessful", "failure"),
        ("password", "unknown"),
    ],
)  # fmt: skip
def test_words_of_results(result: str, outcome: str) -> None:
    """A word of failure goes before one of success; neither is unknown."""
    assert outcome_of(result) == outcome


def test_the_documents_examples_are_mapping_files() -> None:
    """What docs/audit-exports.md shows is accepted, key by key."""
    text = (Path(__file__).parents[2] / "docs" / "audit-exports.md").read_text(encoding="utf-8")
    of_log, of_table = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    assert read_origin(of_log, "x").source_system == "viewer1"
    assert read_audit_mapping(of_table, "x").keep == ("Module",)
    assert set(of_table) == set(AuditMapping.model_fields) - {"date_format", "preset"}


# ------------------------------------------------------------------ in a pack


def test_which_reader_a_mapping_file_calls(tmp_path: Path) -> None:
    """Of events, of other tables, of a log that knows its columns, and where it would not be heard."""
    audit = tmp_path / "audit"
    audit.mkdir()
    (audit / "ehr.csv").write_text(HEADER + "2026-10-01 07:00:00,rad1,open,1\n")
    (audit / "ehr.csv.mapping.yaml").write_text(json.dumps(MAPPING))
    log = '10.0.0.1 - rad1 [01/Oct/2026:01:24:34 +0000] "GET /studies HTTP/1.1" 200 1\n'
    (audit / "access.log").write_text(log)
    (audit / "access.log.mapping.yaml").write_text("source_system: viewer1\n")
    (audit / "one.xml").write_bytes((SAMPLES / "dicom_audit" / "one.xml").read_bytes())
    (audit / "one.xml.mapping.yaml").write_text("source_system: viewer1\n")
    (audit / "people.csv").write_text("Login,Job,Since\nr1,nurse,2020-01-01\n")
    columns = {"Login": "user_id", "Job": "role", "Since": "employed_from"}
    (audit / "people.mapping.yaml").write_text(json.dumps({"table": "roster", "columns": columns}))
    (audit / "other.csv").write_text("a,b\n1,2\n")
    (audit / "other.csv.mapping.yaml.proposed").write_text("table: audit_events\n")
    moment = Moment.closing(Period.parse("2026-10"), CHICAGO)
    evidence = ingest(tmp_path, Settings(), moment, Store(tmp_path / ".work"))
    read_by = {Path(source.name).name: source.reader for source in evidence.sources}
    assert read_by == {
        "ehr.csv": "audit_csv", "access.log": "access_log", "people.csv": "canonical", "one.xml": None,
        "other.csv": None,
    }  # fmt: skip
    assert "takes no mapping file" in evidence.source("audit/one.xml").problem
    assert evidence.states["audit_events"].rows == 2


# ------------------------------------------------------------------ nobody


@pytest.mark.parametrize("placeholder", ["-", "N/A", "Unknown", "(null)", "None", "***", "", "n/a^^^HOSP"])
def test_placeholders_are_nobody(placeholder: str) -> None:
    """The same words as in audit messages name neither a user nor a patient."""
    user = placeholder.partition("^")[0]
    (row,) = rows(mapped(f"{HEADER}2026-10-05 10:00:00,{user},View,{placeholder}\n"))
    assert (row["user_id"], row["patient_id"]) == (None, None)


# ------------------------------------------------------------------ identifiers


def ids(lines: list[str], name: str = "a.csv") -> list[str | None]:
    text = HEADER + "".join(f"{line}\n" for line in lines)
    reading = read_all(read, text.encode(), name, mapping=MAPPING)
    return [row["event_id"] for row in rows(reading)]


SECOND = "2026-10-05 10:00:00,jdoe,View,123"


def test_rows_without_an_identifier_have_a_digest() -> None:
    """The same row of an overlapping export has the same digest, and a different one another."""
    both = [SECOND, SECOND.replace("123", "124")]
    first, other = ids(both)
    assert first is not None
    assert other is not None
    assert first != other
    assert ids(both[::-1], "b.csv") == [other, first]
    (one,) = ids([f'"{SECOND.replace(",", chr(34) + "," + chr(34))}"'], "c.csv")
    assert one == first


@pytest.mark.parametrize(
    ("time", "known"),
    [
        ("2026-10-05 10:00", 1),
        ("2026-10-05 10:00:00", 1),
        ("2026-10-05 10:00:00.000", 1),
        ("2026-10-05T10:00:00.0000000-05:00", 1),
        ("2026-10-05 10:00:00.120", 3),
        ("2026-10-05T10:00:00.004000-05:00", 3),
    ],
)
def test_equal_rows_of_one_time(time: str, known: int) -> None:
    """Three equal rows in a row are copies where time is told to the millisecond; else nobody knows."""
    found = ids([f"{time},jdoe,View,123"] * 3)
    assert [one is not None for one in found] == [place < known for place in range(3)]
    assert len({one for one in found if one}) == 1


def test_a_file_that_holds_its_export_twice() -> None:
    """Equal rows with other times between them are copies."""
    twice = [SECOND, SECOND.replace("10:00", "10:01")] * 2
    found = ids(twice)
    assert found[:2] == found[2:]
    assert None not in found
