"""What earlier scans saw of a store, in SQLite, so that unchanged files are not read again.

A part is up to 500 files of one folder, in the order of their names: their names, their size, time of
change and inode, and their lines of evidence, packed. A scan that was killed left its parts here: the
next one finds them unchanged and goes on behind them. When a scan is complete, only its parts stay.
"""

from __future__ import annotations

import gzip
import heapq
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from riskkit.collectors.dicom.row import Tally
from riskkit.collectors.evidence_file import iso
from riskkit.errors import CollectError

STATUS_BYTES = 24
COMMIT_EVERY_S = 1.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS made_by (signature TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scans (
    id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, recheck INTEGER NOT NULL, finished_at TEXT,
    files INTEGER, evidence TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY, folder BLOB NOT NULL, number INTEGER NOT NULL, scan INTEGER NOT NULL,
    tally TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS places ON parts (folder, number);
CREATE TABLE IF NOT EXISTS bodies (
    id INTEGER PRIMARY KEY, names BLOB NOT NULL, statuses BLOB NOT NULL, lines BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Files of a folder as they were: `names` parted by NUL, 24 bytes of status each, packed lines."""

    id: int
    names: bytes
    statuses: bytes
    lines: bytes
    tally: Tally


class State:
    """The state of one store; one scan at a time.

    `signature` says what the lines depend on besides the files: with another one all is read anew.
    Raises CollectError when another scan is running or the file is no such state.
    """

    def __init__(self, path: Path, signature: str) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
            for line in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._db.execute(f"PRAGMA {line}")
            self._db.executescript(_SCHEMA)
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("SELECT signature FROM made_by").fetchall() != [(signature,)]:
                for table in ("made_by", "scans", "parts", "bodies"):
                    self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand above
                self._db.execute("INSERT INTO made_by VALUES (?)", (signature,))
        except OSError as error:
            raise CollectError(f"cannot be written ({error.strerror})", file=path) from error
        except sqlite3.OperationalError as error:
            raise CollectError(
                "the state of this store is in use", file=path, do="Wait for the other scan to end"
            ) from error
        except sqlite3.DatabaseError as error:
            raise CollectError(
                "is no state of a scan", file=path, do="Delete it: the next scan reads every file"
            ) from error
        self._committed = time.monotonic()
        self._scan, self._oldest = 0, 0
        self.superseded: tuple[str, ...] = ()

    def begin(self, started_at: datetime, evidence: str, *, recheck: bool) -> int | None:
        """Begin a scan, or go on with one that was interrupted; give the files of the last complete one.

        With `recheck` only what this scan has read itself counts as known. The evidence files of the
        interrupted runs are `superseded` once this one is complete.
        """
        unfinished = self._db.execute(
            "SELECT id, evidence, recheck FROM scans WHERE finished_at IS NULL ORDER BY id"
        ).fetchall()
        self.superseded = tuple(name for _, name, _ in unfinished)
        if not recheck:
            # It marks parts as seen without reading them: an interrupted recheck cannot be gone on with.
            self._db.execute("UPDATE scans SET recheck = 0 WHERE finished_at IS NULL")
        cursor = self._db.execute(
            "INSERT INTO scans (started_at, recheck, evidence) VALUES (?, ?, ?)",
            (iso(started_at), recheck, evidence),
        )
        self._scan = cursor.lastrowid or 0
        # An interrupted recheck is gone on with.
        own = [scan for scan, _, again in unfinished if again]
        self._oldest = min([*own, self._scan]) if recheck else 0
        self.commit()
        row = self._db.execute(
            "SELECT files FROM scans WHERE finished_at NOT NULL ORDER BY id DESC"
        ).fetchone()
        return None if row is None else int(row[0])

    def part(self, folder: str, number: int, names: bytes, statuses: bytes) -> Part | None:
        """The known part with just these files in just this state."""
        found = self._db.execute(
            "SELECT parts.id, names, statuses, lines, tally FROM parts JOIN bodies USING (id)"
            " WHERE folder = ? AND number = ? AND scan >= ?",
            (os.fsencode(folder), number, self._oldest),
        )
        for id_, its_names, its_statuses, lines, tally in found:
            if its_names == names and its_statuses == statuses:
                return Part(id_, its_names, its_statuses, lines, Tally.from_json(tally))
        return None

    def keep(self, part: Part) -> None:
        """Note that a part belongs to this scan too."""
        self._db.execute("UPDATE parts SET scan = ? WHERE id = ?", (self._scan, part.id))
        self._sometimes_commit()

    def add(
        self, folder: str, number: int, names: bytes, statuses: bytes, lines: bytes, tally: Tally
    ) -> None:
        """Keep a part that was read."""
        cursor = self._db.execute(
            "INSERT INTO parts (folder, number, scan, tally) VALUES (?, ?, ?, ?)",
            (os.fsencode(folder), number, self._scan, tally.to_json()),
        )
        self._db.execute("INSERT INTO bodies VALUES (?, ?, ?, ?)", (cursor.lastrowid, names, statuses, lines))
        self._sometimes_commit()

    def known(self, folder: str) -> Known:
        """The files of a folder as they were, to be asked for in the order of their names."""
        scans = self._db.execute(
            "SELECT DISTINCT scan FROM parts WHERE folder = ? AND scan >= ? ORDER BY scan DESC",
            (os.fsencode(folder), self._oldest),
        ).fetchall()
        return Known([self._files(folder, scan, age) for age, (scan,) in enumerate(scans)])

    def _files(self, folder: str, scan: int, age: int) -> Iterator[tuple[str, int, bytes, bytes]]:
        ids = self._db.execute(
            "SELECT id FROM parts WHERE folder = ? AND scan = ? ORDER BY number, id",
            (os.fsencode(folder), scan),
        ).fetchall()
        for (id_,) in ids:
            names, statuses, lines = self._db.execute(
                "SELECT names, statuses, lines FROM bodies WHERE id = ?", (id_,)
            ).fetchone()
            packed = gzip.decompress(lines).splitlines(keepends=True)
            for place, name in enumerate(names.split(b"\0")):
                at = place * STATUS_BYTES
                yield os.fsdecode(name), age, statuses[at : at + STATUS_BYTES], packed[place]

    def finish(self, finished_at: datetime, files: int) -> None:
        """Close a complete scan: what it did not see is gone."""
        self._db.execute(
            "UPDATE scans SET finished_at = ?, files = ? WHERE id = ?", (iso(finished_at), files, self._scan)
        )
        self._db.execute("DELETE FROM scans WHERE finished_at IS NULL")
        self._db.execute(
            "DELETE FROM bodies WHERE id IN (SELECT id FROM parts WHERE scan < ?)", (self._scan,)
        )
        self._db.execute("DELETE FROM parts WHERE scan < ?", (self._scan,))
        self.commit()

    def commit(self) -> None:
        """Make durable what was noted."""
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")
        self._committed = time.monotonic()

    def close(self) -> None:
        """Keep what was noted, and let go of the file."""
        with suppress(sqlite3.Error):
            self._db.execute("COMMIT")
        self._db.close()

    def _sometimes_commit(self) -> None:
        if time.monotonic() - self._committed > COMMIT_EVERY_S:
            self.commit()


class Known:
    """Files of a folder that earlier scans saw, asked for by rising name; of two, the younger counts."""

    def __init__(self, files: Sequence[Iterator[tuple[str, int, bytes, bytes]]]) -> None:
        self._files = heapq.merge(*files, key=lambda file: file[:2])
        self._next = next(self._files, None)

    def line(self, name: str, status: bytes) -> bytes | None:
        """The line of a file whose state is still the same."""
        while self._next is not None and self._next[0] < name:
            self._next = next(self._files, None)
        found = None
        while self._next is not None and self._next[0] == name:
            if found is None and self._next[2] == status:
                found = self._next[3]
            self._next = next(self._files, None)
        return found


__all__ = ["Known", "Part", "State"]
