"""Compression, archives and workbooks are opened here, once, with caps, before any reader sees a byte."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath
from typing import IO, Any

from riskkit.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on what one file may grow into."""

    member_bytes: int = 16 << 30
    ratio: int = 500
    ratio_floor: int = 64 << 20
    members: int = 10_000
    workbook_bytes: int = 256 << 20
    workbook_rows: int = 1_048_576


CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One member of a file, ready to be opened; `problem` says why it cannot be."""

    name: str
    size: int
    opener: Callable[[], AbstractContextManager[IO[bytes]]]
    problem: str = ""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the decompressed bytes from the start."""
        return self.opener()


class Capped(io.RawIOBase):
    """A stream that refuses to give more than a decompression may honestly yield; raises EvidenceError."""

    def __init__(self, inner: IO[bytes], limit: int, name: str) -> None:
        self._inner, self._left, self._name = inner, limit, name

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises EvidenceError past the limit or when the compression is broken."""
        try:
            chunk = self._inner.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise EvidenceError("the compressed data is broken or cut off", file=self._name) from error
        self._left -= len(chunk)
        if self._left < 0:
            raise EvidenceError(
                "unpacks to more than its limit",
                file=self._name,
                do="Split it, or unpack it by hand",
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)


def unpack(path: Path, name: str, caps: Caps = CAPS) -> Iterator[Unpacked]:
    """The members of a file: itself, the content of a .gz, each file of a .zip, each sheet of a workbook."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        yield _gzipped(name, size, lambda: path.open("rb"), caps)
    elif head == b"PK\x03\x04":
        yield from _zipped(path, name, caps)
    else:
        yield Unpacked(name, size, lambda: path.open("rb"))


def _limit(compressed: int, caps: Caps) -> int:
    return min(caps.member_bytes, max(caps.ratio_floor, compressed * caps.ratio))


def _gzipped(
    name: str, size: int, inner: Callable[[], AbstractContextManager[IO[bytes]]], caps: Caps
) -> Unpacked:
    @contextmanager
    def opener() -> Iterator[IO[bytes]]:
        with inner() as raw, gzip.GzipFile(fileobj=raw) as plain:
            yield io.BufferedReader(Capped(plain, _limit(size, caps), name))  # type: ignore[arg-type]

    return Unpacked(name, size, opener)


def _zipped(path: Path, name: str, caps: Caps) -> Iterator[Unpacked]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError):
        yield _refused(name, "the archive is broken")
        return
    if any(info.filename == "xl/workbook.xml" for info in infos):
        yield from _sheets(path, name, caps)
        return
    if len(infos) > caps.members:
        yield _refused(name, f"holds more than {caps.members} files")
        return
    for info in sorted(infos, key=lambda info: info.filename):
        yield _zip_member(path, f"{name}!{info.filename}", info, caps)


def _zip_member(path: Path, name: str, info: zipfile.ZipInfo, caps: Caps) -> Unpacked:
    place = PurePosixPath(info.filename)
    if place.is_absolute() or ".." in place.parts or "\\" in info.filename:
        return _refused(name, "its path leaves the archive")
    if info.flag_bits & 0x1:
        return _refused(name, "is encrypted")

    @contextmanager
    def opener() -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(path) as archive, archive.open(info) as raw:
            yield io.BufferedReader(Capped(raw, _limit(info.compress_size, caps), name))

    if info.filename.endswith(".gz"):
        return _gzipped(name, info.file_size, opener, caps)
    return Unpacked(name, info.file_size, opener)


def _refused(name: str, problem: str) -> Unpacked:
    def opener() -> AbstractContextManager[IO[bytes]]:
        raise EvidenceError(problem, file=name)

    return Unpacked(name, 0, opener, problem)


def _sheets(path: Path, name: str, caps: Caps) -> Iterator[Unpacked]:
    """Each sheet of a workbook as the CSV that a person would have saved."""
    import openpyxl  # noqa: PLC0415 - half a second that most packs need not pay

    if path.stat().st_size > caps.workbook_bytes:
        yield _refused(name, "the workbook is too large")
        return
    try:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)) as book:
            sheets = list(book.sheetnames)
            contents = [_sheet_csv(book[sheet], caps) for sheet in sheets]
    # openpyxl lets many kinds of error through on a damaged workbook; none may end the run.
    except Exception:  # noqa: BLE001
        yield _refused(name, "the workbook cannot be read")
        return
    for sheet, content in zip(sheets, contents, strict=True):
        if content:
            yield _in_memory(f"{name}!{sheet}", content)


def _in_memory(name: str, content: bytes) -> Unpacked:
    return Unpacked(name, len(content), lambda: io.BytesIO(content))


def _sheet_csv(sheet: Any, caps: Caps) -> bytes:
    if not hasattr(sheet, "iter_rows"):
        return b""  # a chart sheet holds no rows
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    written = False
    for number, row in enumerate(sheet.iter_rows()):
        if number >= caps.workbook_rows:
            raise EvidenceError("a sheet has too many rows")
        cells = [_cell(cell) for cell in row]
        written = written or any(cells)
        writer.writerow(cells)
    return text.getvalue().encode() if written else b""


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and re.fullmatch("0+", cell.number_format or ""):
        # A number shown as 00042 is an identifier that lost its zeros to the format.
        return str(value).zfill(len(cell.number_format))
    return str(value)
