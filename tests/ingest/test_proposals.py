"""Mapping files that are proposed: told by headers and looks, never written over, not used until renamed."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from riskkit.ingest import ingest, proposals, write_proposal
from riskkit.ingest.shapes import shape_of
from riskkit.ingest.suggestions import suggest
from riskkit.model import Evidence, Moment, Period
from riskkit.settings import Settings
from riskkit.store import Store
from tests.packs import riskkit
from tests.readers.reading import CHICAGO

AUDIT = "User Name,Login ID,Patient MRN,Accession #,Activity,Date/Time,Workstation,Result,Patient Name"


def read(folder: Path) -> Evidence:
    moment = Moment.closing(Period.parse("2026-10"), CHICAGO)
    return ingest(folder, Settings(), moment, Store(folder / ".work"))


def proposed(folder: Path) -> dict[str, str]:
    return {one.file: one.text for one in proposals(folder, read(folder).sources)}


@pytest.mark.parametrize(
    ("header", "folder", "table", "columns"),
    [
        (AUDIT, "audit", "audit_events",
         "user_name user_id patient_id accession event_category event_time_us source_host event_outcome"),
        ("Date,Time,Operator,Patient No.,Event", "audit", "audit_events",
         "event_time_us event_time_us user_id patient_id event_category"),
        ("AccessTime,UserId,PatientId,Acession Number", "audit", "audit_events",
         "event_time_us user_id patient_id accession"),
        ("Clinician ID,Patient ID,Timestamp,Action,Access Type", "audit", "audit_events",
         "user_id patient_id event_time_us event_category"),
        ("Pat. ID,User (login),Zeitpunkt,Aktion", "audit", "audit_events",
         "patient_id user_id event_time_us event_category"),
        ("Pt MRN,Usr-ID,Date/Time [UTC],Event", "audit", "audit_events",
         "patient_id user_id event_time_us event_category"),
        ("Patientennummer;Benutzerkennung;Datum;Uhrzeit;Arbeitsplatz".replace(";", ","), "audit",
         "audit_events", "patient_id user_id event_time_us event_time_us source_host"),
        ("Patienten-ID,Benutzer,Zeitstempel,Vorgang", "audit", "audit_events",
         "patient_id user_id event_time_us event_category"),
        ("Med. Rec. #,Login (domain),Timestamp UTC,Acc. No.", "audit", "audit_events",
         "user_id event_time_us accession"),
        ("Employee ID,Last Name,First Name,Job Title,Dept,Hire Date", "people", "roster",
         "user_id family_name given_name role department employed_from"),
        ("sAMAccountName,Enabled,Last Logon,Host", "people", "accounts",
         "account enabled last_login system_id"),
        ("MRN,Last Name,First Name,Address", "care", "patients", "patient_id family_name given_name address"),
        ("Job ID,System,Start Time,End Time,Result,Size", "backup", "backups",
         "backup_id system_id started_at finished_at status size_bytes"),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) and "," in value else None,
)  # fmt: skip
def test_what_headers_mean(header: str, folder: str, table: str, columns: str) -> None:
    """Headers as products write them, near misses included, find their table and columns."""
    found = suggest(header.split(","), folder)
    assert found is not None
    assert (found.table, " ".join(found.columns.values())) == (table, columns)


LOOKS = """Patient,Pat. No.,User,Login,Wann genau,What happened,Whence,Picture,Address
"Doe, Jane",4711,"Roe, Max",mroe,01.10.2026 07:08,View chart,10.0.0.7,1.2.840.10008.5.1.4.1,12 Elm St
"Poe, Ed",4712,"Roe, Max",mroe,01.10.2026 07:09,Print chart,10.0.0.7,1.2.840.10008.5.1.4.2,3 Oak St
"Lee, Ann",4713,"Kay, Zoe",zkay,02.10.2026 11:30,View chart,10.0.0.9,1.2.840.10008.5.1.4.3,7 Ash St
"""


def test_what_cells_look_like() -> None:
    """Names are neither record numbers nor log-ins; times, addresses and actions look like what they are."""
    header, *rows = csv.reader(LOOKS.splitlines())
    found = suggest(header, "audit", rows)
    assert found is not None
    assert found.columns == {
        "Pat. No.": "patient_id", "User": "user_name", "Login": "user_id", "Wann genau": "event_time_us",
        "What happened": "event_category", "Whence": "source_ip", "Picture": "study_uid",
    }  # fmt: skip
    assert found.unplaced == ("Patient", "Address")
    two_times = suggest([*header, "Bis"], "audit", [[*row, row[4]] for row in rows])
    assert two_times is not None
    assert "event_time_us" not in two_times.columns.values()


@pytest.mark.parametrize(
    ("cells", "shape"),
    [
        (["2026-10-01T07:08:09.123+02:00"] * 3, "time"),
        (["10/01/2026 7:08 PM"] * 3, "time"),
        (["01 Oct 2026 07:08"] * 3, "time"),
        (["20261001070809"] * 3, "time"),
        (["2026-10-01", "2026-10-02", "n/a", "2026-10-03"], "date"),
        (["07:08:09"] * 3, "clock"),
        (["fe80::1", "10.0.0.1", "10.0.0.2"], "address"),
        (["12", "7", "45"], "short number"),
        (["van der Berg, Piet", "O'Neil, Ann", "Doe^Jane"], "name"),
        (["Total"] + ["2026-10-01 07:08"] * 9, "time"),
        (["2026-10-01 07:08"] * 2, ""),
        (["x1", "2026-10-01", "10.0.0.1"], "other"),
        (["1." * 40 + "1"] * 3, "other"),
    ],
)
def test_shapes(cells: list[str], shape: str) -> None:
    """Nine of ten filled cells decide, and there must be three."""
    assert shape_of(cells) == shape


@pytest.mark.parametrize("header", ["Smith,Jane,Nurse,Radiology", "a,b,c", "", "4711,2026-10-01,rad1"])
def test_headers_that_mean_nothing(header: str) -> None:
    """Names and numbers are no headers: nothing is proposed."""
    assert suggest(header.split(","), "audit") is None


def test_a_proposal_is_a_mapping_file_that_works(tmp_path: Path) -> None:
    """Renamed, it reads the file: every row an event, the time in the site's zone."""
    (tmp_path / "audit").mkdir()
    file = tmp_path / "audit" / "ehr.csv"
    file.write_text(
        f"Access report\n{AUDIT}\nRad One,rad1,4711,A1,Viewed chart,2026-10-01 07:08:09,WS1,OK,Doe Jane\n"
    )
    (proposal,) = proposals(tmp_path, read(tmp_path).sources)
    content = yaml.safe_load(proposal.text)
    assert content["table"] == "audit_events"
    assert content["skip_rows"] == 1
    assert "Not placed, and not read: Patient Name" in proposal.text
    for value in ("4711", "Doe", "rad1", "Rad One", "Viewed"):
        assert value not in proposal.text
    written = write_proposal(tmp_path, proposal)
    assert written is not None
    assert read(tmp_path).source("audit/ehr.csv").reader is None
    written.rename(written.with_name("ehr.csv.mapping.yaml"))
    evidence = read(tmp_path)
    assert evidence.source("audit/ehr.csv").reader == "audit_csv"
    assert evidence.states["audit_events"].rows == 1


def test_of_other_tables_and_of_sheets(tmp_path: Path) -> None:
    """A roster with semicolons, and a sheet of a workbook; what is missing is told."""
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "hr.csv").write_text("Employee ID;Job Title;Badge;Dept\n1;nurse;7;CT\n")
    book = openpyxl.Workbook()
    book.active.append(["Login", "When", "Activity", "MRN"])  # type: ignore[union-attr]
    book.save(tmp_path / "people" / "trail.xlsx")
    found = proposed(tmp_path)
    assert yaml.safe_load(found["people/hr.csv"])["delimiter"] == ";"
    assert "Still missing, and needed: employed_from" in found["people/hr.csv"]
    assert yaml.safe_load(found["people/trail.xlsx"])["columns"]["When"] == "event_time_us"


def test_nothing_is_proposed_for(tmp_path: Path) -> None:
    """Files that are read, explained, binary, of data without header, or no tables."""
    (tmp_path / "roster.csv").write_text("user_id,role,employed_from\n1,nurse,2020-01-01\n")
    (tmp_path / "told.csv").write_text(f"{AUDIT}\n")
    (tmp_path / "told.csv.mapping.yaml").write_text("tabel: x\ntable: audit_events\n")
    (tmp_path / "data.csv").write_text("Smith,Jane,Login,2026-10-01\nDoe,John,View,2026-10-02\n")
    (tmp_path / "image.bin").write_bytes(b"\x00\x01" * 4000)
    (tmp_path / "text.txt").write_text("Dear user, the patient id and time are in the file.\n")
    assert proposed(tmp_path) == {}


def test_inspect_proposes_and_never_overwrites(tmp_path: Path) -> None:
    """Printed always, written when asked, once; a link in its place is not followed."""
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "ehr.csv").write_text(f"{AUDIT}\n")
    target = tmp_path / "audit" / "ehr.csv.mapping.yaml.proposed"
    shown = riskkit("inspect", tmp_path)
    assert shown.returncode == 1
    assert "Login ID: user_id" in shown.stdout
    assert not target.exists()
    assert "written: " in riskkit("inspect", tmp_path, "--propose").stdout
    target.write_text("mine")
    assert "not written" in riskkit("inspect", tmp_path, "--propose").stdout
    assert target.read_text() == "mine"


@given(st.lists(st.text(max_size=70), max_size=8))
def test_any_header(header: list[str]) -> None:
    """Whatever a header holds, each one is placed once or named as not placed."""
    found = suggest(header, "audit")
    if found:
        names = {cell.strip() for cell in header if cell.strip()}
        assert {*found.columns, *found.unplaced} == names
