"""What an earlier run read: files that changed or vanished since are told to whoever runs the next one.

The ledger lies in the work folder, which may be deleted: it warns, and no verdict rests on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from riskkit.model import Source
from riskkit.store import replace_file

LEDGER = "seen.json"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was read, and the number of the run that saw this content first."""

    sha256: str
    size: int
    first_run: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one pack; `run` counts the runs that were noted."""

    run: int = 0
    files: dict[str, _Seen] = field(default_factory=dict)


_CONTENT = TypeAdapter(dict[str, _Known])


def since_last(work: Path, pack: Path, sources: Iterable[Source]) -> tuple[str, ...]:
    """Which files changed or vanished since the run that the ledger remembers, a sentence each."""
    now = {_file(source): source for source in sources}
    told = []
    for name, seen in sorted(_known(work, pack).files.items()):
        if not (pack / name).exists():
            told.append(f"{name} is gone since the last reading")
        elif name in now and now[name].sha256 != seen.sha256:
            told.append(
                f"{name} changed since the last reading ({seen.size:,} bytes, now {now[name].size:,})"
            )
    return tuple(told)


def is_known(work: Path, pack: Path) -> bool:
    """Whether the ledger remembers a run of this pack."""
    return _known(work, pack).run > 0


def remember_files(work: Path, pack: Path, sources: Iterable[Source]) -> None:
    """Note what is there now; the next comparison is with this."""
    known = _known(work, pack)
    run = known.run + 1
    # Another period reads other history: what is there and was not asked for is not forgotten.
    files = {name: seen for name, seen in known.files.items() if (pack / name).exists()}
    for source in sources:
        name = _file(source)
        if name not in files or files[name].sha256 != source.sha256:
            files[name] = _Seen(source.sha256, source.size, run)
    content = {**_read(work), _name(work, pack): _Known(run, dict(sorted(files.items())))}
    replace_file(work / LEDGER, _CONTENT.dump_json(content, indent=1).decode())


def _file(source: Source) -> str:
    return source.name.partition("!")[0]


def _known(work: Path, pack: Path) -> _Known:
    return _read(work).get(_name(work, pack), _Known())


def _name(work: Path, pack: Path) -> str:
    """The pack as seen from the work folder: both may be moved together."""
    try:
        return Path(os.path.relpath(pack.resolve(), work.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return pack.resolve().as_posix()


def _read(work: Path) -> dict[str, _Known]:
    try:
        return _CONTENT.validate_json((work / LEDGER).read_bytes())
    except (OSError, ValidationError):
        return {}
