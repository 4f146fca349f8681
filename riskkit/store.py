"""The work folder: rows of evidence that were read before, keyed by content. Safe to delete."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskkit.errors import EvidenceError

RECEIPT = "receipt.json"
PRIVATE = 0o700


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, mode 0700; raises EvidenceError when it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    except OSError as error:
        raise EvidenceError(
            f"the folder cannot be made ({error.strerror})",
            file=path,
            do="Name a writable one with --work",
        ) from error
    return path


class Entry:
    """One entry while it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.receipt: dict[str, Any] = {}

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows of a table."""
        if not rows.num_rows:
            return
        writer = self._writers.get(table)
        if writer is None:
            writer = pq.ParquetWriter(self._folder / f"{table}.parquet", rows.schema, compression="zstd")
            self._writers[table] = writer
        writer.write_table(rows)

    def close(self) -> None:
        """Finish all files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


class Store:
    """Append-only folder of entries; an entry appears whole or not at all, also with two writers."""

    def __init__(self, work: Path) -> None:
        self.root = private_folder(work / "store")

    @staticmethod
    def key(*parts: str) -> str:
        """The name of an entry: SHA-256 over everything that its rows depend on."""
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def receipt(self, key: str) -> dict[str, Any] | None:
        """What was noted when the entry was written; None when there is no (readable) entry."""
        try:
            content: dict[str, Any] = json.loads((self.root / key / RECEIPT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content

    def file(self, key: str, table: str) -> Path | None:
        """The Parquet file of one table of an entry, if it has rows."""
        path = self.root / key / f"{table}.parquet"
        return path if path.is_file() else None

    @contextmanager
    def write(self, key: str) -> Iterator[Entry]:
        """Write an entry: rows through the yielded Entry, its `receipt` last, then all at once."""
        draft = private_folder(self.root / f".draft-{os.getpid()}-{secrets.token_hex(4)}")
        entry = Entry(draft)
        try:
            yield entry
            entry.close()
            (draft / RECEIPT).write_text(json.dumps(entry.receipt, sort_keys=True), encoding="utf-8")
            self._publish(draft, self.root / key)
        finally:
            entry.close()
            shutil.rmtree(draft, ignore_errors=True)

    def _publish(self, draft: Path, final: Path) -> None:
        try:
            draft.rename(final)
        except OSError:
            if self.receipt(final.name) is not None:
                return  # another run was first; same key, same rows
            shutil.rmtree(final, ignore_errors=True)
            draft.rename(final)


def purge(work: Path, *, older_than_seconds: float, now: float) -> Mapping[str, int]:
    """Delete entries and memoized assessments not touched for so long; returns bytes by name.

    The caller gives the time: nothing here reads a clock.
    """
    disposed: dict[str, int] = {}
    for folder in (work / "store", work / "assessments"):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if now - path.stat().st_mtime < older_than_seconds:
                continue
            files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
            disposed[path.relative_to(work).as_posix()] = sum(file.stat().st_size for file in files)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return disposed
