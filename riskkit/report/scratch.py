"""Where a run works: gone when it ends, and what runs that were killed left goes when the next one begins.

Whatever notebooks leave lies in the work folder, which is as private as the evidence. Sockets need a short
name, so those lie under TMPDIR, with keys of connections and nothing else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from riskkit.store import DRAFT, PRIVATE, draft_name, is_orphan, private_folder, remove_abandoned

RUNNING = "running"
_SOCKETS = "rk-"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Two folders of mode 0700: one to work in, and one with a short name for sockets."""

    folder: Path
    sockets: Path

    def part(self, name: str) -> Scratch:
        """New folders in these two."""
        own = Scratch(self.folder / name, self.sockets / name)
        own.folder.mkdir(mode=PRIVATE)
        own.sockets.mkdir(mode=PRIVATE)
        return own


@contextmanager
def scratch_folders(work: Path) -> Iterator[Scratch]:
    """Folders for one run, in `work` and under TMPDIR; those of runs that died are removed first."""
    private_folder(work)
    place = private_folder(work.resolve() / RUNNING)
    remove_abandoned(place)
    short = Path(tempfile.gettempdir())
    _remove_sockets(short)
    name = draft_name()
    scratch = Scratch(place / name, short / name.replace(DRAFT, _SOCKETS, 1))
    try:
        scratch.folder.mkdir(mode=PRIVATE)
        scratch.sockets.mkdir(mode=PRIVATE)
        yield scratch
    finally:
        shutil.rmtree(scratch.sockets, ignore_errors=True)
        shutil.rmtree(scratch.folder, ignore_errors=True)


def _remove_sockets(short: Path) -> None:
    """Those of this user's runs that died; whoever else writes here owns what carries such a name."""
    for path in short.glob(f"{_SOCKETS}*"):
        with suppress(OSError):  # its own run may just remove it
            mine = os.name == "posix" and path.lstat().st_uid == os.geteuid()
            if mine and not path.is_symlink() and is_orphan(path.name.replace(_SOCKETS, DRAFT, 1)):
                shutil.rmtree(path, ignore_errors=True)
