"""Canonical CSV: which table a header means, strict values, and records that never vanish."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import EvidenceError
from riskkit.readers.canonical import read
from riskkit.readers.canonical.header import CANONICAL
from riskkit.readers.canonical.lines import JOINED_LINES, LINE_LIMIT
from tests.readers.reading import SAMPLES, Reading, read_all

ROSTER = "user_id,role,employed_from\n"
ACCOUNTS = "system_id,account,enabled,mfa,last_login\n"


def rows(reading: Reading) -> list[dict[str, object]]:
    (table,) = reading.rows
    return reading.table(table)


def refusals(reading: Reading) -> list[tuple[int, str, str]]:
    (found,) = reading.quarantined.values()
    return [(item.offset, item.reason, item.detail) for item in found]


def us(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


# ------------------------------------------------------------------ which table


@pytest.mark.parametrize("table", sorted(CANONICAL))
def test_each_table_is_known_by_its_header(table: str) -> None:
    """The whole header, and the required columns alone, mean the table that they belong to."""
    columns = CANONICAL[table].columns
    for chosen in (columns, [column for column in columns if column.required]):
        header = ",".join(column.name for column in chosen)
        assert read.recognize(f"{header}\n".encode(), "x.csv")
        assert set(read_all(read, f"{header}\n".encode()).rows) == {table}


@pytest.mark.parametrize(
    "header",
    [
        '"id","fqdn/ip","port","severity","finding","cve","cwe"',  # testssl.sh
        "cve",
        "cve,product,vendor",
        "Host,CVE,CVSS,Plugin",
        "cve,added_on,assignee",
    ],
)
def test_a_list_with_a_column_of_weaknesses_is_no_catalogue(header: str) -> None:
    """Whatever else lists CVEs is not taken for the catalogue, in which a missing one is good news."""
    assert not read.recognize(f"{header}\n".encode(), "inventory/known_exploited.csv")


def test_no_table_is_known_by_one_column() -> None:
    """One common column would claim the files of others."""
    assert not [name for name, table in CANONICAL.items() if len(table.required) < 2]


@pytest.mark.parametrize("table", sorted(CANONICAL))
def test_each_sample_is_read_whole(table: str) -> None:
    """Every canonical table has a sample whose rows are all accepted, with unknown nothing."""
    data = (SAMPLES / "canonical" / f"{table}.csv").read_bytes()
    assert read.recognize(data, "x")
    reading = read_all(read, data)
    assert reading.accepted[table] == reading.records[table] >= 1
    assert not [note for note in reading.notes if "does not have" in note]


@pytest.mark.parametrize(
    "header",
    [
        "a,b,c",
        "",
        "\n\n",
        "user_id,role",
        '{"user_id": 1}',
        "user_id,course,patient_id,family_name",  # training and patients fit equally well
    ],
)
def test_other_headers_are_not_recognized(header: str) -> None:
    """A missing required column or a tie means no table, rather than a guess."""
    assert not read.recognize(header.encode(), "people/roster.csv")


def test_header_names_are_read_generously() -> None:
    """Case, blanks and hyphens do not matter, nor do unknown columns, which are listed."""
    data = "sep=;\n\nUser ID;ROLE;Employed-From;Badge\nrad1;nurse;2020-01-01;77\n".encode("utf-16")
    assert read.recognize(data, "x")
    reading = read_all(read, data)
    assert rows(reading)[0]["user_id"] == "rad1"
    assert reading.notes == ["columns that roster does not have: Badge"]
    assert rows(reading)[0]["offset"] == 4


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings(delimiter: str, encoding: str) -> None:
    """Whatever a spreadsheet writes gives the same row; a guess about the encoding is noted."""
    text = "user_id,role,employed_from,family_name\nr1,nurse,2020-01-01,Müller\n".replace(",", delimiter)
    data = text.encode(encoding)
    assert read.recognize(data, "x")
    reading = read_all(read, data)
    assert rows(reading)[0]["family_name"] == "Müller"
    assert any("cp1252" in note for note in reading.notes) == (encoding == "cp1252")


# ------------------------------------------------------------------ values


def test_a_placeholder_proves_nothing() -> None:
    """Words for "not yet" where a proof is asked for are no value, and that is noted; names stay names."""
    text = "media_id,event,occurred_on,certificate\n" + "".join(
        f"m{number},disposed,2026-10-01,{word}\n"
        for number, word in enumerate(("Pending", "none.", "To be determined", "no", "C-17", "x"))
    )
    reading = read_all(read, text.encode())
    assert [row["certificate"] for row in rows(reading)] == [None] * 4 + ["C-17", "x"]
    assert "certificate holds a word that only keeps the place, read as nothing (4 cells)" in reading.notes


def test_values_and_nulls() -> None:
    """Booleans in four spellings, nulls in four, and times with and without zone."""
    lines = (
        "p,a,Yes,-,2026-10-01T12:00:00Z",
        "p,b,0,n/a,2026-10-01 07:00",
        "p,c,N,null,2026-10-01T07:00:00.5-0500",
        "p,d,TRUE,,2026-10-01",
    )
    reading = read_all(read, (ACCOUNTS + "\n".join(lines)).encode())
    found = rows(reading)
    assert [row["enabled"] for row in found] == [True, False, False, True]
    assert [row["mfa"] for row in found] == [None] * 4
    assert [row["last_login"] for row in found] == [
        datetime(2026, 10, 1, 12, tzinfo=UTC),
        datetime(2026, 10, 1, 12, tzinfo=UTC),
        datetime(2026, 10, 1, 12, 0, 0, 500_000, tzinfo=UTC),
        datetime(2026, 10, 1, 5, tzinfo=UTC),
    ]
    assert reading.notes == [
        "last_login has no time zone and was read in America/Chicago (1 cell)",
        "last_login is a day without time, read as its start (1 cell)",
    ]
    assert reading.collected_at is None


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ("p,a,maybe,,", "bad_value", "enabled"),
        ("p,a,yes,,01.10.2026", "bad_value", "last_login"),
        ("p,a,yes,,2026-02-30T00:00Z", "bad_value", "last_login"),
        ("p,a,yes,,2026-10-01T25:00:00", "bad_value", "last_login"),
        ("p,a,2,x,", "bad_value", "enabled, mfa"),
        ("p,,yes,,", "missing_required", "account"),
        (",a", "missing_required", "system_id, enabled"),
        ("p,a,yes,,,more", "bad_framing", ""),
    ],
)
def test_a_record_that_does_not_fit_is_quarantined(line: str, reason: str, column: str) -> None:
    """The reason names the column and the line, never the value; the lines around it are read."""
    reading = read_all(read, f"{ACCOUNTS}p,first,1,,\n{line}\np,last,1,,\n".encode())
    ((offset, found, detail),) = refusals(reading)
    assert (offset, found) == (3, reason)
    assert column in detail
    assert "maybe" not in detail
    assert [row["account"] for row in rows(reading)] == ["first", "last"]


def test_a_family_called_null() -> None:
    """A name that some programs take for nothing stays a name, and so do leading zeros."""
    reading = read_all(read, (SAMPLES / "canonical" / "patients.csv").read_bytes())
    assert [row["family_name"] for row in rows(reading)] == ["Null", "O'Hara, Jr."]
    assert rows(reading)[0]["patient_id"] == "0042"


def test_vocabularies_are_closed() -> None:
    """A value of a closed vocabulary is taken whatever its case, another one is refused."""
    header = "system_id,backup_id,finished_at,status\n"
    data = header + "p,1,2026-10-01T00:00Z,SUCCESS\np,2,2026-10-01T00:00Z,ok\n"
    reading = read_all(read, data.encode())
    assert [row["status"] for row in rows(reading)] == ["success"]
    assert refusals(reading) == [(3, "bad_value", "column status")]


def test_formulas_of_spreadsheets() -> None:
    """`="00123"` is the text 00123; other formulas are text and are told of."""
    data = ROSTER + '"=""00123""",nurse,2020-01-01\n="7",@nurse,2020-01-01\n=cmd|x,nurse,2020-01-01\n'
    reading = read_all(read, data.encode())
    assert [row["user_id"] for row in rows(reading)] == ["00123", "7", "=cmd|x"]
    assert [note.split(" ")[0] for note in reading.notes] == ["role", "user_id"]


def test_relationships_in_microseconds_or_in_words() -> None:
    """A day on which a relationship ends counts whole; plain numbers count only under `_us`."""
    words = "patient_id,kind,Valid From,valid_to\np,order,2026-10-01T00:00:00-05:00,2026-10-31\np,order,5,\n"
    numbers = "patient_id,kind,valid_from_us,valid_to_us\np,order,5,2026-10-31\n"
    reading = read_all(read, words.encode())
    assert rows(reading)[0]["valid_from_us"] == us(2026, 10, 1, 5)
    assert rows(reading)[0]["valid_to_us"] == us(2026, 11, 1, 5)
    assert refusals(reading) == [(3, "bad_value", "column valid_from_us")]
    assert rows(read_all(read, numbers.encode()))[0]["valid_from_us"] == 5


def test_days_without_end() -> None:
    """The last day of the calendar, which systems write for "without end", is read as such."""
    data = "patient_id,kind,valid_from,valid_to\np,order,2026-10-01,9999-12-31\np,order,0001-01-01,\n"
    ends = [row["valid_to_us"] for row in rows(read_all(read, data.encode()))]
    assert ends == [us(9999, 12, 31), None]


def test_keys_stand_once() -> None:
    """Of rows with one key the first counts, whether the others agree or not; tables without key repeat."""
    reading = read_all(read, f"{ACCOUNTS}p,a,1,,\np,a,1,,\nq,a,1,,\np,a,0,,\n".encode())
    assert [(offset, reason) for offset, reason, _ in refusals(reading)] == [
        (3, "duplicate"),
        (5, "duplicate"),
    ]
    same = "patient_id,kind,valid_from\np,order,2026-10-01\np,order,2026-10-01\n"
    assert len(rows(read_all(read, same.encode()))) == 2


def test_a_column_that_stands_twice() -> None:
    """Equal cells are one value; different ones are nobody's to choose from."""
    data = "user_id,role,role,employed_from\na,nurse,nurse,2020-01-01\nb,nurse,clerk,2020-01-01\n"
    reading = read_all(read, data.encode())
    assert [row["user_id"] for row in rows(reading)] == ["a"]
    assert refusals(reading) == [(3, "bad_value", "column role")]


# ------------------------------------------------------------------ lines


def test_blank_lines_are_counted() -> None:
    """Blank lines, and lines of delimiters alone, are ignored with a reason."""
    reading = read_all(read, f"\n{ROSTER}\n,,\nr1,nurse,2020-01-01\n  \n".encode())
    assert reading.ignored["roster"] == {"blank_line": 3}
    assert rows(reading)[0]["offset"] == 5


def test_quoted_cells_span_lines() -> None:
    """A line end inside quotes belongs to the cell; offsets are those of the first line."""
    reading = read_all(read, f'{ROSTER}"a\nb",nurse,2020-01-01\r\nc,"nu""rse",2020-01-01'.encode())
    assert [(row["user_id"], row["role"], row["offset"]) for row in rows(reading)] == [
        ("a\nb", "nurse", 2),
        ("c", 'nu"rse', 4),
    ]


def test_an_unclosed_quote_costs_its_own_line() -> None:
    """The rest of the file is not swallowed by a quote that somebody forgot."""
    lines = [f"u{number},nurse,2020-01-01" for number in range(3 * JOINED_LINES)]
    lines.insert(1, '"u,nurse,2020-01-01')
    reading = read_all(read, (ROSTER + "\n".join(lines)).encode())
    assert len(rows(reading)) == 3 * JOINED_LINES
    assert [(offset, reason) for offset, reason, _ in refusals(reading)] == [(3, "bad_framing")]


def test_inches_are_no_quotes() -> None:
    """A quote inside a cell that does not begin with one is a character like any other."""
    reading = read_all(read, f'{ROSTER}a,5" nurse,2020-01-01\nb,6" nurse,2020-01-01\n'.encode())
    assert [row["role"] for row in rows(reading)] == ['5" nurse', '6" nurse']


def test_hostile_lines() -> None:
    """An endless line, bytes that are no text and NUL cost one record each and raise nothing."""
    long = b"x" * (LINE_LIMIT + 5)
    data = ROSTER.encode() + long + b"\n\x81\xfe,nurse,2020-01-01\na,nurse,2020-01-01\n"
    reading = read_all(read, data)
    assert [reason for _, reason, _ in refusals(reading)] == ["too_large", "encoding"]
    assert len(rows(reading)) == 1


def test_batches_are_small() -> None:
    """Many rows come in batches that fit into memory, and reconcile over all."""
    body = "".join(f"u{number},nurse,2020-01-01\n" for number in range(25_000))
    reading = read_all(read, (ROSTER + body).encode())
    assert reading.accepted["roster"] == reading.rows["roster"].num_rows == 25_000


# ------------------------------------------------------------------ mapping


def mapped(text: str, mapping: Mapping[str, object]) -> Reading:
    return read_all(read, text.encode("cp1252"), mapping=mapping)


def test_a_mapping_explains_somebody_elses_export() -> None:
    """Renamed columns, replaced values, constants, a date format and a preamble."""
    text = "Accounts of PACS\nAs of today\nLogin;State;Last seen\njosé;A;31/10/2026 17:05\nold;L;-\n"
    mapping = {
        "table": "accounts",
        "columns": {"Login": "account", "State": "enabled", "Last seen": "last_login"},
        "values": {"enabled": {"A": True, "l": "false"}},
        "constants": {"system_id": "pacs-1"},
        "date_format": "%d/%m/%Y %H:%M",
        "encoding": "cp1252",
        "delimiter": ";",
        "skip_rows": 2,
    }
    reading = mapped(text, mapping)
    first, second = rows(reading)
    assert (first["system_id"], first["account"], first["enabled"]) == ("pacs-1", "josé", True)
    assert first["last_login"] == datetime(2026, 10, 31, 22, 5, tzinfo=UTC)
    assert (second["enabled"], second["last_login"]) == (False, None)
    assert reading.ignored["accounts"] == {"skipped_row": 2}


def test_a_mapping_without_table_is_recognized_by_what_it_maps_to() -> None:
    """Renamed headers decide as if they stood in the file."""
    text = "Person,Job,Since\nr1,nurse,01.02.2020\n"
    columns = {"person": "user_id", "job": "role", "since": "employed_from"}
    reading = mapped(text, {"columns": columns, "date_format": "%d.%m.%Y"})
    assert reading.table("roster")[0]["employed_from"] == date(2020, 2, 1)


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"table": "nonsense"}, "table"),
        ({"tabel": "accounts"}, "tabel"),
        ({"table": "roster", "columns": {"a": "wrong_column"}}, "wrong_column"),
        ({"table": "roster"}, "employed_from, role, user_id"),
        ({"table": "roster", "columns": {"a": "user_id"}, "constants": {"role": "x", "employed_from": "y"}},
         "employed_from"),
        ({"columns": {"a": "user_id"}, "constants": {"user_id": "x"}, "table": "roster"}, "user_id"),
        ({"table": "policies", "columns": {"a": "policy_id"},
          "constants": {"title": "t", "owner": "IT", "approved_by": "pending"}}, "only keeps the place"),
        ({"encoding": "base64"}, "encoding"),
        ({"encoding": "rot13"}, "encoding"),
        ({"skip_rows": -1}, "skip_rows"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"day_first": "maybe"}, "day_first"),
        ({"delimiter": "ab"}, "delimiter"),
        ({"values": {"role": "x"}}, "values"),
        ({}, "fits no table"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_mapping_is_told(mapping: Mapping[str, object], named: str) -> None:
    """A mapping that cannot be followed is an error that names the key, not an empty table."""
    with pytest.raises(EvidenceError, match=named):
        mapped("a,b\n1,2\n", mapping)


@pytest.mark.parametrize(
    ("written", "mapping", "expected"),
    [
        ("3/4/2026 5:06 PM", {"day_first": True}, (2026, 4, 3, 22, 6)),
        ("3/4/2026 5:06:07 p.m.", {"day_first": False}, (2026, 3, 4, 23, 6, 7)),
        ("12/1/2026 12:00 AM", {"day_first": False, "timezone": "UTC"}, (2026, 12, 1)),
        ("31.10.2026 17:05", {"day_first": True, "timezone": "Europe/Berlin"}, (2026, 10, 31, 16, 5)),
        ("46326.75", {"excel_dates": True, "timezone": "UTC"}, (2026, 10, 31, 18)),
        ("46326", {"excel_dates": True, "timezone": "UTC"}, (2026, 10, 31)),
        ("Oct 31 2026", {"date_format": ["%d.%m.%Y", "%b %d %Y"], "timezone": "UTC"}, (2026, 10, 31)),
        ("2026-10-31T17:05:00Z", {"day_first": True}, (2026, 10, 31, 17, 5)),
        ("never", {"nulls": ["never"]}, None),
        ("3/4/2026 5:06 PM", {}, "bad_value"),
        ("13/13/2026", {"day_first": True}, "bad_value"),
        ("3/4/2026 13:06 PM", {"day_first": True}, "bad_value"),
        ("46326.75", {}, "bad_value"),
    ],
    ids=range(13),
)
def test_ways_to_write_a_time(
    written: str, mapping: Mapping[str, object], expected: tuple[int, ...] | str | None
) -> None:
    """Day first or not, twelve hours, serial numbers, formats and nulls are read as told, never guessed."""
    reading = mapped(f"{ACCOUNTS}p,a,yes,,{written}\n", mapping)
    if isinstance(expected, str):
        assert [reason for _, reason, _ in refusals(reading)] == [expected]
    else:
        wanted = expected and datetime(*expected, tzinfo=UTC)  # type: ignore[misc, arg-type]
        assert [row["last_login"] for row in rows(reading)] == [wanted]


def test_what_stands_after_the_last_row() -> None:
    """`skip_end` leaves out as many records as it says, counted; a short file is left out whole."""
    reading = mapped(f"{ACCOUNTS}p,a,yes,,\np,b,yes,,\nTotal,2\nEnd\n", {"skip_end": 2})
    assert [row["account"] for row in rows(reading)] == ["a", "b"]
    assert reading.ignored["accounts"] == {"skipped_row": 2}
    assert mapped(f"{ACCOUNTS}p,a,yes,,\n", {"skip_end": 9}).accepted["accounts"] == 0


# ------------------------------------------------------------------ properties

CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r\ufffd"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8), st.sampled_from(",;\t"))
def test_what_a_csv_writer_wrote_is_read(cells: list[tuple[str, str]], delimiter: str) -> None:
    """Any text that Python's csv writes comes back, but for blanks around it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["patient_id", "family_name", "address"])
    for number, (name, address) in enumerate(cells):
        writer.writerow([f"p{number}", "N " + name, "A " + address])
    reading = read_all(read, text.getvalue().encode())
    assert reading.records["patients"] == len(cells)
    assert [(row["family_name"], row["address"]) for row in reading.table("patients")] == [
        (f"N {name}".strip(), f"A {address}".strip()) for name, address in cells
    ]


@given(st.binary(max_size=300))
def test_any_bytes_after_a_header(data: bytes) -> None:
    """Nothing raises, and every line is a row, quarantined or ignored."""
    reading = read_all(read, ROSTER.encode() + data)
    assert reading.accepted["roster"] == reading.rows["roster"].num_rows
