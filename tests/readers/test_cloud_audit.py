"""Audit logs of three clouds: what is read, what two records of one operation become, what is refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.checks.audit_cloud_data_events_off import CLOUDS
from riskkit.errors import EvidenceError
from riskkit.model import Context, Reader
from riskkit.readers import json_events
from riskkit.readers.azure_dicom_json import read as azure
from riskkit.readers.cloudtrail_json import read as cloudtrail
from riskkit.readers.google_audit_json import read as google
from tests.readers.reading import CHICAGO, SAMPLES, InMemory, read_all

TABLE = "audit_events"
Rows = list[dict[str, Any]]

READERS = {"cloudtrail": cloudtrail, "google": google, "azure": azure}
WRAPS = {"cloudtrail": "Records", "google": "entries", "azure": "records"}
each_cloud = pytest.mark.parametrize("cloud", READERS)


def sample(reader: Reader, name: str) -> Rows:
    return read_all(reader, (SAMPLES / reader.id / name).read_bytes()).table(TABLE)


def trail(**more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "userName": "ops1", "arn": "arn:aws:iam::1:user/ops1"},
        "eventTime": "2026-10-05T14:00:00Z",
        "eventSource": "medical-imaging.amazonaws.com",
        "eventName": "GetImageFrame",
        "eventID": "e1",
        "sourceIPAddress": "198.51.100.7",
        **more,
    }


def entry(method: str = "dicomweb.DicomWebService.RetrieveStudy", **more: Any) -> dict[str, Any]:
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "healthcare.googleapis.com",
        "methodName": f"google.cloud.healthcare.v1.{method}",
        "authenticationInfo": {"principalEmail": "jane@hospital.example"},
        "resourceName": "projects/p/dicomStores/s/dicomWeb/studies/1.2.3",
    }
    log = {key: more.pop(key) for key in ("operation", "insertId", "timestamp") if key in more}
    return {
        "insertId": "i1",
        "timestamp": "2026-10-05T15:00:00Z",
        "protoPayload": {key: value for key, value in {**payload, **more}.items() if value is not None},
        **log,
    }


def log(result: str = "Succeeded", status: Any = 200, **more: Any) -> dict[str, Any]:
    return {
        "time": "2026-10-05 16:00:00Z",
        "resourceId": "/x/DICOMSERVICES/PACS",
        "operationName": "retrieve-study",
        "category": "AuditLogs",
        "resultType": result,
        "resultSignature": status,
        "callerIpAddress": "::ffff:198.51.100.9",
        "correlationId": "k",
        "identity": {"claims": {"oid": "oid-1", "upn": "jane@hospital.example"}},
        "uri": "https://w.dicom.azurehealthcareapis.com/v2/studies/1.2.3",
        **more,
    }


MAKE: dict[str, Any] = {"cloudtrail": trail, "google": entry, "azure": log}


def numbered(cloud: str, number: int) -> dict[str, Any]:
    """Distinct records of one cloud, none of which belongs to another."""
    key = {"cloudtrail": "eventID", "google": "insertId", "azure": "correlationId"}[cloud]
    return MAKE[cloud](**{key: str(number)})  # type: ignore[no-any-return]


def rows(reader: Reader, *found: Any) -> Rows:
    return read_all(reader, "\n".join(map(json.dumps, found)).encode()).table(TABLE)


def one(reader: Reader, found: Any) -> dict[str, Any]:
    (row,) = rows(reader, found)
    return row


# ------------------------------------------------------------------ CloudTrail


def test_cloudtrail_sample() -> None:
    """Reading, searching, a refusal, the trail stopped, a failed log-in, and a service that erred."""
    found = sample(cloudtrail, "records.json")
    assert [row["event_category"] for row in found] == [
        "read", "query", "read", "delete", "config", "authentication", "read",
    ]  # fmt: skip
    assert [row["event_severity"] for row in found] == [0, 0, 0, 4, 0, 4, 8]
    read, search, dicom, _, stopped, login, service = found
    assert (read["user_id"], read["user_type"]) == ("jane@hospital.example", "person")
    assert read["user_role"] == "Radiologist"
    assert json.loads(read["agents"])[0]["mfa"] == "true"
    assert (search["patient_id"], dicom["study_uid"]) == ("P1", "1.2.840.1")
    assert stopped["event_subcode"] == "110133"
    assert (login["user_authenticated"], login["source_host"]) == (False, "AWS Internal")
    assert (service["user_type"], service["source_ip"]) == ("application", None)


@pytest.mark.parametrize(
    ("name", "category", "action"),
    [
        ("GetImageSetMetadata", "read", "R"),
        ("SearchDICOMStudies", "query", "E"),
        ("StoreDICOM", "import", "C"),
        ("StartDICOMImportJob", "import", "C"),
        ("DeleteImageSet", "delete", "D"),
        ("CopyImageSet", "create", "C"),
        ("UpdateImageSetMetadata", "update", "U"),
        ("CreateDatastore", "config", "U"),
        ("ListDatastores", "other", "E"),
        ("Whatever", "other", "E"),
    ],
)
def test_actions_of_healthimaging(name: str, category: str, action: str) -> None:
    """The verb tells the kind of access; stores and jobs are no images."""
    row = one(cloudtrail, trail(eventName=name))
    assert (row["event_category"], row["event_action"]) == (category, action)


@pytest.mark.parametrize(
    ("identity", "user", "kind"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "root", "person"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/i-0abc"}, "i-0abc", "unknown"),
        ({"type": "AssumedRole", "principalId": "A:jane@x"}, "jane@x", "person"),
        ({"type": "AWSService", "invokedBy": "x.amazonaws.com"}, "x.amazonaws.com", "application"),
        ({}, None, "unknown"),
    ],
)
def test_identities(identity: Any, user: str | None, kind: str) -> None:
    """Users by name, roles by their session, services by what they are."""
    row = one(cloudtrail, trail(userIdentity=identity))
    assert (row["user_id"], row["user_type"]) == (user, kind)


def test_hidden_patients_and_paths() -> None:
    """AWS may hide a search value; a DICOMweb path names its study."""
    hidden = {"searchCriteria": {"filters": [{"values": [{"DICOMPatientId": "***"}]}]}}
    assert one(cloudtrail, trail(requestParameters=hidden))["patient_id"] is None
    path = {"path": "/datastore/d/studies/1.2.9/series"}
    assert one(cloudtrail, trail(requestParameters=path))["study_uid"] == "1.2.9"


def test_an_event_with_a_comma_missing() -> None:
    """As printed in a guide: one record, quarantined; the next object is read."""
    bad = json.dumps(trail(), indent=1).replace('user/ops1"\n', 'user/ops1"\n "x": 1\n')
    data = (bad + "\n" + json.dumps(trail(), indent=1)).encode()
    assert cloudtrail.recognize(data, "")
    reading = read_all(cloudtrail, data)
    assert (reading.reasons(TABLE), reading.accepted[TABLE]) == ({"json_malformed": 1}, 1)


# ------------------------------------------------------------------ Google


def test_google_sample() -> None:
    """Reads, searches, stores, and an export whose two entries are one event at the time of its start."""
    found = sample(google, "entries.json")
    assert [row["event_category"] for row in found] == [
        "read", "query", "import", "export", "delete", "config", "import",
    ]  # fmt: skip
    read, search, store, export, delete, _, lone = found
    assert (read["study_uid"], search["patient_id"]) == ("1.2.840.2", "P2")
    assert (store["user_type"], store["source_host"]) == ("application", "private")
    assert (export["event_outcome"], export["user_id"]) == ("failure", "jane@hospital.example")
    assert export["user_type"] == "person"
    assert export["event_time_raw"].startswith("2026-10-05T15:00:03")
    assert (delete["user_authenticated"], delete["event_severity"]) == (False, 4)
    assert (lone["event_outcome"], lone["parse_status"]) == ("unknown", "partial")


@pytest.mark.parametrize(
    ("method", "category"),
    [
        ("dicomweb.DicomWebService.SearchForInstances", "query"),
        ("dicomweb.DicomWebService.DeleteSeries", "delete"),
        ("dicom.DicomService.CreateDicomStore", "config"),
        ("dicom.DicomService.DeleteDicomStore", "delete"),
        ("dicom.DicomService.GetDicomStore", "other"),
        ("dicom.DicomService.ImportDicomData", "import"),
        ("fhir.FhirService.ReadResource", "read"),
        ("fhir.FhirService.SearchResources", "query"),
        ("dataset.DatasetService.DeidentifyDataset", "create"),
        ("dicom.DicomService.SetIamPolicy", "config"),
        ("dataset.DatasetService.GetOperation", "other"),
        ("", "other"),
    ],
)
def test_methods(method: str, category: str) -> None:
    """The verb tells the kind of access; stores, data sets and policies are no images."""
    assert one(google, entry(method))["event_category"] == category


@pytest.mark.parametrize(
    ("more", "outcome", "severity"),
    [
        ({}, "success", 0), ({"status": {}}, "success", 0), ({"status": {"code": 0}}, "success", 0),
        ({"status": {"code": 7}}, "failure", 4), ({"status": {"code": 13}}, "failure", 8),
        ({"authorizationInfo": [{"granted": False}]}, "failure", 4),
    ],
)  # fmt: skip
def test_status(more: Any, outcome: str, severity: int) -> None:
    """What the caller did wrong is minor, what the service did is serious."""
    row = one(google, entry(**more))
    assert (row["event_outcome"], row["event_severity"]) == (outcome, severity)


def test_entries_that_are_no_audit_log() -> None:
    """Other entries of an export are ignored with a reason; one without a method is quarantined."""
    data = "\n".join(
        map(json.dumps, (entry(), {"insertId": "x", "textPayload": "hello"}, entry(methodName=None)))
    )
    reading = read_all(google, data.encode())
    assert reading.ignored[TABLE] == {"other_log_entry": 1}
    assert reading.reasons(TABLE) == {"missing_required": 1}


# ------------------------------------------------------------------ Azure


def test_azure_samples() -> None:
    """Both schemas; Started and its end are one event, whichever comes first."""
    found = sample(azure, "streamed.ndjson")
    outcomes = {row["correlation_id"]: (row["event_category"], row["event_outcome"]) for row in found}
    assert len(found) == len(outcomes)
    assert outcomes == {
        "k1": ("read", "success"), "k2": ("query", "success"), "k3": ("import", "unknown"),
        "k4": ("delete", "failure"), "k5": ("import", "unknown"),
    }  # fmt: skip
    by_id = {row["correlation_id"]: row for row in found}
    assert by_id["k1"]["source_ip"] == "198.51.100.9"
    assert by_id["k1"]["study_uid"] == "1.2.840.4"
    assert by_id["k2"]["patient_id"] == "P4"
    assert by_id["k2"]["event_time_raw"] == "2026-10-05 16:01:00Z"
    assert (by_id["k4"]["event_severity"], by_id["k4"]["event_reason"]) == (4, "HTTP 403")
    joined, refused = sample(azure, "log-analytics.json")
    assert joined["source_format"] == "azure_dicom_json/log_analytics"
    assert (joined["user_id"], joined["user_type"]) == ("app-1", "application")
    assert (joined["study_uid"], refused["user_authenticated"]) == ("1.2.840.6", False)
    assert joined["source_system"] == "pacs"


@pytest.mark.parametrize(
    ("result", "status", "outcome", "severity"),
    [
        ("Succeeded", 200, "success", 0),
        ("Succeeded", "204", "success", 0),
        ("Succeeded", None, "success", 0),
        ("Succeeded", 202, "unknown", None),
        ("Failed", 404, "failure", 4),
        ("Failed", 500, "failure", 8),
        ("Failed", None, "failure", 8),
        ("Failed", 200, "failure", 8),
        ("Started", 0, "unknown", None),
        ("", None, "unknown", None),
    ],
)
def test_results(result: str, status: Any, outcome: str, severity: int | None) -> None:
    """The result decides, the status tells how bad it was."""
    row = one(azure, log(result, status))
    assert (row["event_outcome"], row["event_severity"]) == (outcome, severity)


@pytest.mark.parametrize(
    ("operation", "uri", "category"),
    [
        ("Store/PostInstance/POST", "", "import"),
        ("retrieve-metadata", "", "read"),
        ("search", "", "query"),
        ("delete-instance", "https://x/v2/studies/1.2", "delete"),
        ("Export/POST", "https://x/v2/export", "export"),
        ("AddExtendedQueryTag/POST", "", "config"),
        ("cancel-workitem", "", "procedure"),
        ("x", "", "other"),
    ],
)
def test_operations(operation: str, uri: str, category: str) -> None:
    """By the URI where there is one, else by the operation's name."""
    assert one(azure, log(operationName=operation, uri=uri))["event_category"] == category


@pytest.mark.parametrize(
    ("identity", "user", "kind"),
    [
        (None, None, "unknown"), ("", None, "unknown"), ("plain", "plain", "unknown"),
        ('{"claims":{"oid":"o","scp":"x"}}', "o", "person"), ({"claims": {"appid": "a"}}, "a", "application"),
        ({"claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": "o"}}, "o", "unknown"),
    ],
)  # fmt: skip
def test_claims(identity: Any, user: str | None, kind: str) -> None:
    """Claims as an object or as text; without any nobody is named."""
    row = one(azure, log(identity=identity))
    assert (row["user_id"], row["user_type"]) == (user, kind)


def test_other_categories() -> None:
    """Diagnostic logs of the same export are ignored with a reason."""
    reading = read_all(azure, f"{json.dumps(log())}\n{json.dumps(log(category='DiagnosticLogs'))}".encode())
    assert reading.ignored[TABLE] == {"other_category": 1}


def test_repeated_ends_are_kept() -> None:
    """Two ends of one id are two events; a second Started of a joined one is not another."""
    assert len(rows(azure, log(), log("Failed", 500))) == 2
    assert len(rows(azure, log("Started", 0), log(), log("Started", 0))) == 1


def test_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many operations wait, the oldest is told as it stands, and nothing is lost."""
    monkeypatch.setattr(json_events, "OPERATIONS", 3)
    data = "\n".join(json.dumps(log("Started", 0, correlationId=str(number))) for number in range(20))
    reading = read_all(azure, data.encode())
    assert reading.records[TABLE] == reading.accepted[TABLE] == 20


def test_what_waits_is_told_when_compression_breaks() -> None:
    """A Started before the break becomes a row of unknown outcome."""

    class Breaking:
        def __init__(self) -> None:
            self.pieces = iter([(json.dumps(log("Started", 0)) + "\n").encode()])

        def read(self, _size: int) -> bytes:
            for piece in self.pieces:
                return piece
            raise EvidenceError("the compression is broken")

        def __enter__(self) -> Breaking:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    member = InMemory("x", b"")
    object.__setattr__(member, "open", Breaking)
    batches = azure.read(member, Context(CHICAGO))
    assert next(batches).rows["event_outcome"].to_pylist() == ["unknown"]
    with pytest.raises(EvidenceError):
        next(batches)


# ------------------------------------------------------------------ all of them


def wrapped(cloud: str, found: list[Any], how: str) -> bytes:
    texts = [json.dumps(one) for one in found]
    return {
        "lines": "\n".join(texts),
        "joined": "".join(texts),
        "array": json.dumps(found, indent=1),
        "wrapped": json.dumps({WRAPS[cloud]: found}),
        "files": "\n".join(json.dumps({WRAPS[cloud]: [one]}) for one in found),
    }[how].encode()


HOW = st.sampled_from(("lines", "joined", "array", "wrapped", "files"))


def contents(rows: Rows) -> Counter[Any]:
    place = {"offset", "event_seq", "source", "event_id"}
    return Counter(tuple(pair for pair in row.items() if pair[0] not in place) for row in rows)


@each_cloud
@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True), HOW, st.randoms(use_true_random=False)
)
def test_order_and_wrapping_do_not_matter(cloud: str, numbers: list[int], how: str, random: Any) -> None:
    """Shuffled, in any container, the events are the same as each alone."""
    reader = READERS[cloud]
    found = [numbered(cloud, number) for number in numbers]
    alone: Counter[Any] = Counter()
    for single in found:
        alone.update(contents(rows(reader, single)))
    data = wrapped(cloud, random.sample(found, len(found)), how)
    assert reader.recognize(data, "") or cloud != "cloudtrail"
    assert contents(read_all(reader, data).table(TABLE)) == alone


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True), st.randoms(use_true_random=False), HOW
)
def test_operations_in_any_order(numbers: list[int], random: Any, how: str) -> None:
    """Starts and ends in any order are one event each, the same in every order."""
    azures = [
        log(*kind, correlationId=str(n)) for n in numbers for kind in (("Started", 0), ("Succeeded", 200))
    ]
    method = "dicom.DicomService.ExportDicomData"
    googles = [
        entry(method, operation={"id": str(n), flag: True}, timestamp=f"2026-10-05T15:00:0{n}Z", **more)
        for n in numbers
        for flag, more in (("first", {}), ("last", {"authenticationInfo": None}))
    ]
    for cloud, found in (("azure", azures), ("google", googles)):
        ordered = read_all(READERS[cloud], wrapped(cloud, found, how)).table(TABLE)
        shuffled = read_all(READERS[cloud], wrapped(cloud, random.sample(found, len(found)), how)).table(
            TABLE
        )
        assert len(ordered) == len(shuffled) == len(numbers)
        assert contents(ordered) == contents(shuffled)
        assert {row["event_outcome"] for row in ordered} == {"success"}
        assert None not in {row["user_id"] for row in ordered}


@each_cloud
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
    HOW,
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), max_size=6),
    st.floats(0, 1),
)
def test_damage_is_counted(cloud: str, numbers: list[int], how: str, damage: Any, cut: float) -> None:
    """Bytes removed, changed or put in, and a cut anywhere: nothing raises, and the books balance."""
    data = wrapped(cloud, [numbered(cloud, number) for number in numbers], how)
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    for piece in (data, data[: int(cut * len(data))]):
        read_all(READERS[cloud], piece)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@each_cloud
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_values(cloud: str, data: Any) -> None:
    """Any JSON in any element of a record ends as a row or in quarantine, and costs no other record."""
    record = MAKE[cloud]()
    inner = data.draw(
        st.sampled_from([record, *(value for value in record.values() if isinstance(value, dict))])
    )
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(json_values)
    reading = read_all(READERS[cloud], "\n".join(map(json.dumps, (numbered(cloud, 7), record))).encode())
    assert reading.records[TABLE] == 2
    assert reading.accepted[TABLE] >= 1


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"eventCategory": "Management", "eventName": "GetImageSetMetadata"}, "management"),
        ({"eventCategory": "Data", "managementEvent": True}, "data"),
        ({"managementEvent": False, "eventName": "GetImageSet"}, "data"),
        ({"managementEvent": True}, "management"),
        ({"eventName": "GetImageFrame"}, "data"),
        ({"eventName": "SearchDICOMStudies"}, "data"),
        ({"eventName": "SearchImageSets"}, "management"),
        ({"eventName": "GetDICOMImportJob"}, "management"),
    ],
)
def test_kinds_of_events_of_cloudtrail(more: dict[str, Any], kind: str) -> None:
    """An event says of itself whether it is one of data; where it does not, its name tells."""
    (row,) = read_all(cloudtrail, json.dumps(trail(**more)).encode()).table(TABLE)
    assert row["source_format"] == f"cloudtrail_json/{kind}"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity"}, "activity"),
        ({"logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access"}, "data_access"),
        ({"logName": "organizations/1/logs/cloudaudit.googleapis.com/system_event"}, "system_event"),
        ({}, "activity"),
    ],
)
def test_logs_of_google(more: dict[str, Any], kind: str) -> None:
    """The log that holds an entry is known by its name; without one, by the permission that was used."""
    (row,) = read_all(google, json.dumps(entry() | more).encode()).table(TABLE)
    assert row["source_format"] == f"google_audit_json/{kind}"
    used = entry(authorizationInfo=[{"granted": True, "permissionType": "DATA_READ"}])
    (row,) = read_all(google, json.dumps(used | more).encode()).table(TABLE)
    assert row["source_format"] == f"google_audit_json/{kind if more else 'data_access'}"


@each_cloud
def test_the_check_of_data_events_knows_the_format(cloud: str) -> None:
    """What these readers write as `source_format` is what the check on clouds looks for, one entry each."""
    reader = READERS[cloud]
    formats = {
        row["source_format"]
        for path in (SAMPLES / reader.id).iterdir()
        for row in read_all(reader, path.read_bytes()).table(TABLE)
    }
    assert formats
    assert all(sum(found.startswith(known) for known in CLOUDS) == 1 for found in formats)
