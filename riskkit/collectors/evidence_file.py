"""New evidence files: whole or under a `.partial` name, never over an older one, for their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from riskkit.errors import CollectError

PARTIAL = ".partial"


def stamp(instant: datetime) -> str:
    """An instant for a file name, UTC: `20261001T041500Z`; raises CollectError without a zone."""
    if instant.tzinfo is None:
        raise CollectError("the clock gave a time without zone")
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def iso(instant: datetime) -> str:
    """An instant as ISO 8601 in UTC."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def new_evidence_file(path: Path, *, keep_partial: bool = False) -> Iterator[IO[bytes]]:
    """Write `path` under a `.partial` name, mode 0600, and give it its own name when all went well.

    What an error interrupts is deleted, or with `keep_partial` left under the `.partial` name.
    Raises CollectError when either name is taken or the folder cannot be written.
    """
    partial = path.with_name(path.name + PARTIAL)
    if path.exists():
        raise CollectError(
            "exists already", file=path, do="Evidence is never overwritten: collect again later"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CollectError(
            "is being written by another run", file=partial, do="Wait, or remove it"
        ) from error
    except OSError as error:
        raise CollectError(f"cannot be written ({error.strerror})", file=partial) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        if not keep_partial:
            partial.unlink(missing_ok=True)
        raise
