"""DICOM audit messages: what is read, what is repaired, what is refused."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc
from datetime import UTC, datetime
from itertools import chain, repeat

import pytest

from riskkit.readers.dicom_audit import framing, read
from riskkit.readers.dicom_audit.framing import MESSAGE_LIMIT, Frame, scan
from tests.readers.messages import audit_message, in_syslog
from tests.readers.reading import SAMPLES, Reading, read_all, real

TABLE = "audit_events"


def one(message: str | bytes) -> dict[str, object]:
    data = message.encode() if isinstance(message, str) else message
    rows = read_all(read, data).table(TABLE)
    assert len(rows) == 1
    return rows[0]


def quarantined(data: bytes) -> tuple[Reading, list[str]]:
    reading = read_all(read, data)
    return reading, [item.reason for item in reading.quarantined[TABLE]]


def us(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def participant(**attributes: str) -> str:
    return "<ActiveParticipant " + " ".join(f'{key}="{value}"' for key, value in attributes.items()) + "/>"


def thing(number: str, code: str, description: str = "") -> str:
    return (
        f'<ParticipantObjectIdentification ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3" '
        f'ParticipantObjectID="{number}"><ParticipantObjectIDTypeCode csd-code="{code}"/>'
        f"{description}</ParticipantObjectIdentification>"
    )


# ------------------------------------------------------------------ real files


def test_every_real_message_is_read() -> None:
    """Messages of two other projects' tests, both dialects, become rows with time, code and source."""
    files = [*real("audit/oehf__ipf/*.xml"), *real("audit/sayan801__openatna/*.xml")]
    files = [file for file in files if file.name != "db-test-data.xml"]
    assert len(files) == 29
    for file in files:
        data = file.read_bytes()
        assert read.recognize(data, file.name)
        reading = read_all(read, data, file.name)
        assert reading.records[TABLE] == reading.accepted[TABLE] == 1, file.name
        row = reading.table(TABLE)[0]
        assert row["event_time_us"], file.name
        assert row["event_code"], file.name
        assert row["source_system"], file.name
        assert row["parse_status"] == "ok", file.name


def test_real_messages_concatenated() -> None:
    """All of them in one file are the same messages; offsets point at their start tags."""
    files = [file for file in real("audit/*/*.xml") if file.name != "db-test-data.xml"]
    data = b"\n".join(file.read_bytes() for file in files)
    reading = read_all(read, data)
    assert reading.accepted[TABLE] == len(files)
    for row in reading.table(TABLE):
        assert data[row["offset"] :].startswith(b"<AuditMessage")


def test_a_database_fixture_is_no_audit_file() -> None:
    """XML about audit messages that holds none is not recognized, and would give no row."""
    (file,) = real("audit/sayan801__openatna/db-test-data.xml")
    data = file.read_bytes()
    assert not read.recognize(data, file.name)
    reading = read_all(read, data)
    assert reading.accepted[TABLE] == 0
    assert reading.records[TABLE] > 0


def test_attributes_of_a_real_transfer() -> None:
    """DICOM's own example names a person, two AE titles, a study and 1,503 instances."""
    (file,) = real("audit/oehf__ipf/atna-record-1.xml")
    row = one(file.read_bytes())
    expected = {
        "event_category": "transfer",
        "user_id": "smitty@readingroom.hospital.org",
        "user_type": "person",
        "source_aet": "AEFOO",
        "dest_aet": "AEPACS",
        "dest_host": "192.168.1.5",
        "accession": "12341234",
        "instance_count": 1503,
        "patient_id": "ptid12345",
        "time_quality": "assumed_tz",
        "event_time_us": us(2001, 12, 17, 15, 30, 47),
    }
    assert {key: row[key] for key in expected} == expected


def test_sample_file_of_mixed_transports() -> None:
    """Seven messages in five transports and one line of another program."""
    reading = read_all(read, (SAMPLES / "dicom_audit" / "mixed.log").read_bytes())
    assert reading.accepted[TABLE] == 6
    assert reading.ignored[TABLE] == {"other_log_line": 1}
    assert reading.collected_at == datetime(2026, 10, 1, 12, 5, tzinfo=UTC)


# ------------------------------------------------------------------ meaning


@pytest.mark.parametrize("dialect", ["csd-code", "code"])
def test_both_dialects_say_the_same(dialect: str) -> None:
    """DICOM's csd-code and RFC 3881's code are one thing."""
    row = one(audit_message(event="110106", types=("110122",), dialect=dialect))
    assert (row["event_code"], row["event_subcode"], row["event_category"]) == ("110106", "110122", "export")


@pytest.mark.parametrize(
    ("event", "action", "category"),
    [
        ("110102", "E", "transfer"),
        ("110104", "R", "transfer"),
        ("110103", "R", "read"),
        ("110103", "D", "delete"),
        ("110110", "U", "update"),
        ("110110", "", "read"),
        ("110122", "E", "authentication"),
        ("IHE0001", "E", "other"),
    ],
)
def test_the_code_decides_the_category(event: str, action: str, category: str) -> None:
    """Category comes from EventID, and from the action where the event may be any access."""
    row = one(audit_message(event=event, action=action))
    assert row["event_category"] == category
    assert row["event_code"] == event


@pytest.mark.parametrize(
    ("outcome", "read_as", "severity"),
    [
        ("0", "success", 0),
        ("4", "failure", 4),
        ("12", "failure", 12),
        ("7", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_outcomes(outcome: str, read_as: str, severity: int | None) -> None:
    """Only 0, 4, 8 and 12 mean something; anything else is unknown, and the row says it is partial."""
    row = one(audit_message(outcome=outcome))
    assert (row["event_outcome"], row["event_severity"]) == (read_as, severity)
    assert row["parse_status"] == ("partial" if read_as == "unknown" else "ok")


def test_a_failed_login_only_claims_a_user() -> None:
    """The user of a failed log-in is not authenticated, of a successful one it is, elsewhere unknown."""
    assert one(audit_message(event="110114", outcome="8"))["user_authenticated"] is False
    assert one(audit_message(event="110114", outcome="0"))["user_authenticated"] is True
    assert one(audit_message())["user_authenticated"] is None


def test_break_glass() -> None:
    """Emergency override and the purpose ETREAT break the glass; the end of the override does not."""
    purpose = '<PurposeOfUse csd-code="ETREAT"/>'
    assert one(audit_message(event="110113", types=("110127",)))["break_glass"] is True
    assert one(audit_message().replace("</EventId", f"{purpose}</EventId"))["break_glass"] is True
    assert one(audit_message(event="110113", types=("110138",)))["break_glass"] is False


def test_the_requestor_who_is_a_person_is_the_user() -> None:
    """Of several requestors the named one is the user; all participants stay in agents."""
    system = participant(UserID="http://viewer/rs", UserIsRequestor="true")
    message = audit_message().replace("<ActiveParticipant", f"{system}<ActiveParticipant", 1)
    row = one(message)
    assert (row["user_id"], row["user_type"]) == ("rad1", "person")
    assert [agent["id"] for agent in json.loads(str(row["agents"]))] == ["http://viewer/rs", "rad1"]


def test_without_requestor_there_is_no_user() -> None:
    """Nobody is made the user of an event that names no requestor."""
    row = one(audit_message().replace('UserIsRequestor="true"', 'UserIsRequestor="false"'))
    assert row["user_id"] is None
    assert "no requestor" in str(row["parse_notes"])


PLACEHOLDERS = (
    "", "unknown", "  ", "Unknown", "-", "--", "N/A", "n/a.", "NULL", "(null)", "<none>", "[Unspecified]",
    "?", "***", "_", "\u2014", "not available",
)  # fmt: skip


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_placeholders_are_nobody(placeholder: str) -> None:
    """What senders write when they know nothing is null, of a user and of a patient."""
    row = one(audit_message(user=placeholder, patients=(f"{placeholder}^^^ISSUER",)))
    assert (row["user_id"], row["patient_id"]) == (None, None)


@pytest.mark.parametrize("name", ["-x-", "Nulls", "unknown7", "(a)", "1.2", "na", "0", "\u2014\u00e9"])
def test_names_are_no_placeholders(name: str) -> None:
    """A letter or digit of its own makes a name, which stays as it is written."""
    assert one(audit_message(user=name))["user_id"] == name


@pytest.mark.parametrize(
    ("written", "patient", "issuer"),
    [
        ("P1", "P1", None),
        ("00123^^^HOSP&1.2.3&ISO^PI", "00123", "HOSP&1.2.3&ISO"),
        ("P1^^^&amp;1.2.3&amp;ISO", "P1", "1.2.3&ISO"),
        ("P1^^^A~P2^^^B", "P1", "A"),
        ("<none>", None, None),
        ("", None, None),
    ],
)
def test_patient_ids(written: str, patient: str | None, issuer: str | None) -> None:
    """A patient id is the first component of the first repetition of an HL7 CX value."""
    row = one(audit_message(patients=(written,)))
    assert (row["patient_id"], row["patient_id_issuer"]) == (patient, issuer)


def test_one_row_for_each_patient() -> None:
    """An access to two patients is seen for both, but its instances are counted once."""
    study = thing("1.2.3", "110180", '<ParticipantObjectDescription><SOPClass UID="1" NumberOfInstances="5"/>'
                  "</ParticipantObjectDescription>")  # fmt: skip
    rows = read_all(read, audit_message(patients=("P1", "P2", "P1"), inside=study).encode()).table(TABLE)
    assert [(row["n"], row["patient_id"], row["instance_count"]) for row in rows] == [
        (0, "P1", 5),
        (1, "P2", None),
    ]
    assert {row["study_uid"] for row in rows} == {None}
    assert len({row["event_id"] for row in rows}) == 1


def test_users_that_are_ae_titles_are_no_persons() -> None:
    """dcm4chee marks what kind of id a user has; the address type is not trusted."""
    user = (
        '<ActiveParticipant UserID="CT01" UserIsRequestor="true" NetworkAccessPointTypeCode="1" '
        'NetworkAccessPointID="::ffff:10.0.0.7"><UserIDTypeCode csd-code="110119"/>'
        '<RoleIDCode csd-code="110153"/></ActiveParticipant>'
    )
    row = one(audit_message().replace("<ActiveParticipant", f"{user}<Other", 1))
    assert (row["user_id"], row["user_type"], row["source_aet"]) == ("CT01", "application", "CT01")
    assert (row["source_ip"], row["source_host"]) == ("10.0.0.7", None)


def test_names_and_whole_messages_are_not_taken_over() -> None:
    """Of details only harmless types are decoded; a patient's name stands in no column."""
    hl7 = base64.b64encode(b"PID|1||P1||SECRET^NAME").decode()
    when = base64.b64encode(b"20261001").decode()
    details = (
        f'<ParticipantObjectDetail type="HL7v2 Message" value="{hl7}"/>'
        f'<ParticipantObjecntObjectDetail type="StudyDate" value="{when}"/>'
        f'<ParticipantObjectDetail type="MSH-10" value="{base64.b64encode(bytes(9)).decode()}"/>'
        f"<ParticipantObjectQuery>{hl7}</ParticipantObjectQuery>"
    )
    row = one(audit_message(inside=thing("1.2.3", "110180", details)))
    entity = json.loads(str(row["entities"]))[1]
    assert entity["details"] == {"StudyDate": "20261001"}
    assert entity["details_withheld"] == 2
    assert entity["query_length"] == len(hl7)
    assert row["query_text"] == "PID|1||P1||SECRET^NAME"  # a column that is marked as identifying
    others = {name: value for name, value in row.items() if name != "query_text"}
    assert not any(secret in str(others) for secret in ("SECRET", hl7, "Doe^Jane"))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (base64.b64encode(b"MSH|^~\\&|A\rQPD|1\r").decode(), "MSH|^~\\&|A QPD|1"),
        ("TVNI\n  fA==", "MSH|"),
        (base64.b64encode(b"\x08\x00\x52\x00\x06\x00\x00\x00STUDY ").decode(), None),
        (base64.b64encode(b"\x1b[31mred").decode(), None),
        (base64.b64encode(b"x" * 5000).decode(), None),
        ("no base64!", None),
        ("", None),
    ],
)
def test_queries_are_decoded_where_they_are_text(written: str, text: str | None) -> None:
    """Of base64, printable text of bounded length is given; a DICOM identifier is binary and is not."""
    asked = thing("1.2.3", "110181", f"<ParticipantObjectQuery>{written}</ParticipantObjectQuery>")
    assert one(audit_message(inside=asked))["query_text"] == text


@pytest.mark.parametrize("chunk", [1 << 17, 7])
@pytest.mark.parametrize("quote", ['\\"', "\\u0022"])
def test_messages_in_json_that_escapes_brackets(
    quote: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""`\u003c` for `<`, as .NET and Go write it: the same rows, and offsets that point at them."""
    monkeypatch.setattr(framing, "_CHUNK", chunk)
    monkeypatch.setattr(framing, "_HEAD_BYTES", 200)
    messages = [audit_message(user=f"rad{number}", name="R & D") for number in range(3)]
    brackets = {"<": "\\u003c", ">": "\\u003E", "&": "\\u0026", '"': quote}
    lines = [
        '{"host":"a","message":"' + "".join(brackets.get(one, one) for one in message) + '","n":1}\n'
        for message in messages
    ]
    data = "".join(lines).encode()
    assert read.recognize(data, "")
    found = read_all(read, data).rows["audit_events"].to_pylist()
    assert [row["user_id"] for row in found] == ["rad0", "rad1", "rad2"]
    assert {row["user_name"] for row in found} == {"R & D"}
    assert {row["parse_status"] for row in found} == {"repaired"}
    for row in found:
        assert data[: row["offset"] + 1].endswith(b"\\u003c")
        assert data[row["offset"] + 1 :].startswith(b"AuditMessage")


@pytest.mark.parametrize(
    "written",
    [
        '<ParticipantObjectDescription Encrypted="true" Anonymized="false"/>',
        '<ParticipantObjectDescriptionType Encrypted="true" Anonymized="false"/>',
        '<ParticipantObjectDescription><Encrypted Encrypted="true"/><Anonymized>false</Anonymized>'
        "</ParticipantObjectDescription>",
    ],
)
def test_whether_objects_are_encrypted_is_read(written: str) -> None:
    """As attributes (dcm4che) and as elements (ipf), with the same end."""
    entity = json.loads(str(one(audit_message(inside=thing("1.2.3", "110180", written)))["entities"]))[1]
    assert (entity["Encrypted"], entity["Anonymized"]) == (["true"], ["false"])


def test_a_trace_joins_copies_of_one_event() -> None:
    """Of a W3C traceparent the trace id is what copies have in common."""
    trace = thing("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "traceparent")
    assert one(audit_message(inside=trace))["correlation_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("written", "instant", "quality"),
    [
        ("2026-10-01T07:08:09Z", us(2026, 10, 1, 7, 8, 9), "zoned"),
        ("2026-10-01T07:08:09.123456789+02:00", us(2026, 10, 1, 5, 8, 9) + 123_456, "zoned"),
        ("2026-10-01T07:08:09", us(2026, 10, 1, 12, 8, 9), "assumed_tz"),
        ("2026-12-01T07:08:09", us(2026, 12, 1, 13, 8, 9), "assumed_tz"),
        ("2026-13-01T07:08:09Z", None, "missing"),
        ("0001-01-01T00:00:00", us(1970, 1, 1), "assumed_tz"),
        ("yesterday", None, "missing"),
        ("", None, "missing"),
    ],
)
def test_times(written: str, instant: int | None, quality: str) -> None:
    """Times keep their microseconds; without zone they are read in the site's and say so."""
    row = one(audit_message(time=written))
    assert row["time_quality"] == quality
    assert row["event_time_raw"] == (written or None)
    if written.startswith("0001"):
        assert isinstance(row["event_time_us"], int)
    else:
        assert row["event_time_us"] == instant


def test_the_same_message_has_the_same_id_in_any_transport() -> None:
    """Copies that came by file and by syslog can be told to be copies."""
    message = audit_message()
    reading = read_all(read, in_syslog(message, "bare") + in_syslog(message, "octets"))
    ids = [row["event_id"] for row in reading.table(TABLE)]
    assert ids[0] == ids[1]
    assert [row["event_seq"] for row in reading.table(TABLE)] == [0, 1]


def test_when_a_file_was_collected() -> None:
    """The last event dates the file, unless it is one of few that lie far ahead of all others."""
    events = [audit_message(time=f"2026-10-01T07:08:{second:02}Z") for second in range(60)] * 20
    wrong = audit_message(time="2035-01-01T00:00:00Z")
    assert read_all(read, "\n".join([wrong, *events]).encode()).collected_at == datetime(
        2026, 10, 1, 7, 8, 59, tzinfo=UTC
    )
    assert read_all(read, wrong.encode()).collected_at == datetime(2035, 1, 1, tzinfo=UTC)
    assert read_all(read, b"<AuditMessage>").collected_at is None


# ------------------------------------------------------------------ framing and repair


@pytest.mark.parametrize("how", ["rfc5424", "rfc5424_newline", "octets"])
def test_the_syslog_header_tells_when_it_was_received(how: str) -> None:
    """The header's time is another one than the event's."""
    row = one(in_syslog(audit_message(), how))
    assert row["event_received_us"] == us(2026, 10, 1, 12, 8, 10) + 500_000


def test_an_octet_count_that_missed_the_byte_order_mark() -> None:
    """A count that is three too high tells of a lost mark, another one of something else; both are read."""
    body = b"<85>1 2026-10-01T12:08:10Z pacs01 viewer - - - " + audit_message().encode()
    lost, wrong = (one(b"%d " % (len(body) + more) + body)["parse_notes"] for more in (3, 90))
    assert "byte order mark" in str(lost)
    assert "does not fit" in str(wrong)
    assert one(b"%d " % len(body) + body)["parse_notes"] is None


def test_a_message_over_many_lines_in_syslog() -> None:
    """Line ends inside a message do not end it."""
    message = audit_message().replace("><", ">\n<")
    reading = read_all(read, in_syslog(message, "rfc5424") * 3)
    assert reading.accepted[TABLE] == 3


def test_a_truncated_datagram_costs_one_message() -> None:
    """What UDP cut off is quarantined; the line after it is read with its header."""
    cut = in_syslog(audit_message(), "rfc5424")[:500] + b"\n"
    reading, reasons = quarantined(cut + in_syslog(audit_message(), "rfc5424"))
    assert reasons == ["truncated"]
    assert reading.table(TABLE)[0]["event_received_us"]
    assert reading.quarantined[TABLE][0].length < 500


def test_the_end_of_a_message_without_its_start() -> None:
    """The rest of a rotated file is quarantined, not passed over."""
    rest = audit_message()[300:].encode()
    reading, reasons = quarantined(rest + b"\n" + in_syslog(audit_message(), "bare"))
    assert (reading.accepted[TABLE], reasons) == (1, ["bad_framing"])


def test_wrapped_in_a_root_element_and_comments() -> None:
    """Wrapping markup and comments are ignored with a reason; what a comment hides is no event."""
    message = audit_message()
    inner = f"<!-- export -->\n<Messages>\n{message}\n<!-- {message} -->\n{message}</Messages>"
    reading, reasons = quarantined(b"<?xml version='1.0'?>\n" + inner.encode())
    assert (reading.accepted[TABLE], reasons) == (2, ["bad_framing"])
    assert reading.ignored[TABLE]["xml_wrapper"] == 2


@pytest.mark.parametrize("prefix", ["a:", "ihe.x-1:"])
def test_any_prefix_and_namespace(prefix: str) -> None:
    """Elements are known by their local names."""
    message = (
        audit_message().replace("</", f"</{prefix}").replace("<", f"<{prefix}").replace(f"<{prefix}/", "</")
    )
    assert one(message)["user_id"] == "rad1"
    assert one(audit_message().replace("<AuditMessage", '<AuditMessage xmlns="urn:x"'))["user_id"] == "rad1"


def test_repairs_are_told() -> None:
    """Bare ampersands, escapes of transports and an undeclared prefix are mended, and the row says so."""
    good = audit_message()
    in_json = ('{"at": 1, "message": ' + json.dumps(good) + "}\n").encode()
    lines = good.replace("><", ">#012<").encode()
    cases = {
        "ampersands": good.replace("Rad One", "Rad & One").encode(),
        "JSON escapes": in_json.rstrip(),
        "syslog escapes": lines.replace(b"Rad One", b"Rad & One"),
        "xsi": good.replace("<AuditMessage", '<AuditMessage xsi:schemaLocation="D:\\\\x"').encode(),
        "blank lines": in_syslog(good, "rfc5424").replace(b"\xef\xbb\xbf<?xml", b"\r\n\r\n<?xml"),
    }
    for what, data in cases.items():
        row = one(data)
        assert row["parse_status"] == "repaired", what
        assert what in str(row["parse_notes"])
        assert row["user_id"] == "rad1"


def test_encodings() -> None:
    """UTF-16 and declared Latin-1 are read; Latin-1 that claims to be UTF-8 is quarantined."""
    message = audit_message(name="Zoë")
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?>' + message
    assert read.recognize(message.encode("utf-16"), "x")
    assert one(message.encode("utf-16"))["user_name"] == "Zoë"
    assert one(declared.encode("latin-1"))["user_name"] == "Zoë"
    assert quarantined(message.encode("latin-1"))[1] == ["encoding"]
    assert quarantined(declared.replace("ISO-8859-1", "rot13").encode())[1] == ["encoding"]


def test_a_message_without_event_is_refused() -> None:
    """A message that says nothing of an event is no row."""
    assert quarantined(b"<AuditMessage/><AuditMessage></AuditMessage>")[1] == [
        "truncated",
        "missing_required",
    ]


# ------------------------------------------------------------------ hostile input

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


HOSTILE = {
    "billion laughs": ("xml_dtd", LAUGHS + audit_message(user="USER").replace("USER", "&c;")),
    "external entity": (
        "xml_dtd",
        '<?xml version="1.0"?><!DOCTYPE AuditMessage SYSTEM "file:///etc/passwd">' + audit_message(),
    ),
    "depth": ("xml_too_deep", audit_message(inside="<a>" * 40 + "</a>" * 40)),
    "attributes": (
        "xml_too_large",
        audit_message(inside="<a " + " ".join(f'b{n}="1"' for n in range(99)) + "/>"),
    ),
    "value": ("xml_too_large", audit_message(user="x" * 70_000)),
    "participants": ("xml_too_large", audit_message(inside="<ActiveParticipant/>" * 10_001)),
    "size": ("xml_too_large", audit_message(inside="<!--" + "x" * MESSAGE_LIMIT + "-->")),
    "NUL": ("xml_malformed", audit_message(user="\x00")),
    "control character": ("xml_malformed", audit_message(inside="&#1;")),
    "bare less-than": ("xml_malformed", audit_message(inside="&undefined;<")),
    "tags that cross": ("xml_malformed", audit_message(inside="<a></b>")),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_messages_are_quarantined(attack: str) -> None:
    """Each is refused for its reason, names no content, and the next message is read."""
    reason, data = HOSTILE[attack]
    reading, reasons = quarantined(data.encode() + b"\n" + in_syslog(audit_message(), "bare"))
    assert reasons == [reason]
    assert reading.accepted[TABLE] == 1
    assert "etc" not in reading.quarantined[TABLE][0].detail


def test_depth_alone_is_no_attack_on_the_stack() -> None:
    """A hundred thousand nested elements are refused like forty."""
    assert quarantined(b"<AuditMessage>" + b"<a>" * 100_000 + b"</AuditMessage>")[1] == ["xml_too_deep"]


def test_a_huge_octet_count_reserves_nothing() -> None:
    """A count of ten digits is only a number."""
    assert one(b"9999999999 " + in_syslog(audit_message(), "rfc5424"))["user_id"] == "rad1"


class Endless(io.RawIOBase):
    """Many bytes that are made as they are read."""

    def __init__(self, *parts: bytes, times: int) -> None:
        self.parts = chain.from_iterable(repeat(parts, times))

    def read(self, size: int = -1) -> bytes:
        return next(self.parts, b"")


@pytest.mark.parametrize(
    "part",
    [
        b"<AuditMessage>" + b"x" * 65_536,
        b"x" * 65_536,
        b"<!-- " + b"x" * 65_536,
        b"\n" * 65_536,
        b"<AuditMessage>",
    ],
    ids=["unclosed", "garbage", "comment", "blank", "starts"],
)
def test_memory_stays_bounded(part: bytes) -> None:
    """Whatever 64 MiB hold, little more than one message is kept."""
    times = (64 << 20) // 65_536
    tracemalloc.start()
    try:
        for _ in scan(Endless(part, times=times)):  # type: ignore[arg-type]
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_messages_before_and_after_one_that_is_too_large() -> None:
    """A message of three megabytes is one quarantined record with its true length."""
    good = audit_message()
    large = audit_message(inside="<a/>" * 800_000)
    items = list(scan(io.BytesIO(f"{good}\n{large}\n{good}".encode())))
    assert [item.fault for item in items if isinstance(item, Frame)] == ["", "xml_too_large", ""]
    assert items[1].length == len(large)
    assert items[2].offset == len(good) + len(large) + 2
