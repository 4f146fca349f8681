"""Audit messages for tests, and the ways in which they travel."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from hypothesis import strategies as st

PATIENT = (
    '<ParticipantObjectIdentification ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1" '
    'ParticipantObjectID={id}><ParticipantObjectIDTypeCode {code}={number} codeSystemName="RFC-3881"/>'
    "<ParticipantObjectName>Doe^Jane</ParticipantObjectName></ParticipantObjectIdentification>"
)


def audit_message(
    *,
    event: str = "110103",
    action: str = "R",
    outcome: str = "0",
    time: str = "2026-10-01T07:08:09.123-05:00",
    user: str = "rad1",
    name: str = "Rad One",
    patients: tuple[str, ...] = ("P1^^^ISSUER",),
    types: tuple[str, ...] = (),
    dialect: str = "csd-code",
    inside: str = "",
) -> str:
    """One message of a viewer; `inside` is put in front of its end tag."""
    type_codes = "".join(f'<EventTypeCode {dialect}="{one}" codeSystemName="DCM"/>' for one in types)
    objects = "".join(PATIENT.format(id=quoteattr(one), code=dialect, number='"2"') for one in patients)
    return (
        f'<AuditMessage><EventIdentification EventActionCode="{action}" EventDateTime="{time}" '
        f'EventOutcomeIndicator="{outcome}"><EventID {dialect}="{event}" codeSystemName="DCM"/>{type_codes}'
        f"</EventIdentification><ActiveParticipant UserID={quoteattr(user)} UserName={quoteattr(name)} "
        f'UserIsRequestor="true" NetworkAccessPointID="10.1.2.3" NetworkAccessPointTypeCode="2"/>'
        f'<AuditSourceIdentification AuditSourceID="VIEWER"/>{objects}{inside}</AuditMessage>'
    )


def in_syslog(message: str, how: str) -> bytes:
    """Wrap a message as one of the known transports does."""
    body = message.encode()
    header = b"<85>1 2026-10-01T12:08:10.5Z pacs01 viewer 123 IHE+RFC-3881 - "
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>'
    counted = header + b"\xef\xbb\xbf" + declaration + body
    return {
        "bare": body + b"\n",
        "joined": body,
        "declared": declaration + b"\n" + body + b"\n",
        "rfc5424": header + b"\xef\xbb\xbf" + declaration + body + b"\n",
        "rfc5424_data": b'<85>1 - pacs01 viewer - - [a@1 b="c]d\\"e"] ' + body + b"\n",
        "rfc5424_newline": header + b"\n" + body + b"\n",
        "rfc3164": b"<85>Oct  1 12:08:10 pacs01 viewer[123]: " + body + b"\n",
        "rsyslog": b"2026-10-01T12:08:10.5+00:00 pacs01 viewer - - - " + body + b"\n",
        "octets": b"%d " % len(counted) + counted,
    }[how]


TRANSPORTS = (
    "bare", "joined", "declared", "rfc5424", "rfc5424_data", "rfc5424_newline", "rfc3164", "rsyslog",
    "octets",
)  # fmt: skip


def messages() -> st.SearchStrategy[str]:
    """Well-formed messages with text of any script in them."""
    text = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=12)
    return st.builds(
        audit_message,
        event=st.sampled_from(("110103", "110104", "110112", "110114", "110106")),
        action=st.sampled_from("CRUDE"),
        outcome=st.sampled_from(("0", "4", "8", "12", "")),
        time=st.sampled_from(
            ("2026-10-01T07:08:09Z", "2026-10-02T07:08:09.1234567+02:00", "2026-10-03T01:02:03")
        ),
        user=text,
        patients=st.lists(text, max_size=3).map(tuple),
        dialect=st.sampled_from(("csd-code", "code")),
    )
