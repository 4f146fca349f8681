"""One pass over a store: what is known is copied, what is new or changed is read, all in order."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import IO, Protocol

from riskkit.collectors.dicom.pace import Pace
from riskkit.collectors.dicom.row import FIRST_READ, Read, Tally, line_of, read_files, row_of
from riskkit.collectors.dicom.state import STATUS_BYTES, Known, State
from riskkit.collectors.dicom.walk import Folder, Found, walk
from riskkit.errors import CollectError

PART_FILES = 500
TASK_FILES = 100
TASKS_PER_WORKER = 4
PACKED = 6
"""Effort of gzip, the usual."""
_STATUS = Struct("<3q").pack
_LARGEST_INODE = (1 << 63) - 1
_UNREADABLE = b'"file_class":"unreadable"'


class Task(Protocol):
    """Some files that are being read."""

    def result(self) -> Read:
        """What came of it, when it is done."""


class Readers(Protocol):
    """Whoever reads files."""

    def submit(self, folder: str, prefix: str, names: Sequence[str], key: bytes | None) -> Task:
        """Read these files, now or later."""


@dataclass(slots=True)
class _Done:
    read: Read

    def result(self) -> Read:
        return self.read


class _Here:
    """Reads in this process, at once."""

    def submit(self, folder: str, prefix: str, names: Sequence[str], key: bytes | None) -> Task:
        return _Done(read_files(folder, prefix, names, key))


class _Elsewhere:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(self, folder: str, prefix: str, names: Sequence[str], key: bytes | None) -> Task:
        return self._pool.submit(read_files, folder, prefix, names, key)


@contextmanager
def readers(workers: int) -> Iterator[Readers]:
    """Readers in so many processes; one reads in this one. Raises CollectError when one of them dies."""
    if workers <= 1:
        yield _Here()
        return
    # Not forked: threads of a notebook would not live on in the copies.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        yield _Elsewhere(pool)
    except BrokenProcessPool as error:
        raise CollectError(
            "a worker process died", do="Start the scan again: it goes on where it was"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(slots=True)
class Totals:
    """Counts of a pass; `read` files were opened, the others are known from an earlier scan."""

    tally: Tally = field(default_factory=Tally)
    links: int = 0
    read: int = 0
    bytes_read: int = 0
    touched: int = 0
    patient: int = 0

    def add(self, read: Read) -> None:
        """Count what came of reading."""
        self.read += read.tally.files
        self.bytes_read += read.bytes_read
        self.touched += read.touched
        self.patient += read.patient


@dataclass(slots=True)
class _Part:
    """A part whose files are being read: lines that are known, gaps, and who fills them."""

    folder: str
    number: int
    names: list[str]
    as_one: bytes
    statuses: bytes
    lines: list[bytes | None] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def status(self, place: int) -> bytes:
        """Size, time of change and inode of one file."""
        return self.statuses[place * STATUS_BYTES : (place + 1) * STATUS_BYTES]


class Pass:
    """A walk through a store into an evidence file. `told` is called now and then."""

    def __init__(
        self, state: State, out: IO[bytes], readers: Readers, pace: Pace, key: bytes | None, *, workers: int
    ) -> None:
        self._state, self._out, self._readers, self._pace, self._key = state, out, readers, pace, key
        self._at_once = max(1, workers) * TASKS_PER_WORKER if workers > 1 else 0
        self._pending: deque[_Part] = deque()
        self.totals = Totals()
        self.waiting = False

    def run(self, root: Path, *, follow_symlinks: bool, told: Callable[[], None]) -> None:
        """Walk the whole store; raises what the evidence file or the state raises."""
        for folder in walk(root, follow_symlinks=follow_symlinks):
            self._others(folder.others)
            known: Known | None = None
            names = iter(folder.files)
            number = 0
            while part := list(islice(names, PART_FILES)):
                statuses = _statuses(folder, part)
                as_one = "\0".join(part).encode("utf-8", "surrogateescape")
                seen = self._state.part(folder.place, number, as_one, statuses)
                # What could not be read is tried again: rights change without a trace in the status.
                if seen and not seen.tally.unreadable:
                    self._write_pending()
                    self._state.keep(seen)
                    self._out.write(seen.lines)
                    self.totals.tally.add(seen.tally)
                else:
                    known = known or self._state.known(folder.place)
                    self._read(folder, _Part(folder.place, number, part, as_one, statuses), known, told)
                number += 1
                told()
        self._write_pending()
        told()

    def _others(self, others: Sequence[Found]) -> None:
        """What is no plain file is looked at anew in every pass."""
        lines = []
        for found in others:
            if found.what == "link":
                self.totals.links += 1
            elif found.what == "file":
                read = read_files(str(found.path.parent), "", [found.path.name], self._key)
                row = json.loads(read.lines[0]) | {"path": found.name}
                lines.append(line_of(row))
                self.totals.tally.count(row)
                self.totals.add(read)
            else:
                row = row_of(found)
                lines.append(line_of(row))
                self.totals.tally.count(row)
        if lines:
            self._write_pending()
            self._out.write(packed(b"".join(lines)))

    def _read(self, folder: Folder, part: _Part, known: Known, told: Callable[[], None]) -> None:
        def waiting() -> None:
            self.waiting = True
            told()

        part.lines = [known.line(name, part.status(at)) for at, name in enumerate(part.names)]
        part.lines = [None if line and _UNREADABLE in line else line for line in part.lines]
        todo = [
            (name, max(0, int.from_bytes(part.status(at)[:8], "little", signed=True)))
            for at, (name, line) in enumerate(zip(part.names, part.lines, strict=True))
            if line is None
        ]
        self._pending.append(part)
        for names, cost in self._goes(todo):
            self._pace.wait(waiting)
            self.waiting = False
            self._pace.spent(len(names), cost)
            part.tasks.append(self._readers.submit(folder.path, folder.prefix, names, self._key))
            while len(self._pending) > 1 and self._tasks() > self._at_once:
                self._write(self._pending.popleft())
            told()
        while self._pending and self._tasks() > self._at_once:
            self._write(self._pending.popleft())

    def _goes(self, files: list[tuple[str, int]]) -> Iterator[tuple[list[str], int]]:
        """Files to read in one go, as many as the pace allows for a second, and the bytes that takes."""
        some: list[str] = []
        cost = 0
        most = min(TASK_FILES, self._pace.at_once)
        for name, size in files:
            bytes_read = size if self._key is not None else min(size, FIRST_READ)
            if some and (len(some) >= most or cost + bytes_read > self._pace.bytes_at_once):
                yield some, cost
                some, cost = [], 0
            some.append(name)
            cost += bytes_read
        if some:
            yield some, cost

    def _tasks(self) -> int:
        return sum(len(part.tasks) for part in self._pending)

    def _write_pending(self) -> None:
        while self._pending:
            self._write(self._pending.popleft())

    def _write(self, part: _Part) -> None:
        tally = Tally()
        new: deque[bytes] = deque()
        for task in part.tasks:
            read = task.result()
            self.totals.add(read)
            tally.add(read.tally)
            new += read.lines
        lines = []
        for line in part.lines:
            if line is not None:
                tally.count(json.loads(line))
            lines.append(new.popleft() if line is None else line)
        content = packed(b"".join(lines))
        self._state.add(part.folder, part.number, part.as_one, part.statuses, content, tally)
        self._out.write(content)
        self.totals.tally.add(tally)


def packed(content: bytes) -> bytes:
    """A member of a gzip file (RFC 1952, 2.2): members that follow each other are one content."""
    return gzip.compress(content, PACKED, mtime=0)


def _statuses(folder: Folder, names: list[str]) -> bytes:
    """Size, time of change and inode of the files; of what vanished meanwhile, nothing that a file has."""
    status = folder.status
    found = []
    for name in names:
        try:
            its = status(name)
            found.append(_STATUS(its.st_size, its.st_mtime_ns, its.st_ino & _LARGEST_INODE))
        except OSError:
            found.append(_STATUS(-1, 0, 0))
    return b"".join(found)
