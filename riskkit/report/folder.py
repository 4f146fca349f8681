"""A report appears whole or not at all: built beside its place, renamed when it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from riskkit.errors import ReportError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

MANIFEST = "manifest.json"
"""The last file that is written; a folder without it is no report."""

DIGEST = "digest"
"""Where sealed JSON keeps its own SHA-256."""


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, and wait until it is on the disk."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write(draft, content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def canonical(data: Any) -> bytes:
    """JSON that is the same bytes for the same data: sorted keys, one space, UTF-8, a line end."""
    text = json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def sealed(data: Mapping[str, Any]) -> bytes:
    """Canonical JSON that holds its own SHA-256 as `digest`: a changed byte shows without anything beside."""
    content = {name: value for name, value in data.items() if name != DIGEST}
    return canonical({**content, DIGEST: hashlib.sha256(canonical(content)).hexdigest()})


def is_sealed(content: bytes, data: Mapping[str, Any]) -> bool:
    """Whether these bytes, which were read as `data`, are as `sealed` writes them."""
    try:
        return sealed(data) == content
    except ValueError:
        return False


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold a report's place for this run; raises ReportError when another run holds it.

    The lock ends with the process, however it ends; the empty file stays.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        file = (out.parent / f".{out.name}.lock").open("ab")
    except OSError as error:
        raise ReportError(
            f"cannot be written ({error.strerror})", file=out.parent, do="Name another --out"
        ) from error
    with file:
        try:
            _lock(file)
        except OSError as error:
            raise ReportError(
                "another run makes this report just now", file=out, do="Wait until it has ended"
            ) from error
        yield


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A private folder to fill; it takes the place of `out` when the block ends well, else it goes.

    Call it under `exclusive`. Raises ReportError when `out` holds something that is not a report.
    """
    retired = out.parent / f".{out.name}.old"
    if retired.exists() and not out.exists():
        retired.rename(out)  # a run was stopped between its two renames
    if out.exists() and not _replaceable(out):
        raise ReportError("is there and is no report", file=out, do="Name another --out, or move it away")
    for left in out.parent.glob(f".{out.name}.new-*"):
        shutil.rmtree(left)
    draft = out.parent / f".{out.name}.new-{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    try:
        yield draft
        _sync(draft)
        shutil.rmtree(retired, ignore_errors=True)
        if out.exists():
            out.rename(retired)
        try:
            draft.rename(out)
        except OSError:
            if retired.exists():
                retired.rename(out)
            raise
        _sync(out.parent)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replaceable(out: Path) -> bool:
    return out.is_dir() and not out.is_symlink() and ((out / MANIFEST).is_file() or not any(out.iterdir()))


def _sync(folder: Path) -> None:
    if sys.platform != "win32":  # there a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
