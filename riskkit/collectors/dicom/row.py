"""One file of a store as a row of evidence: what it is, what its header gives away, digests if asked."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from riskkit.collectors.dicom.by_pydicom import LARGEST_VALUE, quiet_pydicom
from riskkit.collectors.dicom.containers import ARCHIVES, CONTAINERS, first_file
from riskkit.collectors.dicom.digests import digests
from riskkit.collectors.dicom.envelopes import DEPTH, ORTHANC_ZLIB_FROM, classify
from riskkit.collectors.dicom.header import Header, read_header
from riskkit.collectors.dicom.kind import Kind
from riskkit.collectors.dicom.source import Inflated, Source
from riskkit.collectors.dicom.walk import Found, opened, text

FIRST_READ = 8 << 10
"""Bytes: most headers are shorter."""


@dataclass(slots=True)
class Tally:
    """Counts over rows: files, how many could not be opened, classes, and problems in words."""

    files: int = 0
    unreadable: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    def count(self, row: dict[str, Any]) -> None:
        """Count one row."""
        self.add_one(row["file_class"], row.get("error"))

    def add_one(self, file_class: str, problem: str | None) -> None:
        """Count one file."""
        self.files += 1
        self.unreadable += file_class == "unreadable"
        self.classes[file_class] += 1
        if problem:
            self.problems[problem] += 1

    def add(self, other: Tally) -> None:
        """Count the rows of another tally too."""
        self.files += other.files
        self.unreadable += other.unreadable
        self.classes += other.classes
        self.problems += other.problems

    def to_json(self) -> str:
        """For the state."""
        return json.dumps([self.files, self.unreadable, self.classes, self.problems])

    @classmethod
    def from_json(cls, content: str) -> Tally:
        """Back from the state."""
        files, unreadable, classes, problems = json.loads(content)
        return cls(files, unreadable, Counter(classes), Counter(problems))


@dataclass(slots=True)
class Read:
    """What came of reading some files: their lines, and what it cost.

    `touched` counts files whose time of access may have changed, `patient` those that pydicom had to read.
    """

    lines: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    bytes_read: int = 0
    touched: int = 0
    patient: int = 0


def read_files(folder: str, prefix: str, names: Sequence[str], key: bytes | None) -> Read:
    """Read the named files of a folder; `prefix` is what their paths in the evidence begin with."""
    read = Read()
    with quiet_pydicom():
        for name in names:
            line = _file(os.path.join(folder, name), prefix + text(name), key, read)  # noqa: PTH118 - speed
            read.lines.append(line)
    return read


def line_of(row: dict[str, Any]) -> bytes:
    """A row as a line of JSON, without the columns that have no value."""
    kept = {name: value for name, value in row.items() if value is not None}
    return json.dumps(kept, separators=(",", ":")).encode() + b"\n"


def row_of(found: Found) -> dict[str, Any]:
    """The row of something in the store that is no file to be read."""
    match found.what:
        case "outside":
            kind, error = "symlink", f"symbolic link, not followed: {found.reason}"
        case "special":
            kind, error = "other", "not a regular file"
        case _:
            kind, error = "unreadable", f"folder: {found.reason}"
    return {"path": found.name, "readable": "unknown", "file_class": kind, "error": error}


def _file(path: str, name: str, key: bytes | None, read: Read) -> bytes:
    """The line of a file; what it counts for goes into `read`."""
    try:
        with opened(path) as source:
            try:
                content = content_of(source, key)
            finally:
                read.bytes_read += source.bytes_read
                read.touched += not source.untouched
            size = source.size
    except OSError as error:
        row = {
            "path": name,
            "readable": "unknown",
            "file_class": "unreadable",
            "error": error.strerror or type(error).__name__,
        }
        read.tally.count(row)
        return line_of(row)
    header = content.header
    read.patient += header is not None and not header.quick
    read.tally.add_one(content.kind.file_class, content.problem)
    columns = _as_json(content.kind, header, content.problem)
    digests = json.dumps(content.digests)[1:-1] + "," if content.digests else ""
    return f'{{"path":{json.dumps(name)},"size_bytes":{size},{digests}{columns}\n'.encode()


@dataclass(slots=True)
class Content:
    """What the content of a file says: its kind, its header if it has one, and digests if asked for."""

    kind: Kind
    header: Header | None = None
    problem: str | None = None
    digests: dict[str, str] = field(default_factory=dict)


def content_of(source: Source, key: bytes | None = None, *, depth: int = DEPTH) -> Content:
    """Look at a file. Use within `quiet_pydicom`; raises OSError.

    What a container holds is looked at too, `depth` of them in turn, and without digests.
    """
    head = source.fetch(0, FIRST_READ)
    kind = classify(source, head)
    zlib_from = None
    match kind.file_class:
        case "dicom" | "dicom-no-preamble":
            found = read_header(source, head)
        case "orthanc-zlib":
            zlib_from = ORTHANC_ZLIB_FROM
            plain = Inflated(source, zlib_from, 15, LARGEST_VALUE)
            head = plain.fetch(0, FIRST_READ)
            if head[128:132] != b"DICM":
                return Content(kind, problem="is compressed, and not DICOM")
            found = read_header(plain, head)
        case "empty":
            return Content(kind, _NO_HEADER)
        case name if name in CONTAINERS and kind.readable == "yes" and depth:
            inner = first_file(source, head, kind.file_class)
            return _contained(kind, None if inner is None else content_of(inner, depth=depth - 1))
        case _:
            return Content(kind, problem=kind.remark)
    if isinstance(found, str):
        return Content(kind, problem=found)
    header, facts = found
    made = {} if key is None else digests(source, facts, key, zlib_from)
    return Content(kind, header, header.problem, {name: value for name, value in made.items() if value})


def _contained(kind: Kind, inner: Content | None) -> Content:
    """A container as what it holds: of an archive no more is said than that its first file has these."""
    if inner is None or inner.header is None:
        return Content(kind, problem=None if inner is None else inner.problem)
    header = inner.header
    if kind.file_class in ARCHIVES:
        header = Header(
            keywords=header.keywords,
            direct=header.direct,
            quasi=header.quasi,
            safe_harbor=header.safe_harbor,
            private_tags=header.private_tags,
            problem="only the first of its files was looked at",
            quick=header.quick,
        )
    return Content(kind, header, header.problem)


_NO_HEADER = Header(quick=True)


# Few kinds of files fill a store: their columns are worded once.
@lru_cache(maxsize=1024)
def _as_json(kind: Kind, header: Header | None, problem: str | None) -> str:
    """The columns that files of one kind with one header share, up to the closing brace."""
    row: dict[str, Any] = {
        "file_class": kind.file_class,
        "readable": kind.readable,
        "cipher": kind.cipher,
        "error": problem,
    }
    if header is not None:
        row |= _columns(header)
    kept = {name: value for name, value in row.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"))[1:]


def _columns(header: Header) -> dict[str, Any]:
    # None found in a header that was not read to its end is not none.
    none = 0 if header.problem is None else None
    return {
        "sop_class_uid": header.sop_class_uid,
        "modality": header.modality,
        "transfer_syntax_uid": header.transfer_syntax_uid,
        "direct_identifiers": header.direct or none,
        "quasi_identifiers": header.quasi or none,
        "keywords": header.keywords or None,
        "safe_harbor": header.safe_harbor or None,
        "identity_removed": header.identity_removed,
        "burned_in_annotation": header.burned_in_annotation,
        "private_tags": header.private_tags,
        "encrypted_attributes": header.encrypted_attributes or None,
        "attributes_cipher": header.attributes_cipher,
        "digital_signatures": header.digital_signatures,
    }
