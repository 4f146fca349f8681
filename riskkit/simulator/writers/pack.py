"""The folder that is being written: files for their owner only, with their custody and their hashes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, cast

from riskkit.errors import SettingsError
from riskkit.simulator.span import Span

HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Custody:
    """Who exported a file, when, where, and how."""

    by: str
    at: datetime
    system: str
    command: str
    filters: str = ""
    approved_by: str = ""


class Pack:
    """Writes files into a new folder; raises SettingsError when the folder is in use."""

    def __init__(self, root: Path, span: Span) -> None:
        self.root, self.span = root, span
        self.custody: dict[str, Custody] = {}
        taken = sorted(path.name for path in root.iterdir() if path.name != HISTORY) if root.is_dir() else []
        if taken or (root.exists() and not root.is_dir()):
            raise SettingsError("is not empty", file=root, do="Name a new folder: nothing is overwritten")
        self._folder(root)

    def text(self, name: str, content: str, custody: Custody | None = None) -> None:
        """Write a UTF-8 file."""
        with self.open(name, custody) as file:
            file.write(content.encode())

    def table(
        self,
        name: str,
        columns: Iterable[str],
        rows: Iterable[Iterable[object]],
        custody: Custody | None = None,
    ) -> None:
        """Write a CSV file: dates and instants as ISO 8601, truth as yes and no, None as nothing."""
        with self.rows(name, columns, custody) as write:
            for row in rows:
                write(row)

    @contextmanager
    def rows(self, name: str, columns: Iterable[str], custody: Custody | None = None) -> Iterator[RowWriter]:
        """Open a CSV file for rows that come one by one."""
        with self.open(name, custody) as file:
            lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
            write = RowWriter(lines, self.span)
            write(columns)
            yield write
            lines.flush()
            lines.detach()

    @contextmanager
    def open(self, name: str, custody: Custody | None = None) -> Iterator[IO[bytes]]:
        """Open a new file, mode 0600; a name that ends in .gz is packed, with no time inside."""
        path = self.root / name
        self._folder(path.parent)
        if custody:
            self.custody[name] = custody
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            if not name.endswith(".gz"):
                yield raw
                return
            with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
                yield cast("IO[bytes]", packed)

    def moment(self, days_before: int, hour: float) -> datetime:
        """A local hour some days before the last, such as that of an export."""
        return self.span.at(self.span.back(days_before), hour)

    def stamp(self, at: datetime) -> str:
        """An instant as ISO 8601 with the site's offset, to the second."""
        return self.span.local(at).isoformat(timespec="seconds")

    def manifest(self, title: str) -> None:
        """Write MANIFEST: a comment with the parameters, then what sha256sum writes and checks."""
        lines = [f"# {title}"]
        for path in sorted(self.root.rglob("*"), key=lambda path: path.relative_to(self.root).as_posix()):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not name.startswith(f"{HISTORY}/"):
                with path.open("rb") as file:
                    lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}")
        self.text("MANIFEST", "\n".join(lines) + "\n")

    def _folder(self, folder: Path) -> None:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700)


class RowWriter:
    """Writes the rows of a CSV file."""

    def __init__(self, lines: IO[str], span: Span) -> None:
        self._writer, self._span = csv.writer(lines, lineterminator="\n"), span

    def __call__(self, row: Iterable[object]) -> None:
        """Write the cells of a row in the order of the columns."""
        self._writer.writerow([self._cell(value) for value in row])

    def _cell(self, value: object) -> object:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return self._span.local(value).isoformat(timespec="seconds")
        if isinstance(value, date):
            return value.isoformat()
        return "" if value is None else value
