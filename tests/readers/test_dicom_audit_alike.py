"""Reading messages by plan gives what parsing each of them gives: row for row, quarantine for quarantine."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.model import Context, Quarantined
from riskkit.readers.dicom_audit import alike, columns, framing, read_messages
from riskkit.readers.dicom_audit.alike import Alike
from tests.readers.messages import TRANSPORTS, audit_message, in_syslog, messages
from tests.readers.reading import CHICAGO, REAL_SAMPLES, InMemory

Result = tuple[pa.Table, list[Quarantined], dict[str, int]]


@pytest.fixture(autouse=True, scope="module")
def _no_second_look() -> Iterator[None]:
    """Plans that err are not given up here: that would hide what these tests are to find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Alike, "_differing", lambda *_: [])
        yield


LOOKS_TWICE = Alike._differing


def result(data: bytes, few: int | None) -> Result:
    tables, quarantined, ignored = [], [], {}
    for batch in read_messages(InMemory("f", data), Context(CHICAGO), few):
        assert batch.records == batch.accepted + len(batch.quarantined) + sum(batch.ignored.values())
        tables.append(batch.rows)
        quarantined += batch.quarantined
        ignored.update({reason: ignored.get(reason, 0) + count for reason, count in batch.ignored.items()})
    return pa.concat_tables(tables).combine_chunks(), quarantined, ignored


def same(data: bytes, few: int = 1) -> pa.Table:
    """Read both ways, hold one against the other, and give the rows."""
    quick, careful = result(data, few), result(data, None)
    assert quick[1:] == careful[1:]
    if not quick[0].equals(careful[0]):
        for one, other in zip(quick[0].to_pylist(), careful[0].to_pylist(), strict=True):
            assert one == other
    return careful[0]


def by_plan(data: bytes) -> int:
    """How many messages of `data` are read by plan."""
    quick = Alike(CHICAGO, partial(_careful, data), 1)
    frames = [item for item in framing.scan(InMemory("f", data).open().__enter__()) if hasattr(item, "body")]
    return len(quick.read(frames)[0])


def _careful(_data: bytes, frame: framing.Frame) -> list[dict[str, object]]:
    rows = result(frame.body, None)[0].to_pylist()
    place = ("source", "offset", "event_seq", "event_received_us")
    return [{name: value for name, value in row.items() if name not in place} for row in rows]


# ------------------------------------------------------------------ many shapes


def attributes(**values: str) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items())


def code(element: str, value: str, dialect: str = "csd-code") -> str:
    return f'<{element} {dialect}="{value}" codeSystemName="DCM" originalText="text of {value}"/>'


def made(number: int, shape: int) -> str:
    """Message `number` of one of 48 shapes; what differs within a shape differs by the number."""
    dialect = ("csd-code", "code")[shape % 2]
    event = ("110103", "110104", "110106", "110112", "110114", "110100", "110110", "110105")[shape % 8]
    outcome = ("0", "4", "8", "12", "0", "9")[number % 6]
    description = (
        f"<EventOutcomeDescription>denied {number}</EventOutcomeDescription>" if shape % 3 == 1 else ""
    )
    event_part = (
        f'<EventIdentification EventActionCode="{"CRUDE"[number % 5]}" '
        f'EventDateTime="2026-10-{number % 28 + 1:02}T{number % 24:02}:08:09.{number % 997:03}-05:00" '
        f'EventOutcomeIndicator="{outcome}">{code("EventID", event, dialect)}'
        f"{code('EventTypeCode', '110122', dialect) if shape % 5 == 0 else ''}{description}"
        f"{code('PurposeOfUse', ('ETREAT', 'TREAT')[number % 2], dialect) if shape % 7 == 0 else ''}"
        "</EventIdentification>"
    )
    user = attributes(
        UserID=(f"rad{number % 7}", f"10.0.0.{number % 9}", f"http://v/{number}", "unknown")[number % 4],
        AlternativeUserID=("", f"AETITLES=VIEW{number % 3};X")[number % 2],
        UserName=("Ann &amp; Bob", "", f"Zoë {number}", "DOMAIN\\user", " x ")[number % 5],
        UserIsRequestor=("true", "false", "1", "TRUE ")[number % 4 if shape % 4 == 0 else 0],
        NetworkAccessPointID=(f"10.1.2.{number % 250}", f"host{number % 3}", "::ffff:10.0.0.7", "")[
            number % 4
        ],
        NetworkAccessPointTypeCode=("2", "1", "5", "3")[number % 4],
    )
    typed = (
        code("UserIDTypeCode", ("113871", "110119", "110182")[shape % 3], dialect) if shape % 4 == 1 else ""
    )
    participants = (
        f"<ActiveParticipant{user}>{typed}{code('RoleIDCode', '110153', dialect)}</ActiveParticipant>"
    )
    if shape % 3:
        participants += (
            f'<ActiveParticipant UserID="PACS{number % 2}" AlternativeUserID="AETITLES=ARCHIVE" '
            f'UserIsRequestor="{("false", "true")[number % 11 == 0]}" NetworkAccessPointID="pacs.example">'
            f"{code('RoleIDCode', '110152', dialect)}</ActiveParticipant>"
        )
    site = ("A", "")[number % 2]
    source = f'<AuditSourceIdentification AuditSourceID="SRC{shape}" AuditEnterpriseSiteID="{site}"/>'
    objects = ""
    if shape % 8 != 4:
        parts = "".join(
            f'<SOPClass UID="1.2.840.10008.5.1.4.1.1.{number % 3 + one}" NumberOfInstances="{number % 500}">'
            f'<Instance UID="1.2.{number}.{one}"/></SOPClass>'
            for one in range(shape % 4)
        )
        details = "".join(
            f'<ParticipantObjectDetail type="{kind}" value="{value}"/>'
            for kind, value in (
                ("StudyDate", ("MjAyNjEwMDE=", "MjAyNjEwMDI=", "no base64", "")[number % 4]),
                ("HL7v2 Message", "UElEfDF8fFAx"),
            )[: shape % 3]
        )
        asked = (f"Q{number:x}==", "UElEfDE=", "TVNIfFxe", "UElE fDE= ")[number % 4]
        query = f"<ParticipantObjectQuery>{asked}</ParticipantObjectQuery>" if shape % 6 == 3 else ""
        described = ("", ' Encrypted="true"', ' Anonymized="true" Encrypted="false"')[shape % 3]
        accession = ("", f"A{number}")[number % 3 > 0]
        objects += (
            f'<ParticipantObjectIdentification ParticipantObjectID="1.2.840.{number}" '
            f'ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3" '
            f'ParticipantObjectDataLifeCycle="{number % 3 + 5}">'
            f"{code('ParticipantObjectIDTypeCode', '110180', dialect)}{query}{details}"
            f'<ParticipantObjectDescription{described}><Accession Number="{accession}"/>{parts}'
            "</ParticipantObjectDescription></ParticipantObjectIdentification>"
        )
    if shape % 8 not in (4, 5):
        patient = ("P%d^^^A&amp;1.2&amp;ISO^PI", "P%d~Q%d^^^B", "P%d", "&lt;none&gt;%.0d%.0d")[number % 4]
        patient = patient.replace("%.0d", "").replace("%d", str(number))
        objects += (
            f'<ParticipantObjectIdentification ParticipantObjectID="{patient}" ParticipantObjectTypeCode="1" '
            f'ParticipantObjectTypeCodeRole="1">{code("ParticipantObjectIDTypeCode", "2", dialect)}'
            f"<ParticipantObjectName>Doe^Jane {number}</ParticipantObjectName>"
            "</ParticipantObjectIdentification>"
        )
    gap = ("", "\n  ")[shape % 2]
    return "<AuditMessage>" + gap.join((event_part, participants, source, objects)) + "</AuditMessage>"


def stream(count: int, shapes: int = 48) -> bytes:
    return b"".join(
        in_syslog(made(number, number % shapes), TRANSPORTS[number % len(TRANSPORTS)])
        for number in range(count)
    )


def test_messages_of_48_shapes() -> None:
    """Messages of many shapes, dialects and transports, mixed: the same rows, most of them by plan."""
    data = stream(2000)
    assert same(data).num_rows == 2000
    assert by_plan(data) > 1500


@pytest.mark.parametrize("few", [1, 8])
def test_real_messages(few: int) -> None:
    """Files of two other projects' tests, each message many times, with other values in between."""
    files = sorted((REAL_SAMPLES / "audit").glob("*/*.xml"))
    if not files:
        pytest.skip("no real samples audit/*/*.xml beside the checkout")
    data = b"\n".join(file.read_bytes() for file in files * 12)
    assert same(data, few).num_rows > 300


# ------------------------------------------------------------------ what no plan may accept

GOOD = audit_message(user="USERID", name="USERNAME")
ODD = (
    "a<b", "a&b", "a&#10;b", "a&#x3C;b", "a&quot;b", "a&unknown;b", "a&lt;b", "a&amp;lt;b", "&amp;amp;",
    "a&apos;b",
    "a\nb", "a\tb", "a\rb", "a\r\nb", "a\x00b", "a\x0bb", "a\x1fb", "a\x7fb", "a\x85b", "a\u2028b",
    "\xa0", "\u3000x ",
    "a\ufffeb", "a\uffffb", "a\U0001fffeb", "a]]>b", "a-->b", "a<!--b", "a'b", "a\\b", "a\\u0022b", "a\\",
    "xsi:a",
    "xmlns:xsi", "\u301a1\u301b", "\u301a", "%b", "%s%", "", " ", "unknown", " Unknown ", "&lt;none&gt;",
    "10.0.0.1", "-", "- -", "(NULL)", "-\x7f-", "\u2014", "n/a", "***", "-x-", "\u2014\u00e9", "_\u00a0_",
    "http://x", "x" * 70_000, "&", "&;", "&amp", "<![CDATA[x]]>", "é" * 300,
)  # fmt: skip


@pytest.mark.parametrize(
    "place", ["USERID", "USERNAME", "VIEWER", "P1^^^ISSUER", "Doe^Jane", "DCM", "110103", "10.1.2.3"]
)
def test_odd_values(place: str) -> None:
    """An odd value is read, or refused, as the parser does it, among many good messages of its shape."""
    for odd in ODD:
        one = GOOD.replace(place, odd)
        data = "\n".join([GOOD, GOOD, one, GOOD, one, one]).encode("utf-8", "surrogatepass")
        same(data)


def _written(name: str, value: str, _found: re.Match[str]) -> str:
    return f'{name}="{value}"'


DECIDING = (
    "UserIsRequestor", "NetworkAccessPointTypeCode", "ParticipantObjectTypeCode", "EventActionCode",
    "EventOutcomeIndicator", "csd-code",
)  # fmt: skip


@pytest.mark.parametrize("name", DECIDING)
def test_odd_values_that_decide(name: str) -> None:
    """The same for values that decide, among them the marks by which plans are made."""
    for odd in (*ODD, "\u301a999999\u301b", "&#x301A;999&#x301B;", "x\u301a1\u301by", "\u301b"):
        one = re.sub(f'{name}="[^"]*"', partial(_written, name, odd), GOOD)
        other = one.replace("USERID", "b")
        same("\n".join([GOOD, one, other, GOOD, one, other]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "broken", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"]
)
def test_what_is_not_utf8(broken: bytes) -> None:
    """Bytes that are no UTF-8 are quarantined, in a value and in a text."""
    good = GOOD.encode()
    for place in (b"USERID", b"Doe^Jane"):
        data = b"\n".join([good, good, good.replace(place, broken), good])
        assert same(data).num_rows == 3


UNUSUAL = (
    ('UserName="USERNAME"', "UserName='USERNAME'"),
    ('UserName="USERNAME"', "UserName='a\"b\"c'"),
    ('UserName="USERNAME"', 'UserName = "USERNAME"'),
    ('UserName="USERNAME"', 'UserName="USERNAME" UserName="b"'),
    ('UserName="USERNAME"', 'UserName="USERNAME"x="b"'),
    ('UserName="USERNAME"', 'UserName="USERNAME""b"'),
    ('UserName="USERNAME"', 'UserName=USERNAME" x="'),
    ("Doe^Jane", 'say "hi" now'),
    ("Doe^Jane", 'say "]]>" now'),
    ("</ParticipantO", '<ParticipantObjectQuery>say "hi" now</ParticipantObjectQuery></ParticipantO'),
    ("</ParticipantO", '<ParticipantObjectQuery>"hi"</ParticipantObjectQuery></ParticipantO'),
    ("Doe^Jane", 'say "" now'),
    ("Doe^Jane", "]]>"),
    ("Doe^Jane", "\xff"),
    ("Doe^Jane", "a &amp; b"),
    ("Doe^Jane", "a > b"),
    ("Doe^Jane", "<b x=\"1\"/>Doe"),
    ("Doe^Jane", "<![CDATA[ \" ]]>"),
    ("<ActiveParticipant", '<!-- " --><ActiveParticipant'),
    ("<ActiveParticipant", '<?pi a="b"?><ActiveParticipant'),
    ("<ActiveParticipant", 'text "quoted" text<ActiveParticipant'),
    ("<AuditMessage>", '<AuditMessage xmlns:xsi="u" xsi:schemaLocation="v">'),
    ("<AuditMessage>", '<AuditMessage xsi:schemaLocation="v">'),
    ("</AuditMessage>", "</ActiveParticipant></AuditMessage>"),
    ("<AuditSource", "<ActiveParticipant/><AuditSource"),
    ('EventDateTime="2026-10-01T07:08:09.123-05:00"', ""),
    ('EventDateTime="2026-10-01T07:08:09.123-05:00"', 'EventDateTime=""'),
    ('csd-code="110103"', 'csd-code=""'),
    ('csd-code="110103"', 'code="110103"'),
    ("<EventIdentification", "<EventIdentification/><EventIdentification"),
    ("</EventId", "<EventOutcomeDescription>a<b/>USERNAME</EventOutcomeDescription></EventId"),
    ("</EventId", '<EventOutcomeDescription>a<b c="d"/>e USERNAME</EventOutcomeDescription></EventId'),
    ("</EventId", "<EventOutcomeDescription>USERNAME \u3000</EventOutcomeDescription></EventId"),
    ("</ParticipantObj", "<ParticipantObjectQuery>USERNAME</ParticipantObjectQuery></ParticipantObj"),
    ("</ParticipantObj", "<ParticipantObjectQuery>\u3000</ParticipantObjectQuery></ParticipantObj"),
    ("</ParticipantObj", '<ParticipantObjectQuery a="b">QQ</ParticipantObjectQuery></ParticipantObj'),
    ("</EventId", "<EventOutcomeDescription>&#x301A;3&#x301B;</EventOutcomeDescription></EventId"),
    ("</EventId", "<EventOutcomeDescription>a\u301a3\u301b</EventOutcomeDescription></EventId"),
    ("</ParticipantO", "<ParticipantObjectQuery>&#x301A;99&#x301B;</ParticipantObjectQuery></ParticipantO"),
    ("</ParticipantObj", "<ParticipantObjectQuery>a\u301a9\u301b</ParticipantObjectQuery></ParticipantObj"),
    ("<AuditSource", '<ActiveParticipant UserID="x" UserName="USERNAME"/><AuditSource'),
    ("<AuditSource", '<ActiveParticipant UserID="x" UserName="y"/><AuditSource'),
)  # fmt: skip


@pytest.mark.parametrize(("what", "instead"), UNUSUAL, ids=range(len(UNUSUAL)))
def test_unusual_markup(what: str, instead: str) -> None:
    """Markup that quotes otherwise, hides quotes, or is broken: as the parser reads or refuses it."""
    assert what in GOOD
    unusual = GOOD.replace(what, instead)
    others = [unusual.replace("USERNAME", odd) for odd in ("b", "]]>", "-->", "", "unknown")]
    others.append(unusual.replace('UserName="USERNAME"', 'UserName=""').replace("QQ", "\u3000"))
    others += [re.sub('"(hi|]]>|)"', f'"{odd}"', unusual) for odd in ("x", "", "]]>")]
    same("\n".join([GOOD, unusual, unusual, *others, GOOD, unusual]).encode())


TIMES = (
    "2026-10-01T07:08:09Z", "2026-10-01T07:08:09.1234567+02:00", "2026-02-30T00:00:00Z",
    "2026-10-01T24:00:00Z",
    "2026-06-30T23:59:60Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
    "2026-10-01 07:08:09Z", "2026-10-01T07:08:09,5Z", "2026-10-01T07:08:09", " 2026-10-01T07:08:09Z ",
    "2026-10-01T07:08:09+0200", "2026-10-01T07:08:09+99:99", "2026-10-01T07:08:09.Z", "2026-10-01T07:08Z",
    "x", "",
    "2026-10-01T07:08:09z", "2026-11-01T01:30:00", "\u0662026-10-01T07:08:09Z",
    "2026-10-01T07:08:09.123456789012Z",
    "1969-12-31T23:59:59.5Z", "2026-10-01T07:08:09-00:00", "2026-10-01T07:08:09+24:00",
)  # fmt: skip


@pytest.mark.parametrize("time", TIMES)
def test_times(time: str) -> None:
    """Every way to write a time, alone and among plain ones, in the event and in the syslog header."""
    plain, odd = (audit_message(time=one) for one in ("2026-10-01T07:08:09.5-05:00", time))
    same("\n".join([plain, odd, plain, odd]).encode())
    same("\n".join([odd, odd]).encode())
    header = b"<85>1 2026-10-01T12:08:10.5Z pacs01"
    data = in_syslog(plain, "rfc5424")
    same(data + data.replace(header, b"<85>1 %s pacs01" % time.encode()) + data)


def test_repaired_envelopes() -> None:
    """A message behind blank lines says so in its notes, among others of its shape that do not."""
    usual = in_syslog(GOOD, "rfc5424")
    same(usual * 2 + usual.replace(b"\xef\xbb\xbf<?xml", b"\r\n\r\n<?xml") + usual)


def test_a_plan_that_errs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should reading by plan ever differ from parsing, the rows of the parser stand."""
    monkeypatch.setattr(Alike, "_differing", LOOKS_TWICE)
    monkeypatch.setattr(columns, "_as_written", lambda _text: "wrong")
    description = "</EventIdentification>"
    told = GOOD.replace(description, f"<EventOutcomeDescription>why</EventOutcomeDescription>{description}")
    assert set(same("\n".join([told] * 20).encode())["event_reason"].to_pylist()) == {"why"}


def test_shapes_and_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of ever new shapes and codes neither fills memory nor changes what is read."""
    monkeypatch.setattr(alike, "SHAPES", 4)
    shapes = [GOOD.replace("<AuditSource", f"<X{number}/><AuditSource") for number in range(20)]
    codes = [audit_message(event=str(number)) for number in range(200)]
    same("\n".join((shapes + codes) * 2).encode())


# ------------------------------------------------------------------ any message, any damage

wrapped = st.lists(st.tuples(messages(), st.sampled_from(TRANSPORTS)), min_size=1, max_size=12)
damages = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4)), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wrapped, damages)
def test_damaged_messages(pieces: list[tuple[str, str]], damage: list[tuple[float, int, bytes]]) -> None:
    """Messages with text of any script, whole and damaged anywhere."""
    data = b"".join(in_syslog(*one) for one in pieces) * 2
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    same(data)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), min_size=6, max_size=6))
def test_any_values(values: list[str]) -> None:
    """Any characters at all, written into values and a text as they are, beside good messages."""
    user, name, patient, source, text, kind = values
    one = GOOD.replace("USERID", user).replace("USERNAME", name).replace("P1^^^", patient)
    one = one.replace("VIEWER", source).replace("Doe^Jane", text).replace("RFC-3881", kind)
    same("\n".join([GOOD, one, GOOD, one]).encode())


INTERESTING = (
    b'"', b"'", b"<", b">", b"&", b"&amp;", b"]]>", b"<!--", b"=", b" ", b"\n", b"\x00", b"\xff", b"/", b"1",
    b"\\", b"&#x301A;9&#x301B;", "\u301a99\u301b".encode(), b"xsi:", b"</a>", b'a="b"', b'""',
)  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to four bytes changed, removed, doubled or replaced by one that XML minds."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        how = chance.randrange(4)
        if how == 0:
            changed[at] = chance.randrange(256)
        elif how == 1:
            del changed[at : at + chance.randint(1, 8)]
        elif how == 2:
            changed[at:at] = changed[at : at + chance.randint(1, 40)]
        else:
            changed[at:at] = chance.choice(INTERESTING)
    return bytes(changed)


def mutations(rounds: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - test data
    files = [file.read_bytes() for file in sorted((REAL_SAMPLES / "audit").glob("*/*.xml"))]
    whole = [one for one in files if len(one) < 20_000]
    whole += [in_syslog(made(number, number), TRANSPORTS[number % len(TRANSPORTS)]) for number in range(48)]
    for _ in range(rounds):
        chosen = chance.choices(whole, k=6)
        data = [one if chance.random() < 0.5 else mutated(one, chance) for one in chosen * 3]
        same(b"\n".join([*chosen, *data]))


def test_mutated_messages() -> None:
    """Bytes changed anywhere in made and real messages, beside messages that are whole."""
    mutations(60, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 10))
def test_mutated_messages_at_length(seed: int) -> None:
    """The same for minutes."""
    mutations(1500, seed)
