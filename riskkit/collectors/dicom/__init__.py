"""`collect dicom`: what the files of an image store are and give away, as one evidence file.

Format: gzip, one JSON object a line. The first line is the header (`riskkit_dicom_scan`), then comes
one line a file with the columns of the `dicom_files` table that have a value, last the trailer
(`complete`). A walk that was interrupted leaves a file without trailer, under a `.partial` name.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, BinaryIO

from riskkit.collectors.dicom.envelopes import classify
from riskkit.collectors.dicom.header import Header, quiet_pydicom, read_header
from riskkit.collectors.dicom.identifiers import EDITION
from riskkit.collectors.dicom.walk import Found, opened, walk
from riskkit.collectors.evidence_file import iso, new_evidence_file, stamp
from riskkit.errors import CollectError

FORMAT = 1
PROGRESS_EVERY = 1000
_ORTHANC_ZLIB_FROM = 8
_SYSTEM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def collect_dicom(
    root: Path,
    out: Path,
    *,
    system_id: str,
    now: Callable[[], datetime],
    progress: Callable[[str], None] | None = None,
    follow_symlinks: bool = False,
) -> Path:
    """Walk an image store and write `<system_id>-<time>.ndjson.gz` into `out`, a pack's `dicom` folder.

    The store is only read; symbolic links never lead out of it. No attribute's value is kept, only
    which attributes have one. Returns the new file (mode 0600). Raises CollectError when `root` is
    no folder, `out` lies within it, or `system_id` cannot be part of a file name.
    """
    store = _store(root, out, system_id)
    started_at = now()
    scan_id = f"{system_id}-{stamp(started_at)}"
    path = out / f"{scan_id}.ndjson.gz"
    counts: Counter[str] = Counter()
    with new_evidence_file(path, keep_partial=True) as raw, _lines(raw) as write, quiet_pydicom():
        write(
            {
                "riskkit_dicom_scan": FORMAT,
                "scan_id": scan_id,
                "system_id": system_id,
                "root": str(store),
                "started_at": iso(started_at),
                "versions": {"riskkit": version("riskkit"), "pydicom": version("pydicom")},
                "identifiers": EDITION,
            }
        )
        for found in walk(store, follow_symlinks=follow_symlinks):
            if found.what == "link":
                counts["links"] += 1
                continue
            row = _row(found)
            write({name: value for name, value in row.items() if value is not None})
            counts["files"] += 1
            counts["unreadable"] += row["file_class"] == "unreadable"
            if progress and counts["files"] % PROGRESS_EVERY == 0:
                progress(f"{counts['files']} files")
        write(
            {
                "complete": True,
                "finished_at": iso(now()),
                "files": counts["files"],
                "unreadable": counts["unreadable"],
                "links": counts["links"],
            }
        )
    return path


def _store(root: Path, out: Path, system_id: str) -> Path:
    if not _SYSTEM_ID.fullmatch(system_id):
        raise CollectError(
            "the system id must be letters, digits, dots, dashes and underscores",
            do="Use the system_id of inventory/systems.csv",
        )
    try:
        store = root.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise CollectError("there is no such folder", file=root, do="Name the store's root") from error
    if not store.is_dir():
        raise CollectError("is not a folder", file=root, do="Name the store's root")
    if out.resolve().is_relative_to(store):
        raise CollectError(
            "the folder to write to lies within the store",
            file=out,
            do="Write elsewhere: a scan alters nothing",
        )
    return store


@contextmanager
def _lines(raw: IO[bytes]) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes one JSON line; no time in the gzip header: equal content, equal bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:

        def write(line: dict[str, Any]) -> None:
            packed.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")

        yield write


def _row(found: Found) -> dict[str, Any]:
    """The columns of one file; what could not be opened is a row too, with its reason."""
    blank = {"path": found.name, "readable": "unknown"}
    if found.what == "outside":
        return {**blank, "file_class": "symlink", "error": f"symbolic link, not followed: {found.reason}"}
    if found.what == "special":
        return {**blank, "file_class": "other", "error": "not a regular file"}
    if found.what == "unlistable":
        return {**blank, "file_class": "unreadable", "error": f"folder: {found.reason}"}
    try:
        with opened(found.path) as (file, size):
            return {**blank, "size_bytes": size, **_content(file, size)}
    except OSError as error:
        return {**blank, "file_class": "unreadable", "error": error.strerror or type(error).__name__}


def _content(file: BinaryIO, size: int) -> dict[str, Any]:
    kind = classify(file, size)
    row: dict[str, Any] = {
        "file_class": kind.file_class,
        "readable": kind.readable,
        "cipher": kind.cipher,
        "error": kind.remark,
    }
    match kind.file_class:
        case "dicom" | "dicom-no-preamble":
            header = read_header(file, size)
        case "orthanc-zlib":
            header = read_header(file, size, zlib_from=_ORTHANC_ZLIB_FROM)
        case "empty":
            header = Header()
        case _:
            return row
    return row | (_columns(header) if isinstance(header, Header) else {"error": header})


def _columns(header: Header) -> dict[str, Any]:
    # None found in a header that was not read to its end is not none.
    none = 0 if header.problem is None else None
    return {
        "sop_class_uid": header.sop_class_uid,
        "modality": header.modality,
        "transfer_syntax_uid": header.transfer_syntax_uid,
        "direct_identifiers": header.direct or none,
        "quasi_identifiers": header.quasi or none,
        "keywords": "|".join(header.keywords) or None,
        "safe_harbor": "|".join(header.safe_harbor) or None,
        "identity_removed": header.identity_removed,
        "burned_in_annotation": header.burned_in_annotation,
        "private_tags": header.private_tags,
        "error": header.problem,
    }
