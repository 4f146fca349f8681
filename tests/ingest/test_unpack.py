"""Containers are opened once, with caps, and a cell means what the person in front of it saw."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from riskkit.errors import EvidenceError
from riskkit.ingest import Caps, unpack


def contents(path: Path, caps: Caps | None = None) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for member in unpack(path, path.name, caps or Caps()):
        if member.problem:
            found[member.name] = member.problem
            continue
        with member.open() as file:
            found[member.name] = file.read()
    return found


def test_plain_file_is_itself(tmp_path: Path) -> None:
    """A file that is no container is its own member."""
    (tmp_path / "a.csv").write_bytes(b"x")
    assert contents(tmp_path / "a.csv") == {"a.csv": b"x"}


def test_gzip_gives_its_content(tmp_path: Path) -> None:
    """A .gz is known by its magic, whatever it is called."""
    (tmp_path / "a.log").write_bytes(gzip.compress(b"hello"))
    assert contents(tmp_path / "a.log") == {"a.log": b"hello"}


def test_zip_members_and_gz_inside(tmp_path: Path) -> None:
    """Each file of a zip is a member of its own, and a .gz among them is opened too."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b/one.csv", "1")
        archive.writestr("two.log.gz", gzip.compress(b"2"))
    assert contents(tmp_path / "a.zip") == {"a.zip!b/one.csv": b"1", "a.zip!two.log.gz": b"2"}


@pytest.mark.parametrize("name", ["../out.csv", "/etc/passwd", "a\\..\\b"])
def test_zip_path_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    """A member whose path climbs out is reported, never opened."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    assert list(contents(tmp_path / "a.zip").values()) == ["its path leaves the archive"]


def test_bomb_is_stopped(tmp_path: Path) -> None:
    """A member that unpacks beyond its cap raises instead of filling the memory."""
    caps = Caps(ratio=10, ratio_floor=1000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"0" * 1_000_000))
    with pytest.raises(EvidenceError, match="more than its limit"):
        contents(tmp_path / "a.gz", caps)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"0" * 1_000_000)
    with pytest.raises(EvidenceError, match="more than its limit"):
        contents(tmp_path / "a.zip", caps)


@pytest.mark.parametrize("cut", [12, 20, 25])
def test_broken_compression_is_an_evidence_error(tmp_path: Path, cut: int) -> None:
    """A cut-off .gz is an error that names the file, not a traceback of zlib."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"hello world, hello world")[:cut])
    with pytest.raises(EvidenceError, match=r"a\.gz.*broken or cut off"):
        contents(tmp_path / "a.gz")


def test_broken_zip_and_workbook_are_named(tmp_path: Path) -> None:
    """What only looks like an archive is a problem, not an exception."""
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    assert contents(tmp_path / "a.zip") == {"a.zip": "the archive is broken"}
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    assert contents(tmp_path / "b.xlsx") == {"b.xlsx": "the workbook cannot be read"}


def test_workbook_cells_read_as_seen(tmp_path: Path) -> None:
    """Leading zeros, dates, booleans and whole numbers come out as a person would have typed them."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Accounts"
    sheet.append(["id", "shown", "day", "at", "flag", "count", "none"])
    sheet.append(
        ["00042", 42, date(2026, 10, 1), datetime.fromisoformat("2026-10-01 07:30"), True, 3.0, None]
    )
    sheet["B2"].number_format = "00000"
    other = book.create_sheet("Second")
    other.append(["x"])
    book.create_sheet("Empty")
    stream = io.BytesIO()
    book.save(stream)
    (tmp_path / "a.xlsx").write_bytes(stream.getvalue())
    assert contents(tmp_path / "a.xlsx") == {
        "a.xlsx!Accounts": b"id,shown,day,at,flag,count,none\n"
        b"00042,00042,2026-10-01,2026-10-01 07:30:00,true,3,\n",
        "a.xlsx!Second": b"x\n",
    }
