"""Audit messages as dcm4chee writes them: who a user is, and its ways around the schema."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from riskkit.readers.dicom_audit import read
from tests.readers.reading import read_all

PERSON, AE_TITLE, NODE = "113871", "110119", "110182"


def user(name: str, kind: str, type_code: str = "", rest: str = "") -> str:
    """A participant with the type of its id, which is dcm4chee's extension."""
    stated = f' UserTypeCode="{type_code}"' if type_code else ""
    return (
        f'<ActiveParticipant UserID={quoteattr(name)} UserIsRequestor="true" NetworkAccessPointID="10.0.0.7" '
        f'NetworkAccessPointTypeCode="2"{stated}><UserIDTypeCode csd-code="{kind}" codeSystemName="DCM" '
        f'originalText="x"/>{rest}</ActiveParticipant>'
    )


def archive(aet: str = "DCM4CHEE") -> str:
    return (
        f'<ActiveParticipant UserID="/dcm4chee-arc/aets/{aet}/rs" AlternativeUserID="4242" '
        'UserIsRequestor="false" NetworkAccessPointID="archive" NetworkAccessPointTypeCode="1">'
        '<RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination"/></ActiveParticipant>'
    )


def patient(written: str = 'ParticipantObjectID="4711^^^HOSP"', inside: str = "") -> str:
    return (
        f"<ParticipantObjectIdentification {written} "
        'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"><ParticipantObjectIDTypeCode '
        'csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/>'
        f"<ParticipantObjectName>Doe^Jane</ParticipantObjectName>{inside}</ParticipantObjectIdentification>"
    )


def study(uid: str, description: str = "") -> str:
    return (
        f'<ParticipantObjectIdentification ParticipantObjectID="{uid}" ParticipantObjectTypeCode="2" '
        'ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180" '
        f'codeSystemName="DCM"/>{description}</ParticipantObjectIdentification>'
    )


def message(
    *parts: str,
    event: str = "110103",
    action: str = "R",
    time: str = ' EventDateTime="2026-10-01T07:08:09.123-05:00"',
    source: str = '<AuditSourceIdentification AuditSourceID="dcm4chee-arc"/>',
) -> dict[str, Any]:
    text = (
        f'<AuditMessage><EventIdentification EventActionCode="{action}"{time} EventOutcomeIndicator="0">'
        f'<EventID csd-code="{event}" codeSystemName="DCM" originalText="x"/></EventIdentification>'
        f"{''.join(parts)}{source}</AuditMessage>"
    )
    (row,) = read_all(read, text.encode()).table("audit_events")
    return row


@pytest.mark.parametrize(
    ("name", "kind", "type_code", "read_as"),
    [
        ("rad1", PERSON, "1", "person"),  # a secured archive knows its user
        ("10.0.0.7", NODE, "2", "application"),  # an unsecured one knows an address
        ("10.0.0.7", NODE, "", "node"),
        ("STORESCU", AE_TITLE, "2", "application"),
        ("STORESCU", AE_TITLE, "", "application"),
    ],
)
def test_what_kind_of_user(name: str, kind: str, type_code: str, read_as: str) -> None:
    """Only a secured archive names a person; AE titles and addresses are never taken for one."""
    row = message(user(name, kind, type_code), archive(), patient())
    assert (row["user_id"], row["user_type"], row["source_ip"]) == (name, read_as, "10.0.0.7")


def test_the_person_goes_before_the_application() -> None:
    """Of two requestors the person is the user, wherever it stands."""
    row = message(user("/dcm4chee-arc/ui2", AE_TITLE), user("rad1", PERSON, "1"), patient())
    assert (row["user_id"], row["user_type"]) == ("rad1", "person")
    assert len(json.loads(row["agents"])) == 2


@pytest.mark.parametrize(
    "written",
    ['ParticipantObjectID="&lt;none&gt;"', 'ParticipantObjectID=""', "", 'ParticipantObjectID="unknown"'],
)
def test_no_patient(written: str) -> None:
    """`<none>`, nothing and a missing id are no patient, and no reason to refuse the message."""
    assert message(user("rad1", PERSON), patient(written))["patient_id"] is None


def test_a_study_that_is_not_known() -> None:
    """The UID that stands for no study is none."""
    assert message(user("rad1", PERSON), study("1.2.40.0.13.1.15.110.3.165.1"))["study_uid"] is None


def test_what_a_study_holds() -> None:
    """Accession and numbers of instances stand in a description, with classes of objects."""
    inside = (
        "<ParticipantObjectDescription><Accession Number='A1'/><SOPClass UID='1.2.1' NumberOfInstances='3'/>"
        "<SOPClass UID='1.2.2' NumberOfInstances='4'><Instance UID='1.9'/></SOPClass>"
        "<ParticipantObjectContainsStudy><StudyIDs UID='1.5'/></ParticipantObjectContainsStudy>"
        "</ParticipantObjectDescription>"
    )
    row = message(user("rad1", PERSON), study("1.2.3", inside), patient())
    assert (row["study_uid"], row["accession"], row["instance_count"]) == ("1.2.3", "A1", 7)
    assert row["sop_class_uids"] == "1.2.1|1.2.2"


def test_media_directly_under_the_participant() -> None:
    """MediaType without MediaIdentifier around it."""
    rest = '<MediaType csd-code="110032" codeSystemName="DCM" originalText="CD"/>'
    assert message(user("rad1", PERSON, rest=rest), event="110106")["media_type"] == "110032"


@pytest.mark.parametrize("time", ["", ' EventDateTime=""', ' EventDateTime="2026-10-01T07:08:09.123456789Z"'])
def test_times(time: str) -> None:
    """Some queries are written without any time; Java writes nine digits."""
    row = message(user("FINDSCU", AE_TITLE), event="110112", action="E", time=time)
    assert row["time_quality"] == ("zoned" if "Z" in time else "missing")
    assert row["parse_status"] == ("ok" if "Z" in time else "partial")


@pytest.mark.parametrize(
    "source",
    [
        '<AuditSourceIdentification AuditSourceID="dcm4chee-arc" code="1"/>',
        '<AuditSourceIdentification AuditSourceID="dcm4chee-arc"><AuditSourceTypeCode>4</AuditSourceTypeCode>'
        "</AuditSourceIdentification>",
        '<AuditSourceIdentification AuditSourceID="dcm4chee-arc"><AuditSourceTypeCode csd-code="4">stray'
        "</AuditSourceTypeCode></AuditSourceIdentification>",
    ],
    ids=["attribute", "text", "both"],
)
def test_types_of_the_source(source: str) -> None:
    """However the type of the source is written, the source is named."""
    assert message(user("rad1", PERSON), source=source)["source_system"] == "dcm4chee-arc"


def test_whole_messages_in_details_are_not_taken_over() -> None:
    """A detail holds a whole HL7 message with names in base64: it is counted, not kept, misspelt or not."""
    held = "TVNIfF5+XCZ8QUR8RG9lXkphbmU="
    for tag in ("ParticipantObjectDetail", "ParticipantObjecntObjectDetail"):
        inside = f'<{tag} type="HL7v2 Message" value="{held}"/>'
        row = message(user("rad1", PERSON), patient(inside=inside), event="110110", action="U")
        assert held not in json.dumps(row)
        assert "Doe" not in json.dumps(row)
        assert json.loads(row["entities"])[0]["details_withheld"] == 1


def test_a_login_as_the_event_itself() -> None:
    """110122 where 110114 belongs is still a log-in."""
    assert message(user("rad1", PERSON), event="110122", action="E")["event_category"] == "authentication"
