"""The work folder: rows of evidence that were read before, keyed by content. Safe to delete."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskkit.errors import EvidenceError

RECEIPT = "receipt.json"
FILES = "files"
"""In a receipt: the size of each file of the entry."""

LAYOUT = "3"
"""Raised when entries look different on disk, so that older ones are not taken for new ones."""

MEMOIZED = ("assessments", "pages")
"""Folders beside the entries: verdicts and pages that were made before from the same inputs."""

REST = "rest"
"""The partition of rows without a time, and of months beyond MOST_MONTHS."""

MOST_MONTHS = 120
"""Each month of an entry keeps a file open while it is written; a trail of ten years is a long one."""

FIRST_US, END_US = -62_135_596_800_000_000, 253_402_300_800_000_000
"""The years 1 to 9999, as µs since 1970 UTC: what a calendar holds."""

PRIVATE = 0o700
DRAFT = ".draft-"
DAY_SECONDS = 86_400


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


def draft_name() -> str:
    """A new name for what is not complete yet; it tells whose it is, should its run die."""
    return f"{DRAFT}{_here()}-{os.getpid()}-{secrets.token_hex(4)}"


def replace_file(path: Path, text: str) -> None:
    """Write a file (mode 0600) so that a reader sees the old one or the new one, never a part."""
    draft = path.with_name(draft_name())
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Remove the drafts of runs that died: of a process gone from this host, or older than a day.

    The age is told by the file system itself: nothing here reads a clock.
    """
    drafts = list(folder.glob(f"{DRAFT}*"))
    if not drafts:
        return
    os.utime(folder)
    now = folder.stat().st_mtime
    for draft in drafts:
        with suppress(OSError):  # its own run may just have completed it
            if now - draft.stat().st_mtime > DAY_SECONDS or is_orphan(draft.name):
                _dispose(draft)


def is_orphan(draft: str) -> bool:
    """Whether the run that took this name for a draft is known to have died."""
    host, _, rest = draft.removeprefix(DRAFT).partition("-")
    pid = rest.partition("-")[0]
    if os.name != "posix" or host != _here() or not pid.isdecimal():
        return False  # elsewhere a process cannot be asked for, or asking would end it
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@cache
def _here() -> str:
    """This host; containers that share its name number their processes apart."""
    numbering = Path("/proc/self/ns/pid")
    inode = numbering.stat().st_ino if numbering.exists() else 0
    return hashlib.sha256(f"{platform.node()} {inode}".encode()).hexdigest()[:12]


def _dispose(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class Entry:
    """One entry while it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[tuple[str, str], pq.ParquetWriter] = {}
        self._months: set[str] = set()
        self.receipt: dict[str, Any] = {}

    def append(self, table: str, rows: pa.Table, *, by_month: str | None = None) -> None:
        """Add rows of a table, each month of the time column `by_month` (µs since 1970 UTC) apart."""
        if by_month is None:
            self._write(table, "", rows)
            return
        months = _months(rows[by_month])
        for month in pc.unique(months).to_pylist():
            part = rows.filter(pc.equal(months, pa.scalar(month)))
            self._write(table, self._partition(month), part)

    def close(self) -> dict[str, int]:
        """Finish all files; returns the size of each by its name in the entry."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        files = sorted(self._folder.rglob("*.parquet"))
        return {file.relative_to(self._folder).as_posix(): file.stat().st_size for file in files}

    def _partition(self, month: str) -> str:
        if month not in self._months and len(self._months) >= MOST_MONTHS:
            return REST
        self._months.add(month)
        return month

    def _write(self, table: str, partition: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        writer = self._writers.get((table, partition))
        if writer is None:
            path = self._folder / (f"{table}/{partition}.parquet" if partition else f"{table}.parquet")
            path.parent.mkdir(mode=PRIVATE, exist_ok=True)
            writer = pq.ParquetWriter(path, rows.schema, compression="zstd")
            self._writers[table, partition] = writer
        writer.write_table(rows)


def _months(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """The UTC month of each time as `2026-10`; REST where there is none, or none that a calendar holds."""
    known = pc.and_(pc.greater_equal(times, FIRST_US), pc.less(times, END_US))
    instants = pc.if_else(known, times, None).cast(pa.timestamp("us"))
    return pc.fill_null(pc.strftime(instants, format="%Y-%m"), REST)


class Store:
    """Append-only folder of entries; an entry appears whole or not at all, also with two writers.

    An entry holds `TABLE.parquet`, or `TABLE/MONTH.parquet` of a big table of events, and a receipt.
    """

    def __init__(self, work: Path) -> None:
        self.root = private_folder(work / "store")
        for name in ("", "store", *MEMOIZED):
            remove_abandoned(work / name)

    @staticmethod
    def key(*parts: str) -> str:
        """The name of an entry: SHA-256 over everything that its rows depend on."""
        return hashlib.sha256("\x1f".join((LAYOUT, *parts)).encode()).hexdigest()

    def receipt(self, key: str) -> dict[str, Any] | None:
        """What was noted when the entry was written; None when there is none, or a file of it is damaged."""
        folder = self.root / key
        try:
            content: dict[str, Any] = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
            # A file that was cut or lost must lead to a new reading, not to fewer events.
            whole = all((folder / name).stat().st_size == size for name, size in content.pop(FILES).items())
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return content if whole else None

    def files(self, key: str, table: str) -> tuple[Path, ...]:
        """The Parquet files of one table of an entry, by month where it has months; none without rows."""
        whole = self.root / key / f"{table}.parquet"
        return (whole,) if whole.is_file() else tuple(sorted((self.root / key / table).glob("*.parquet")))

    @contextmanager
    def write(self, key: str) -> Iterator[Entry]:
        """Write an entry: rows through the yielded Entry, its `receipt` last, then all at once."""
        draft = private_folder(self.root / draft_name())
        entry = Entry(draft)
        try:
            yield entry
            noted = {**entry.receipt, FILES: entry.close()}
            (draft / RECEIPT).write_text(json.dumps(noted, sort_keys=True), encoding="utf-8")
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
            damaged = self.root / draft_name()
            final.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
            draft.rename(final)


def purge(work: Path, *, older_than_seconds: float, now: float) -> Mapping[str, int]:
    """Delete entries, memoized assessments and pages not touched for so long; returns bytes by name.

    The caller gives the time: nothing here reads a clock.
    """
    disposed: dict[str, int] = {}
    for folder in (work / name for name in ("store", *MEMOIZED)):
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
