"""What a simulated pack holds: evidence that fits its tables, and hangs together."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
import yaml

from riskkit.settings import read_settings
from riskkit.tables import TABLES
from tests.simulator.packs import ZONE, Message, digests, messages, table, unpacked

AS_OF = datetime(2026, 11, 1, tzinfo=ZONE)
OPENS = {"110103", "110104", "110106", "110110"}

CSV_TABLES = {
    "evidence.csv": "custody",
    "inventory/systems.csv": "systems",
    "people/roster.csv": "roster",
    "people/schedule.csv": "schedule",
    "people/workstations.csv": "workstations",
    "people/self_match.csv": "self_match",
    "people/exemptions.csv": "exemptions",
    **{f"people/grants/{system}.csv": "grants" for system in ("viewer1", "vna", "ris1")},
    **{f"people/configurations/{system}.csv": "configurations" for system in ("viewer1", "vna", "ris1")},
    "people/accounts/pacs1.csv": "accounts",
    "people/accounts/viewer1.csv": "accounts",
    "people/accounts/vna.csv": "accounts",
    "care/patients.csv": "patients",
    "care/relationships.csv": "relationships",
    "storage/assets.csv": "storage_assets",
    "network/flows.csv": "flows",
    "network/segments.csv": "network_segments",
    "inventory/compensating_controls.csv": "compensating_controls",
    "inventory/malware_protection/console.csv": "malware_protection",
    "inventory/updates/servers.csv": "updates",
    "inventory/vulnerabilities/penetration_test.csv": "vulnerabilities",
    "inventory/vulnerabilities/scans.csv": "vulnerability_scans",
    "backup/jobs.csv": "backups",
    "backup/restore_tests.csv": "restore_tests",
    "backup/recovery_targets.csv": "recovery_targets",
    "backup/drills.csv": "drills",
    "storage/exposures.csv": "storage_exposures",
    "dicom/sampled_scans.csv": "sampled_scans",
    "programme/training.csv": "training",
    "programme/policies.csv": "policies",
    "programme/reviews.csv": "reviews",
    "programme/verdicts.csv": "verdicts",
    **{
        f"programme/{name}.csv": name
        for name in ("contracts", "incidents", "sanctions", "changes", "threats")
    },
    "facility/lists/doors.csv": "facility_lists",
    "facility/access/doors.csv": "facility_access",
    "facility/visitors.csv": "visitors",
    "facility/media.csv": "media",
}


def test_every_csv_is_of_a_table(pack: Path) -> None:
    """No CSV outside the labels is left out below."""
    found = {path.relative_to(pack).as_posix() for path in pack.rglob("*.csv")}

    assert {name for name in found if not name.startswith(".labels/")} == set(CSV_TABLES)


@pytest.mark.parametrize("name", CSV_TABLES)
def test_a_csv_fits_its_table(pack: Path, name: str) -> None:
    """Columns exist, required cells are filled, words are of the vocabulary, keys are unique."""
    declared = TABLES[CSV_TABLES[name]]
    # Instants that the table keeps as integers are dates in a file.
    columns = {column.name.removesuffix("_us"): column for column in declared.columns}
    rows = table(pack / name)
    with (pack / name).open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")

    assert set(header) <= set(columns)
    assert {name for name, column in columns.items() if column.required} <= set(header)
    for row in rows:
        for cell, value in row.items():
            column = columns[cell]
            assert value or not column.required, cell
            if value and column.values:
                assert value in column.values, cell
            if value and column.dtype == "boolean":
                assert value in {"yes", "no"}, cell
            if value and column.dtype in {"instant", "instant_us"}:
                assert datetime.fromisoformat(value).tzinfo, cell
    told = set(header).issuperset(part.removesuffix("_us") for part in declared.key)
    keys = [tuple(row[part] for part in declared.key) for row in rows if declared.key and told]
    assert len(set(keys)) == len(keys)


def test_the_settings_are_those_of_a_simulated_hospital(pack: Path) -> None:
    """site.yaml is valid and says that nothing is real, and what is not covered."""
    settings = read_settings(pack)

    assert settings.synthetic
    assert settings.stated_zone
    assert (settings.first_period, settings.period) == ("2026-09", "2026-10")
    assert len(settings.not_covered) == 1
    assert settings.confidentiality


def test_the_manifest_names_every_file(pack: Path) -> None:
    """MANIFEST has a line for each file, that sha256sum can check, after one with the arguments."""
    first, *lines = (pack / "MANIFEST").read_text().splitlines()

    assert first.startswith("# riskkit simulate --seed 7 ")
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert listed == {name: digest for name, digest in digests(pack).items() if name != "MANIFEST"}


def test_every_file_has_a_history_of_its_own(pack: Path) -> None:
    """evidence.csv tells of each evidence file, and nothing was exported after the period."""
    rows = {row["file"]: row for row in table(pack / "evidence.csv")}

    evidence = {name for name in digests(pack) if not name.startswith(".labels/")}
    assert set(rows) == evidence - {"site.yaml", "evidence.csv", "MANIFEST"}
    for row in rows.values():
        assert datetime.fromisoformat(row["exported_at"]) < AS_OF, row["file"]
    earlier = [row for row in rows.values() if datetime.fromisoformat(row["exported_at"]).month < 10]
    assert earlier, "the month before can be assessed too"


# ---------------------------------------------------------------- audit trail


def test_the_trail_is_whole_but_for_what_was_planted(pack: Path, trail: list[Message]) -> None:
    """Every message parses with a strict parser; exactly one is cut off; syslog lines hold one each."""
    lines = begun = 0
    for path in (pack / "audit").glob("*.log.gz"):
        content = gzip.decompress(path.read_bytes())
        for line in content.splitlines():
            lines += 1
            assert re.match(
                rb"<8[345]>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+ \d+ \S+ - (\xef\xbb\xbf)?<\?xml", line
            )
        begun += content.count(b"<AuditMessage>")
    bare = [message for message in trail if message.file.endswith(".xml")]

    assert lines == begun
    assert begun - (len(trail) - len(bare)) == 1
    assert 5 <= len(bare) < 100
    assert 3000 < len(trail) < 12000


def test_sources_of_the_trail_are_systems_of_the_inventory(pack: Path, trail: list[Message]) -> None:
    """Every audit source id and host is an alias of one system, and both dialects occur."""
    aliases: Counter[str] = Counter()
    for row in table(pack / "inventory/systems.csv"):
        aliases.update(row["aliases"].split(";"))

    assert {message.system for message in trail} <= set(aliases)
    assert set(aliases.values()) == {1}
    texts = [unpacked(path) for path in (pack / "audit").iterdir()]
    for mark in (b' csd-code="110114"', b' code="110114"', b"\xef\xbb\xbf<?xml", b"displayName="):
        assert any(mark in text for text in texts if isinstance(text, bytes)), mark


def test_nothing_happened_outside_the_span(trail: list[Message]) -> None:
    """Two months, and not a second of the third."""
    assert min(message.at for message in trail) >= datetime(2026, 9, 1, tzinfo=ZONE)
    assert max(message.at for message in trail) < AS_OF


def test_people_keep_to_shifts_and_offices_to_weekdays(pack: Path, trail: list[Message]) -> None:
    """More happens by day than by night, on weekdays than on Sundays; closed offices are closed."""
    roster = {row["user_id"]: row for row in table(pack / "people/roster.csv")}
    guessed, _ = labelled(pack, "guessed")  # comes when the account's owner is off
    local = [
        (message, message.at.astimezone(ZONE))
        for message in trail
        if message.user in roster and message.user != guessed["user_id"]
    ]
    hours = Counter(at.hour for _, at in local)
    days = Counter(at.weekday() for _, at in local)
    office = [at for message, at in local if roster[message.user]["department"] == "Orthopedics"]

    assert hours[10] > 2 * hours[3] > 0
    assert min(days[day] for day in range(5)) > days[6] > 0
    assert {at.weekday() for at in office} == {0, 1, 2, 3, 4}
    assert datetime(2026, 9, 7).date() not in {at.date() for at in office}  # noqa: DTZ001 - Labor Day


def test_everyone_in_the_trail_is_somebody(pack: Path, trail: list[Message]) -> None:
    """Users are people of the roster, or the scanner's shared log-in; user ids are plain ASCII."""
    roster = {row["user_id"] for row in table(pack / "people/roster.csv")}
    named = {message.user for message in trail if message.name}

    assert named - roster == {"ctroom"}
    assert all(user.isascii() for user in roster)
    assert any(user.isdigit() and user.startswith("0") for user in roster)


def test_machine_traffic_stands_apart(trail: list[Message]) -> None:
    """Transfers are asked for by AE titles, and a begin comes with an end."""
    moves = [message for message in trail if message.code in {"110102", "110104"}]
    ends = Counter(message.patient for message in moves if message.code == "110104")

    assert moves
    assert not any(message.name for message in moves)
    assert {message.user for message in moves} <= {"LMCT1", "LMMR1", "LMROUTER", "LMPACS1", "LMVNA"}
    assert all(ends[message.patient] for message in moves if message.code == "110102")


def test_nearly_all_accesses_are_explained(pack: Path, trail: list[Message]) -> None:
    """As at the hospitals that published it, over nine of ten accesses have a documented reason."""
    roster = {row["user_id"]: row for row in table(pack / "people/roster.csv")}
    reasons = defaultdict(list)
    for row in table(pack / "care/relationships.csv"):
        until = datetime.fromisoformat(row["valid_to"]) if row["valid_to"] else AS_OF
        reasons[row["patient_id"]].append((row, datetime.fromisoformat(row["valid_from"]), until))

    def explained(message: Message) -> bool:
        return any(
            begins <= message.at <= ends
            and (row["user_id"] == message.user or row["department"] == roster[message.user]["department"])
            for row, begins, ends in reasons[message.patient]
        )

    found = [
        message for message in trail if message.code in OPENS and message.user in roster and message.patient
    ]
    share = sum(map(explained, found)) / len(found)

    assert len(found) > 1000
    assert 0.92 < share < 0.97


def test_relationships_are_of_known_patients_people_and_departments(pack: Path) -> None:
    """Each names a patient, and either a person or a department."""
    patients = {row["patient_id"] for row in table(pack / "care/patients.csv")}
    roster = table(pack / "people/roster.csv")
    users, departments = {row["user_id"] for row in roster}, {row["department"] for row in roster}

    for row in table(pack / "care/relationships.csv"):
        assert row["patient_id"] in patients
        assert bool(row["user_id"]) != bool(row["department"])
        assert not row["user_id"] or row["user_id"] in users
        assert not row["department"] or row["department"] in departments
        assert not row["valid_to"] or row["valid_from"] < row["valid_to"]
    assert all(patient.startswith("00") and len(patient) == 8 for patient in patients)


# ---------------------------------------------------------------- planted incidents


def labelled(pack: Path, kind: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    (incident,) = (row for row in table(pack / ".labels/labels.csv") if row["kind"] == kind)
    events = table(pack / ".labels/events.csv")
    return incident, [row for row in events if row["incident_id"] == incident["incident_id"]]


def test_every_labelled_access_stands_in_the_trail(pack: Path, trail: list[Message]) -> None:
    """The labels tell of events that were exported, none of which was lost or added."""
    exported = {(message.user, message.patient, message.at.replace(microsecond=0)) for message in trail}
    damaged = {
        row["incident_id"]
        for row in table(pack / ".labels/labels.csv")
        if row["kind"] in {"truncated_message", "slow_clock"}
    }

    for row in table(pack / ".labels/events.csv"):
        at = datetime.fromisoformat(row["event_time"]).replace(microsecond=0)
        if row["incident_id"] not in damaged:
            assert (row["user_id"], row["patient_id"], at) in exported
    counts = Counter(row["incident_id"] for row in table(pack / ".labels/events.csv"))
    for row in table(pack / ".labels/labels.csv"):
        assert counts[row["incident_id"]] == int(row["events"])


@pytest.mark.parametrize("kind", ["browsing", "same_household", "coworker", "leaver", "needless_override"])
def test_what_is_inappropriate_has_no_reason_in_the_records(pack: Path, kind: str) -> None:
    """No relationship gives the user or the department any of these patients."""
    incident, events = labelled(pack, kind)
    (person,) = (row for row in table(pack / "people/roster.csv") if row["user_id"] == incident["user_id"])
    patients = {row["patient_id"] for row in events if row["patient_id"]}
    related = {
        row["patient_id"]
        for row in table(pack / "care/relationships.csv")
        if row["user_id"] == person["user_id"] or row["department"] == person["department"]
    }

    assert incident["label"] == "inappropriate"
    assert patients
    assert not patients & related


@pytest.mark.parametrize("kind", ["merged_record", "peer_review"])
def test_what_is_innocent_has_one(pack: Path, kind: str) -> None:
    """The records explain every access of a hard negative."""
    incident, events = labelled(pack, kind)
    related = defaultdict(list)
    for row in table(pack / "care/relationships.csv"):
        if row["valid_to"]:
            window = tuple(datetime.fromisoformat(row[end]) for end in ("valid_from", "valid_to"))
            related[row["user_id"], row["patient_id"]].append(window)

    assert incident["label"] == "innocent"
    for row in (row for row in events if row["patient_id"]):
        at = datetime.fromisoformat(row["event_time"])
        assert any(begins <= at <= ends for begins, ends in related[row["user_id"], row["patient_id"]])


def test_two_people_snoop(pack: Path) -> None:
    """One opens many records of strangers, the other the same one on many days, of the same address."""
    _, many = labelled(pack, "browsing")
    incident, again = labelled(pack, "same_household")
    (patient,) = (p for p in table(pack / "care/patients.csv") if p["patient_id"] == incident["patient_id"])
    (person,) = (p for p in table(pack / "people/roster.csv") if p["user_id"] == incident["user_id"])

    assert len({row["patient_id"] for row in many if row["patient_id"]}) >= 15
    assert len({row["event_time"][:10] for row in again}) >= 4
    assert patient["address"] == person["address"]
    assert patient["patient_id"] != person["patient_id"]


def test_a_colleague_is_looked_up(pack: Path) -> None:
    """The patient of the coworker access is somebody of the same department."""
    incident, _ = labelled(pack, "coworker")
    roster = table(pack / "people/roster.csv")
    (who,) = (row for row in roster if row["user_id"] == incident["user_id"])
    (whom,) = (row for row in roster if row["patient_id"] == incident["patient_id"])

    assert who["department"] == whom["department"]
    assert who["user_id"] != whom["user_id"]


def test_a_leaver_comes_back(pack: Path, trail: list[Message]) -> None:
    """The account of one leaver is still enabled and used after the last day; that of the other is not."""
    incident, _ = labelled(pack, "leaver")
    leavers = {
        row["user_id"]: row["employed_to"] for row in table(pack / "people/roster.csv") if row["employed_to"]
    }
    enabled = {row["account"]: row["enabled"] for row in table(pack / "people/accounts/viewer1.csv")}
    late = {
        user: [m for m in trail if m.user == user and f"{m.at.astimezone(ZONE):%Y-%m-%d}" > last]
        for user, last in leavers.items()
    }
    other = next(user for user in leavers if user != incident["user_id"])

    assert len(leavers) == 2
    assert any(message.code == "110103" for message in late[incident["user_id"]])
    assert not late[other]
    assert (enabled[incident["user_id"]], enabled[other]) == ("yes", "no")


def test_somebody_tries_passwords(pack: Path, trail: list[Message]) -> None:
    """Over twenty failures within ten minutes, and no success from the same address."""
    incident, events = labelled(pack, "failed_logins")
    starts, ends = (datetime.fromisoformat(events[n]["event_time"]) for n in (0, -1))
    failed = [m for m in trail if m.user == incident["user_id"] and starts <= m.at <= ends]

    assert ends - starts < timedelta(minutes=10)
    assert len(failed) > 20
    assert {(message.code, message.outcome) for message in failed} == {("110114", "8")}
    (address,) = {message.ip for message in failed}
    assert not any(message.ip == address and message.outcome == "0" for message in trail)


def test_emergency_access_is_mostly_of_emergencies(pack: Path, trail: list[Message]) -> None:
    """Overrides come with an access that states the purpose; all but one are of patients who had come."""
    _, events = labelled(pack, "needless_override")
    overrides = [message for message in trail if message.subcode == "110127"]
    known = {row["patient_id"] for row in table(pack / "care/relationships.csv")}

    assert len(overrides) > 3
    assert {message.patient for message in overrides} - known == {row["patient_id"] for row in events} - {""}
    content = gzip.decompress((pack / "audit/viewer1-2026-10.log.gz").read_bytes())
    assert content.count(b'<PurposeOfUse csd-code="ETREAT"') == content.count(b'csd-code="110127"')


def test_a_source_falls_silent(pack: Path, trail: list[Message]) -> None:
    """The router records nothing on two weekdays, on which the archive received images through it."""
    incident, _ = labelled(pack, "silent_source")
    starts, ends = datetime.fromisoformat(incident["starts"]), datetime.fromisoformat(incident["ends"])
    meanwhile = [message for message in trail if starts <= message.at < ends]

    assert starts.weekday() == 1
    assert ends - starts == timedelta(days=2)
    assert not [message for message in meanwhile if message.system == "ROUTER1"]
    assert [message for message in meanwhile if message.system == "PACS1" and message.user == "LMROUTER"]


def test_a_clock_lags(pack: Path) -> None:
    """Messages of the CT scanner were received minutes after they say they happened, from one day on."""
    text = unpacked(pack / "audit/ct1-2026-10.log.gz")
    assert isinstance(text, bytes)
    lags = {
        (datetime.fromisoformat(received) - datetime.fromisoformat(happened)) // timedelta(seconds=1)
        for received, happened in re.findall(
            r'^<\d+>1 (\S+) .*? EventDateTime="([^"]+)"', text.decode(), re.MULTILINE
        )
    }

    assert lags & {0, 1}
    assert lags - {0, 1} == {192}


def test_two_stamps_have_no_zone(pack: Path, trail: list[Message]) -> None:
    """They are told of in the labels, to the second in the hospital's zone."""
    _, events = labelled(pack, "time_without_zone")
    bare = [message for message in trail if datetime.fromisoformat(message.written).tzinfo is None]

    assert len(bare) == len(events) == 2
    assert {message.at for message in bare} == {datetime.fromisoformat(row["event_time"]) for row in events}


def test_studies_are_deleted_in_an_evening(pack: Path, trail: list[Message]) -> None:
    """One administrator deletes over twenty studies within an hour; all other deletions are single ones."""
    incident, events = labelled(pack, "mass_deletion")
    at = [datetime.fromisoformat(row["event_time"]) for row in events if row["event"] == "delete"]
    others = [m for m in trail if m.code == "110105" and not at[0] <= m.at <= at[-1] + timedelta(seconds=1)]

    assert len(at) > 20
    assert at[-1] - at[0] < timedelta(hours=1)
    assert len({message.at.date() for message in others}) == len(others)
    assert incident["user_id"]


def test_records_are_merged_with_and_without_a_reason(pack: Path) -> None:
    """Both merges are an update and a deletion of a patient's record in the archive; one says why."""
    text = unpacked(pack / "audit/pacs1-2026-10.log.gz")
    assert isinstance(text, bytes)
    lines = [line for line in text.splitlines() if b'csd-code="110110"' in line]
    reasons = [b"EventOutcomeDescription" in line for line in lines]

    assert sorted(reasons) == [False, False, True, True]
    assert {re.findall(rb'EventActionCode="(.)"', line)[0] for line in lines} == {b"U", b"D"}
    for kind in ("bare_merge", "reasoned_merge"):
        _, events = labelled(pack, kind)
        assert len({row["patient_id"] for row in events if row["patient_id"]}) == 2


def test_a_clock_is_set_back(pack: Path) -> None:
    """The RIS writes times an hour before those above them, for some hours of one day."""
    incident, _ = labelled(pack, "clock_step")
    text = unpacked(pack / "audit/ris1-2026-10.log.gz")
    assert isinstance(text, bytes)
    lags = Counter(
        (datetime.fromisoformat(received) - datetime.fromisoformat(happened)) // timedelta(minutes=1)
        for received, happened in re.findall(
            r'^<\d+>1 (\S+) .*? EventDateTime="([^"]+)"', text.decode(), re.MULTILINE
        )
    )

    assert set(lags) == {0, 61}
    assert lags[61] < 40
    assert incident["system_id"] == "ris1"


def test_messages_come_twice(pack: Path) -> None:
    """Twelve messages of the router, and none of any other source, stand in the trail twice."""
    twice = {}
    for path in (pack / "audit").glob("*.log.gz"):
        bodies = Counter(re.findall(rb"<AuditMessage>.*", gzip.decompress(path.read_bytes())))
        twice[path.name] = sum(count - 1 for count in bodies.values())

    assert twice.pop("router1-2026-10.log.gz") == 12
    assert set(twice.values()) == {0}


# ---------------------------------------------------------------- other evidence


def test_accounts_belong_to_systems_and_mostly_to_people(pack: Path) -> None:
    """Every list is of a system of the inventory; a second factor is there, missing and unknown."""
    systems = {row["system_id"] for row in table(pack / "inventory/systems.csv")}
    roster = {row["user_id"] for row in table(pack / "people/roster.csv")}
    accounts = [row for path in (pack / "people/accounts").glob("*.csv") for row in table(path)]

    assert {row["system_id"] for row in accounts} <= systems
    assert {row["user_id"] for row in accounts} - roster - {""} == {"tmpstudent3"}
    assert {row["mfa"] for row in accounts} == {"yes", "no", ""}
    assert {row["kind"] for row in accounts} == {"person", "shared", "service", "vendor", "emergency"}
    for row in accounts:
        assert not row["last_login"] or datetime.fromisoformat(row["last_login"]) < AS_OF


def test_the_workbook_is_as_offices_leave_it(pack: Path) -> None:
    """A cover, two lists, dates as numbers, and an identifier whose zeros only the format shows."""
    book = openpyxl.load_workbook(pack / "people/accounts/ris1.xlsx")
    columns = [cell.value for cell in book["Accounts"][1]]
    accounts = dict(zip(columns, book["Accounts"].iter_cols(min_row=2), strict=True))

    assert book.sheetnames == ["Read me", "Accounts", "Disabled"]
    assert set(columns) <= set(TABLES["accounts"].by_name)
    assert all(cell.is_date for cell in accounts["created_on"])
    zeros = [cell for cell in accounts["account"] if cell.number_format == "000000"]
    assert zeros
    roster = {row["user_id"] for row in table(pack / "people/roster.csv")}
    assert {f"{cell.value:06d}" for cell in zeros} <= roster
    assert book.properties.created.replace(tzinfo=UTC) < AS_OF


def test_listeners_are_good_and_bad(pack: Path) -> None:
    """The scans tell of every listed listener: modern, old, plain, not looked at, and about to expire."""
    listed = yaml.safe_load((pack / "network/endpoints.yaml").read_text())["endpoints"]
    required = {column.name for column in TABLES["endpoints"].columns if column.required}
    scans = [json.loads(path.read_text()) for path in sorted((pack / "network/scans").iterdir())]
    latest = scans[-1]
    terms = [
        tuple(datetime.fromisoformat(chain[0][f"not_valid_{end}"]) for end in ("before", "after"))
        for server in latest["sslyze"]["server_scan_results"]
        for chain in [_deployments(server)[0]["received_certificate_chain"]]
    ]
    old = {
        server["server_location"]["hostname"]
        for server in latest["sslyze"]["server_scan_results"]
        if server["scan_result"]["tls_1_0_cipher_suites"]["result"]["accepted_cipher_suites"]
    }

    assert len(scans) == 2
    for entry in listed:
        assert required <= set(entry)
        assert entry["protocol"] in TABLES["endpoints"].by_name["protocol"].values
    assert [entry["endpoint_id"] for entry in latest["endpoints"]] == [
        entry["endpoint_id"] for entry in listed
    ]
    assert {entry["status"] for entry in latest["endpoints"]} == {
        "scanned",
        "plaintext",
        "not_tls",
        "skipped",
    }
    assert len(old) == 2
    assert all(begins < datetime.fromisoformat(latest["started_at"]) < ends for begins, ends in terms)
    assert any(ends < AS_OF + timedelta(days=30) for _, ends in terms)
    approved = hashlib.sha256((pack / "network/endpoints.yaml").read_bytes()).hexdigest()
    assert {scan["authority"]["sha256"] for scan in scans} == {approved}


def _deployments(server: dict) -> list[dict]:  # type: ignore[type-arg]
    found: list[dict] = server["scan_result"]["certificate_info"]["result"]["certificate_deployments"]  # type: ignore[type-arg]
    return found


def test_a_scan_has_the_shape_of_a_real_one(pack: Path) -> None:
    """Whatever sslyze 6.3.1 wrote of real listeners is there in the simulated scan, but for the PEM text."""
    real_file = (
        Path(__file__).parents[2].parent / "shared/samples/network/captured/local_bed_13endpoints_6.3.1.json"
    )
    if not real_file.is_file():
        pytest.skip("the captured scan of real listeners is not on this machine")
    real = json.loads(real_file.read_text())
    made = json.loads(next((pack / "network/scans").iterdir()).read_text())["sslyze"]
    real_server, server = real["server_scan_results"][1], made["server_scan_results"][0]

    assert set(made) == set(real)
    assert set(server) == set(real_server)
    assert set(server["scan_result"]) == set(real_server["scan_result"])
    for name, scan in server["scan_result"].items():
        theirs = real_server["scan_result"][name]
        assert set(scan) == set(theirs)
        if scan["result"] is not None and theirs["result"] is not None:
            assert set(scan["result"]) == set(theirs["result"]), name
    mine = _deployments(server)[0]["received_certificate_chain"][0]
    assert set(mine) == set(_deployments(real_server)[0]["received_certificate_chain"][0]) - {"as_pem"}


def test_block_devices_have_the_shape_of_real_ones(pack: Path) -> None:
    """One archive rests on LUKS, the other does not."""
    hosts = {path.stem: json.loads(path.read_text()) for path in (pack / "storage").glob("lsblk-*.json")}

    def holds(nodes: list[dict], mount: str, encrypted: bool = False) -> bool | None:  # type: ignore[type-arg]
        for node in nodes:
            inside = encrypted or node["fstype"] == "crypto_LUKS"
            if mount in node["mountpoints"]:
                return inside
            found = holds(node.get("children", []), mount, inside)
            if found is not None:
                return found
        return None

    assert holds(hosts["lsblk-pacs1"]["blockdevices"], "/srv/pacs/images") is True
    assert holds(hosts["lsblk-vna"]["blockdevices"], "/srv/vna/store") is False
    assert holds(hosts["lsblk-backup1"]["blockdevices"], "[SWAP]") is False


def test_image_stores_were_walked_to_the_end(pack: Path) -> None:
    """Columns are those of the table, counts agree, and no value of an attribute is kept."""
    for path in (pack / "dicom").glob("*.ndjson.gz"):
        header, *rows, trailer = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
        assert header["riskkit_dicom_scan"] == 1
        assert path.name == f"{header['scan_id']}.ndjson.gz"
        assert trailer["complete"] is True
        assert trailer["files"] == len(rows)
        for row in rows:
            assert set(row) <= set(TABLES["dicom_files"].by_name)
            assert row["readable"] in {"yes", "no", "unknown"}
            assert row["file_class"]
        classes = Counter(row["file_class"] for row in rows)
        assert classes["dicom"] > 50
        assert trailer["unreadable"] == classes["unreadable"]
    names = {path.name.split("-")[0] for path in (pack / "dicom").glob("*.ndjson.gz")}
    assert names == {"pacs1", "vna"}


def test_answers_are_of_every_kind(pack: Path) -> None:
    """Yes, no and not applicable; one that has expired, and one that the accounts contradict."""
    answers = yaml.safe_load((pack / "programme/answers.yaml").read_text())["answers"]
    required = {column.name for column in TABLES["answers"].columns if column.required}

    assert all(required <= set(answer) <= set(TABLES["answers"].by_name) for answer in answers)
    assert {answer["answer"] for answer in answers} == {"yes", "no", "not_applicable"}
    assert any(answer["valid_until"] < AS_OF.date() for answer in answers)
    mfa = next(answer for answer in answers if answer["control"] == "45 CFR 164.312(d)")
    accounts = table(pack / "people/accounts/viewer1.csv")
    assert mfa["answer"] == "yes"
    assert any(row["remote"] == "yes" and row["mfa"] == "no" for row in accounts)


def test_programme_has_arrears(pack: Path) -> None:
    """Some training and one policy review are overdue, some areas are not in the pack at all."""
    training = table(pack / "programme/training.csv")
    policies = table(pack / "programme/policies.csv")

    assert any(not row["completed_on"] for row in training)
    assert any(row["completed_on"] > row["due_on"] for row in training)
    assert sum(row["next_review_on"] < "2026-11-01" for row in policies) == 1
    assert not (pack / "facility/repairs.csv").exists()


def test_doors_media_and_incidents_hold_a_case_each(pack: Path) -> None:
    """A badge of somebody who left, one on no list, a disk without a certificate, a clock that runs."""
    roster = {row["user_id"]: row["employed_to"] for row in table(pack / "people/roster.csv")}
    lists = table(pack / "facility/lists/doors.csv")
    listed = {(row["area"], row["badge"]) for row in lists}
    passed = {
        (row["area"], row["badge"])
        for row in table(pack / "facility/access/doors.csv")
        if row["passage"] == "granted"
    }
    incidents = {row["incident_id"]: row for row in table(pack / "programme/incidents.csv")}

    assert [row["active"] for row in lists if roster[row["user_id"]]] == ["yes"]
    assert len(passed - listed) == 1
    assert len(passed & listed) > 5
    assert [
        row["certificate"] for row in table(pack / "facility/media.csv") if row["event"] == "disposed"
    ] == [
        "RS-40117",
        "",
    ]
    assert incidents["I-2026-06"]["people_told_on"] > incidents["I-2026-06"]["discovered_at"]
    assert not incidents["I-2026-06"]["media_told_on"]
    assert not incidents["I-2026-05"]["decision"]


def test_backups_are_fresh_stale_and_missing(pack: Path) -> None:
    """The second archive's copies fail at the end and were last restored over a year ago."""
    jobs = table(pack / "backup/jobs.csv")
    vna = [row["status"] for row in jobs if row["system_id"] == "vna"]
    tests = {row["system_id"]: row["finished_at"] for row in table(pack / "backup/restore_tests.csv")}
    snapshots = json.loads((pack / "backup/restic-pacs1.json").read_text())

    assert "success" in vna
    assert set(vna[-5:]) == {"failed"}
    assert tests["vna"] < "2025-10-31"
    assert tests["pacs1"] > "2026-08"
    assert len(snapshots) == 31
    assert {snapshot["hostname"] for snapshot in snapshots} == {"pacs1"}
    assert [snapshot.get("parent") for snapshot in snapshots[1:]] == [one["id"] for one in snapshots[:-1]]
    assert "viewer1" not in {row["system_id"] for row in jobs}


def test_every_kind_of_event_occurs(trail: list[Message]) -> None:
    """What an assessor asks an audit trail for is there, log-ins to deletions."""
    codes = {message.code for message in trail} | {message.subcode for message in trail}

    assert {
        "110100", "110101", "110102", "110103", "110104", "110105", "110106", "110109", "110110", "110111",
        "110112", "110113", "110114", "110120", "110121", "110122", "110123", "110127",
    } <= codes  # fmt: skip


def test_another_seed_keeps_every_incident(tmp_path: Path) -> None:
    """Whatever the seed, the same kinds are planted."""
    from riskkit.simulator import simulate  # noqa: PLC0415 - only this test simulates anew

    kinds = [
        Counter(
            row["kind"] for row in table(simulate(tmp_path / str(seed), seed=seed) / ".labels/labels.csv")
        )
        for seed in range(20, 26)
    ]

    assert all(found == kinds[0] for found in kinds)
    assert set(kinds[0].values()) == {1}
    assert sum(1 for _ in messages(tmp_path / "20")) > 1000
