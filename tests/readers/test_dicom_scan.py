"""The reader of `collect dicom`: what was written comes back, and nothing broken becomes a whole scan."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.collectors import collect_dicom
from riskkit.errors import EvidenceError
from riskkit.ingest import unpack
from riskkit.model import Batch, Context, Quarantined
from riskkit.readers import dicom_scan
from riskkit.readers.dicom_scan import read as reader
from riskkit.tables import TABLES

CONTEXT = Context(ZoneInfo("America/Chicago"))
HEADER = {
    "riskkit_dicom_scan": 1,
    "scan_id": "archive-20261031T230000Z",
    "system_id": "archive",
    "root": "/srv/archive",
    "started_at": "2026-10-31T23:00:00Z",
    "versions": {},
}
FILE = {"path": "a/1.dcm", "size_bytes": 9, "file_class": "dicom", "readable": "yes", "direct_identifiers": 2}
OTHER = {"path": "a/2", "file_class": "encrypted-cms", "readable": "no", "cipher": "AES-256-CBC"}
STARTED = datetime(2026, 10, 31, 23, tzinfo=UTC)
FINISHED = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)


def trailer(files: int = 2) -> dict[str, Any]:
    return {
        "complete": True,
        "finished_at": "2026-10-31T23:30:00Z",
        "files": files,
        "unreadable": 0,
        "links": 0,
    }


@dataclass(frozen=True)
class InMemory:
    """A member of a pack that lives in memory; `breaks` is where its compression ends in the middle."""

    content: bytes
    breaks: bool = False
    name: str = "dicom/scan.ndjson.gz"

    @property
    def size(self) -> int:
        return len(self.content)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        yield Breaking(self.content) if self.breaks else io.BytesIO(self.content)


class Breaking(io.BytesIO):
    def readline(self, size: int | None = -1) -> bytes:
        if self.tell() == len(self.getvalue()):
            raise EvidenceError("the compressed data is broken or cut off")
        return super().readline(size)


def lines(*records: Any) -> bytes:
    return b"".join(
        record if isinstance(record, bytes) else json.dumps(record).encode() + b"\n" for record in records
    )


@dataclass(frozen=True)
class Result:
    scans: list[dict[str, Any]]
    files: list[dict[str, Any]]
    quarantined: dict[str, list[Quarantined]]
    batches: list[Batch]


def read(content: bytes, *, breaks: bool = False) -> Result:
    """Everything the reader gives, with its own books checked."""
    batches = list(reader.read(InMemory(content, breaks), CONTEXT))
    rows: dict[str, list[dict[str, Any]]] = {"dicom_scans": [], "dicom_files": []}
    quarantined: dict[str, list[Quarantined]] = {"dicom_scans": [], "dicom_files": []}
    for batch in batches:
        assert batch.records == batch.accepted + len(batch.quarantined) + sum(batch.ignored.values())
        assert batch.accepted == batch.rows.num_rows <= 10_000
        assert batch.rows.schema == TABLES[batch.table].schema
        rows[batch.table] += batch.rows.to_pylist()
        quarantined[batch.table] += batch.quarantined
    return Result(rows["dicom_scans"], rows["dicom_files"], quarantined, batches)


def test_what_the_collector_writes_comes_back(tmp_path: Path) -> None:
    """A real walk over pydicom's corpus: every line a row, one complete scan, dated when it was finished."""
    moments = iter([STARTED, FINISHED])
    corpus = Path(pydicom.__file__).parent / "data" / "test_files"
    made = collect_dicom(corpus, tmp_path, system_id="archive", now=lambda: next(moments))
    content = gzip.decompress(made.read_bytes())
    assert reader.recognize(content[: 64 << 10], made.name)
    result = read(content)
    written = [json.loads(line) for line in content.splitlines()[1:-1]]
    assert result.quarantined == {"dicom_scans": [], "dicom_files": []}
    (scan,) = result.scans
    assert scan == {
        "scan_id": "archive-20261031T230000Z",
        "system_id": "archive",
        "root": str(corpus.resolve()),
        "started_at": STARTED,
        "finished_at": FINISHED,
        "complete": True,
        "files": len(written),
        "unreadable": 0,
        "files_read": len(written),
        "bytes_read": json.loads(content.splitlines()[-1])["bytes_read"],
        "digest_key": None,
        "restored_copy": None,
        "source": "dicom/scan.ndjson.gz",
        "offset": 1,
        "n": 0,
    }
    assert {batch.collected_at for batch in result.batches} == {FINISHED}
    for number, (row, line) in enumerate(zip(result.files, written, strict=True), start=2):
        assert row["offset"] == number
        assert row["scan_id"] == scan["scan_id"]
        filled = {name: value for name, value in row.items() if value is not None}
        added = {"scan_id", "system_id", "source", "offset", "n"}
        assert {name: value for name, value in filled.items() if name not in added} == line


def test_digests_and_the_mark_of_a_copy_come_back(tmp_path: Path) -> None:
    """A walk of a restored copy with digests: the mark of its key, that it is a copy, and the digests."""
    moments = iter([STARTED, FINISHED])
    corpus = Path(pydicom.__file__).parent / "data" / "charset_files"
    made = collect_dicom(
        corpus,
        tmp_path,
        system_id="archive",
        now=lambda: next(moments),
        digest_key=b"k" * 32,
        restored_copy=True,
    )
    result = read(gzip.decompress(made.read_bytes()))
    (scan,) = result.scans
    assert scan["restored_copy"] is True
    assert len(scan["digest_key"]) == 16
    assert all(len(row["header_digest"]) == 32 for row in result.files if row["modality"])


def test_the_partial_file_of_an_interrupted_walk_is_an_incomplete_scan(tmp_path: Path) -> None:
    """No trailer: complete is false, the files seen are rows, and the scan is dated by its start."""
    (tmp_path / "store").mkdir()
    for name in "ab":
        (tmp_path / "store" / name).write_bytes(b"x")
    moments = iter([STARTED])
    with pytest.raises(StopIteration):
        collect_dicom(tmp_path / "store", tmp_path / "dicom", system_id="archive", now=lambda: next(moments))
    (left,) = (tmp_path / "dicom").iterdir()
    result = read(gzip.decompress(left.read_bytes()))
    (scan,) = result.scans
    assert (scan["complete"], scan["finished_at"], scan["files"], scan["unreadable"]) == (
        False,
        None,
        2,
        None,
    )
    assert [row["path"] for row in result.files] == ["a", "b"]
    assert {batch.collected_at for batch in result.batches} == {STARTED}
    assert "interrupted" in result.batches[-1].notes[0]


def test_broken_compression_makes_an_incomplete_scan() -> None:
    """What was read before the break stays; the break itself is one truncated record."""
    result = read(lines(HEADER, FILE, OTHER), breaks=True)
    assert [row["path"] for row in result.files] == ["a/1.dcm", "a/2"]
    assert [(one.offset, one.reason) for one in result.quarantined["dicom_files"]] == [(4, "truncated")]
    assert result.scans[0]["complete"] is False


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_gzip_file_that_was_cut_off_is_an_incomplete_scan(tmp_path: Path, share: float) -> None:
    """As the pack would open it: the rows before the break stay, and the scan is not whole."""
    records = [{**FILE, "path": f"{number:05d}"} for number in range(20_000)]
    content = gzip.compress(lines(HEADER, *records, trailer(20_000)))
    path = tmp_path / "scan.ndjson.gz"
    path.write_bytes(content[: int(len(content) * share)])
    (member,) = unpack(path, path.name)
    batches = list(reader.read(member, CONTEXT))
    files = [batch for batch in batches if batch.table == "dicom_files"]
    rows = [row for batch in files for row in batch.rows.to_pylist()]
    assert 1_000 < len(rows) < 20_000
    assert [one.reason for batch in files for one in batch.quarantined] == ["truncated"]
    assert batches[-1].rows["complete"].to_pylist() == [False]


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_is_cut_off_is_quarantined(cut: int) -> None:
    """The last line of a cut file is no row and no trailer."""
    content = lines(HEADER, FILE, OTHER, trailer())
    result = read(content[:-cut])
    (scan,) = result.scans
    if cut == 1:  # only the line end is gone
        assert scan["complete"] is True
    else:
        assert scan["complete"] is False
        assert [(one.offset, one.reason) for one in result.quarantined["dicom_files"]] == [(4, "truncated")]


@pytest.mark.parametrize(
    "last",
    [
        trailer(3),
        trailer(1),
        trailer() | {"files": None},
        trailer() | {"complete": False},
        trailer() | {"complete": "yes"},
    ],
    ids=["more", "fewer", "uncounted", "said-incomplete", "not-true"],
)
def test_a_trailer_that_does_not_fit_makes_no_whole_scan(last: dict[str, Any]) -> None:
    """Complete needs the word and the count: lines that are missing must not pass unseen."""
    result = read(lines(HEADER, FILE, OTHER, last))
    assert result.scans[0]["complete"] is False
    assert len(result.files) == 2


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b"{not json\n", "json_malformed", "the line is not JSON"),
        (b"[1]\n", "json_malformed", "the line is not a JSON object"),
        (b'{"path":"\xff"}\n', "encoding", "the line is not UTF-8"),
        (b"[" * 100_000 + b"\n", "json_malformed", "the line is not JSON"),
        (b'{"size_bytes":' + b"9" * 5000 + b"}\n", "json_malformed", "the line is not JSON"),
        (b'{"path":"' + b"x" * (2 << 20) + b'"}\n', "too_large", "the line cannot be read whole"),
        ({**FILE, "path": None}, "missing_required", "path"),
        ({**FILE, "path": 7}, "bad_value", "path"),
        ({**FILE, "path": "\ud800"}, "bad_value", "path"),
        ({**FILE, "readable": "maybe"}, "bad_value", "readable"),
        ({**FILE, "readable": None}, "missing_required", "readable"),
        ({**FILE, "size_bytes": -1}, "bad_value", "size_bytes"),
        ({**FILE, "size_bytes": 2**63}, "bad_value", "size_bytes"),
        ({**FILE, "size_bytes": 1.5}, "bad_value", "size_bytes"),
        ({**FILE, "private_tags": True}, "bad_value", "private_tags"),
        ({**FILE, "identity_removed": "DOE^JANE"}, "bad_value", "identity_removed"),
        ({**FILE, "encrypted_attributes": "yes"}, "bad_value", "encrypted_attributes"),
        ({**FILE, "encrypted_attributes": 1}, "bad_value", "encrypted_attributes"),
        (HEADER, "missing_required", "path"),
        (trailer(), "missing_required", "path"),
    ],
    ids=str,
)
def test_a_bad_line_is_quarantined_and_the_others_stay(line: Any, reason: str, detail: str) -> None:
    """One bad line costs itself; its reason names the column and never the value."""
    result = read(lines(HEADER, FILE, line, OTHER, trailer(3)))
    assert [row["path"] for row in result.files] == ["a/1.dcm", "a/2"]
    (bad,) = result.quarantined["dicom_files"]
    assert (bad.offset, bad.reason, bad.detail) == (3, reason, detail)
    assert result.scans[0]["complete"] is True


@pytest.mark.parametrize(
    ("header", "reason", "detail"),
    [
        ({**HEADER, "riskkit_dicom_scan": 2}, "unknown_format", "riskkit_dicom_scan is not 1"),
        ({**HEADER, "riskkit_dicom_scan": True}, "unknown_format", "riskkit_dicom_scan is not 1"),
        ({**HEADER, "scan_id": None}, "missing_required", "scan_id"),
        ({**HEADER, "root": 5}, "bad_value", "root"),
        ({**HEADER, "started_at": "2026-10-31T23:00:00"}, "no_timestamp", "started_at"),
        ({**HEADER, "started_at": "soon"}, "no_timestamp", "started_at"),
    ],
    ids=["version", "version-true", "no-id", "bad-root", "no-zone", "no-time"],
)
def test_a_bad_header_quarantines_the_scan_and_every_file(
    header: dict[str, Any], reason: str, detail: str
) -> None:
    """Files of a scan that nobody can name or date are not evidence, and none is lost from the count."""
    content = lines(header, FILE, OTHER, trailer())
    assert reader.recognize(content, "x")
    result = read(content)
    assert (result.scans, result.files) == ([], [])
    (bad,) = result.quarantined["dicom_scans"]
    assert (bad.offset, bad.reason, bad.detail) == (1, reason, detail)
    assert [one.offset for one in result.quarantined["dicom_files"]] == [2, 3]
    assert {batch.collected_at for batch in result.batches} == {None}


def test_blank_lines_are_counted_as_ignored() -> None:
    """They are no records of the scan, and the books still close."""
    result = read(lines(HEADER, FILE, b"\n", OTHER, b"  \n", trailer(), b"\n"))
    assert len(result.files) == 2
    assert result.scans[0]["complete"] is True
    assert sum(sum(batch.ignored.values()) for batch in result.batches) == 3


def test_a_scan_without_files_is_a_scan() -> None:
    """An empty store was walked to its end: that is known, and not the same as not walked."""
    result = read(lines(HEADER, trailer(0)))
    assert (result.scans[0]["complete"], result.scans[0]["files"], result.files) == (True, 0, [])


def test_a_large_scan_comes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are handed on in batches of a limited size, in order."""
    monkeypatch.setattr(dicom_scan, "BATCH_ROWS", 100)
    records = [{**FILE, "path": f"{number:04d}"} for number in range(950)]
    result = read(lines(HEADER, *records, trailer(950)))
    assert [row["path"] for row in result.files] == [record["path"] for record in records]
    assert [batch.rows.num_rows for batch in result.batches] == [100] * 9 + [50, 1]


def test_other_files_are_not_recognized() -> None:
    """The mark in the first line decides, not the name nor the shape."""
    for head in (
        b"",
        b"{}",
        b'{"riskkit_tls_scan": 1}\n',
        b"path,size\n",
        b'{"a": "riskkit_dicom_scan"}',
        b"\x1f\x8b",
    ):
        assert not reader.recognize(head, "archive-20261031T230000Z.ndjson.gz")
    assert reader.recognize(lines(HEADER)[:-1], "whatever")


PIECES = st.one_of(
    st.binary(max_size=80).map(lambda line: line + b"\n"),
    st.sampled_from([lines(FILE), lines(OTHER), lines(trailer()), lines(HEADER), b"\n", b"null\n"]),
    st.dictionaries(
        st.sampled_from([column.name for column in TABLES["dicom_files"].columns] + ["complete", "x"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.none())
        ),
    ).map(lines),
)


@given(st.lists(PIECES, max_size=12), st.booleans())
def test_no_line_raises_and_none_is_lost(pieces: list[bytes], breaks: bool) -> None:
    """Whatever stands behind a header: no exception, and every line ends as row, quarantined or ignored."""
    content = lines(HEADER) + b"".join(pieces)
    result = read(content, breaks=breaks)
    seen = sum(batch.records for batch in result.batches if batch.table == "dicom_files")
    total = len(io.BytesIO(content).readlines()) - 1 + breaks
    assert total - seen in (0, 1)  # one line may be the trailer
    assert len(result.scans) == 1
    assert result.scans[0]["started_at"] == STARTED
    assert result.scans[0]["finished_at"] in (None, STARTED + timedelta(minutes=30))
