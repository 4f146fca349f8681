"""Request targets: what is asked of the archive, and of whom."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.readers.dicomweb_uri import ACTIONS, TARGET_LIMIT, Request, decode, outcome
from riskkit.tables.audit import CATEGORIES
from tests.readers.reading import real

UID = "1.3.6.1.4.1.5962.1.2.4.20040826185059.5457"
ORTHANC = "8a8cf898-ca27c490-d0c7058c-929d0581-2bbf104d"


@pytest.mark.parametrize(
    ("method", "target", "category", "study"),
    [
        ("GET", "/dicom-web/studies", "query", None),
        ("get", "studies?limit=5", "query", None),
        ("HEAD", f"/dicom-web/studies/{UID}", "read", UID),
        ("GET", f"https://x-y.dicom.azurehealthcareapis.com:443/v2/studies/{UID}?x=1#f", "read", UID),
        ("GET", f"/dcm4chee-arc/aets/DCM/rs/studies/{UID}/metadata", "read", UID),
        ("GET", f"/dicomWeb/studies/{UID}/series", "query", UID),
        ("GET", f"/dicomWeb/studies/{UID}/series/1.2/instances", "query", UID),
        ("GET", f"/studies/{UID}/series/1.2/instances/1.3/frames/1,2/rendered", "read", UID),
        ("GET", f"/studies/{UID}/instances", "query", UID),
        ("GET", f"/rs/series?StudyInstanceUID={UID}", "query", UID),
        ("GET", f"/rs/instances?0020000D={UID},1.2", "query", UID),
        ("GET", f"/projects/p/datasets/studies/dicomStores/d/dicomWeb/studies/{UID}", "read", UID),
        ("GET", f"/wado?requestType=WADO&studyUID={UID}&seriesUID=1&objectUID=2", "read", UID),
        ("POST", "/dicom-web/studies", "import", None),
        ("POST", f"/dicom-web/studies/{UID}", "import", UID),
        ("PUT", "/v2/studies", "import", None),
        ("DELETE", f"/dicom-web/studies/{UID}/series/1.2", "delete", UID),
        ("GET", "/studies", "query", None),
        ("GET", f"/studies/{ORTHANC}/archive", "export", None),
        ("POST", f"/studies/{ORTHANC}/media", "export", None),
        ("POST", f"/studies/{ORTHANC}/modify", "update", None),
        ("POST", f"/studies/{ORTHANC}/anonymize", "create", None),
        ("GET", f"/instances/{ORTHANC}/preview", "read", None),
        ("DELETE", f"/studies/{ORTHANC}", "delete", None),
        ("POST", "/instances", "import", None),
        ("POST", "/tools/find", "query", None),
        ("POST", "/tools/create-archive", "export", None),
        ("POST", "/tools/bulk-delete", "delete", None),
        ("PUT", "/tools/log-level", "config", None),
        ("POST", "/modalities/PACS/store", "export", None),
        ("POST", "/modalities/PACS/move", "import", None),
        ("PUT", "/modalities/PACS", "config", None),
        ("POST", "/dicom-web/servers/x/stow", "export", None),
        ("GET", "/auth/audit-logs?user-id=rad1", "audit_log_used", None),
        ("POST", "/v2/export", "export", None),
        ("POST", "/v2/studies/$bulkUpdate", "update", None),
        ("GET", "/v2/changefeed?offset=1", "query", None),
        ("DELETE", "/v2/extendedquerytags/00100010", "config", None),
        ("GET", "/workitems", "query", None),
        ("PUT", "/workitems/1.2/state", "procedure", None),
    ],
)
def test_what_is_asked(method: str, target: str, category: str, study: str | None) -> None:
    """Any prefix, host or product: the tail of the path tells the kind of access and the study."""
    found = decode(method, target)
    assert found
    assert (found.category, found.action, found.study_uid) == (category, ACTIONS[category], study)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/changes"),
        ("GET", "/system"),
        ("GET", "/dicom-web/\\x01\\xFF"),
        ("OPTIONS", "/dicom-web/studies"),
        ("GET", "/studies/undefined"),
        ("GET", "/mystudies/1.2"),
        ("TRACE", f"/studies/{UID}"),
        ("GET", "/studies?" + "x" * TARGET_LIMIT),
    ],
)
def test_what_is_no_request_of_ours(method: str, target: str) -> None:
    """Pages, other services, ids that are none, and targets too long to be any."""
    assert decode(method, target) is None


@pytest.mark.parametrize(
    ("target", "patient"),
    [
        ("/studies?PatientID=P1", "P1"),
        ("/studies?patientid=P1&PatientID=P2", "P1"),
        ("/studies?00100020=P%201+2", "P 1 2"),
        ("/studies?PatientID=P*", None),
        ("/studies?PatientID=P%3F", None),
        ("/studies?PatientID=", None),
        ("/studies?PatientID=%00", None),
        ("/studies?PatientName=P1", None),
        (f"/studies/{UID}?PatientID=P1", "P1"),
        ("/rs/patients/P1%5E%5E%5ESITE/studies", "P1"),
        (f"/patients/{ORTHANC}", None),
        (f"/wado?requestType=WADO&studyUID={UID}&patientID=P1", "P1"),
    ],
)
def test_whose(target: str, patient: str | None) -> None:
    """A patient is named by the query or by the path; a wildcard names none."""
    found = decode("GET", target)
    assert found
    assert found.patient_id == patient


def test_accession_and_lower_levels() -> None:
    """The query may name an order, and WADO-URI names series and instance."""
    assert decode("GET", "/studies?AccessionNumber=A1") == Request("query", "E", accession="A1")
    target = "/wado?requestType=WADO&studyUID=1.1&seriesUID=1.2&objectUID=1.3"
    assert decode("GET", target) == Request("read", "R", "1.1", "1.2", "1.3")


def test_outcomes() -> None:
    """Errors of the client are minor, of the server serious; an accepted import is not a stored one."""
    assert outcome(200, "read") == outcome(304, "query") == ("success", 0)
    assert outcome(401, "query") == ("failure", 4)
    assert outcome(503, "read") == ("failure", 8)
    assert outcome(200, "import") == outcome(202, "import") == ("unknown", None)
    assert outcome(409, "import") == ("failure", 4)
    assert outcome(0, "read") == outcome(100, "read") == outcome(999, "read") == ("unknown", None)


def test_a_real_log() -> None:
    """Requests to a real Orthanc: every one that reached images is told apart."""
    (log,) = real("audit/captured/nginx-access-combined.log")
    requests = re.findall(r'"([A-Z]+) (\S+)(?: HTTP/1\.1| bad)"', log.read_text())
    found = [decode(method, target) for method, target in requests]
    assert [one.category if one else None for one in found] == [
        "query", "query", "query", "query", "query", "read", "read", "read", "read", "import", "query",
        None, "export", "delete", None, None,
    ]  # fmt: skip
    assert [one.study_uid for one in found if one and one.study_uid] == [UID] * 4


pieces = st.sampled_from(
    ["studies", "series", "instances", "patients", "tools", "find", "modalities", "workitems", UID, ORTHANC,
     "%", "%zz", "%2F", "?", "&", "=", ";", "#", "//", "http://", "[", "]", "PatientID=", "requestType=WADO",
     "..", "\x00", "\ud800"]
)  # fmt: skip


@given(st.text(max_size=8), st.lists(pieces | st.text(max_size=4), max_size=12).map("/".join))
def test_any_target(method: str, target: str) -> None:
    """Nothing raises, and what comes out fits the table."""
    for verb in (method, "GET", "POST", "DELETE"):
        found = decode(verb, target)
        if found:
            assert found.category in CATEGORIES
            assert found.action in "CRUDE"
            assert found.study_uid is None or re.fullmatch(r"[0-9.]{1,64}", found.study_uid)


@given(st.lists(st.text("abz-1", min_size=1, max_size=5), max_size=4).map("/".join))
def test_any_prefix(prefix: str) -> None:
    """Where the service is mounted does not matter."""
    assert decode("GET", f"/{prefix}/studies/{UID}/metadata") == Request("read", "R", UID)
