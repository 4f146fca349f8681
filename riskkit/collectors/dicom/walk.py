"""Every folder and file of a store, in a fixed order, without altering it and without leaving it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from riskkit.collectors.dicom.source import Stored

_NO_TRACE = getattr(os, "O_NOATIME", 0)
_ADVISE, _RANDOM = getattr(os, "posix_fadvise", None), getattr(os, "POSIX_FADV_RANDOM", 0)
_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    # A pipe must not hold the walk, nor a link that was put in a file's place lead it away.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
_BY_DESCRIPTOR = os.scandir in os.supports_fd and os.stat in os.supports_dir_fd


@dataclass(frozen=True, slots=True)
class Found:
    """Something in the store that is no plain file: `name` relative to its root, and what it is.

    `link` is one that was not followed, because its target is walked anyway or is nowhere; `outside`
    leads out of the store; `unlistable` is a folder; `file` is what a link that was followed leads to.
    """

    name: str
    path: Path
    what: Literal["file", "special", "link", "outside", "unlistable"]
    reason: str = ""


@dataclass(slots=True)
class Folder:
    """A folder: its place below the root, the sorted names of its files, and what else is in it.

    `status` gives the state of a file by its name, as long as the walk stays at this folder.
    """

    place: str
    path: str
    files: list[str] = field(default_factory=list)
    others: list[Found] = field(default_factory=list)
    status: Callable[[str], os.stat_result] = os.lstat

    @property
    def prefix(self) -> str:
        """What the paths of its files begin with in the evidence."""
        return f"{text(self.place)}/" if self.place else ""


def walk(root: Path, *, follow_symlinks: bool = False) -> Iterator[Folder]:
    """Walk the folders of a store: each one, then the folders in it, in the order of their names.

    Links to folders are never followed: a folder within the root is walked under its own name, so
    there is no loop. With `follow_symlinks` a link to a file within the root counts as a file.
    """
    root = root.resolve()
    pending = [""]
    while pending:
        place = pending.pop()
        folder = Folder(place, os.path.join(root, place) if place else str(root))  # noqa: PTH118 - speed
        try:
            with _listed(folder) as inner:
                links = [name for name, what in inner if what == "link"]
                folder.others += [_link(root, _below(place, name), follow_symlinks) for name in links]
                yield folder
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield Folder(
                place, folder.path, others=[Found(f"{text(place)}/", root / place, "unlistable", reason)]
            )
            continue
        pending += (_below(place, name) for name, what in reversed(inner) if what == "folder")


def count_files(root: Path) -> int:
    """How many files there are, without looking at any."""
    return sum(len(folder.files) for folder in walk(root))


def opened(path: str | Path) -> Stored:
    """Open a regular file for reading, without leaving a time of access where that is allowed.

    To be closed, or used as a context. Raises OSError, also when the file has become something else.
    """
    descriptor, untouched = _open(path, _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "Not a regular file")
        if _ADVISE:
            # Read-ahead would fetch pixel data that nobody looks at.
            _ADVISE(descriptor, 0, 0, _RANDOM)
    except OSError:
        os.close(descriptor)
        raise
    return Stored(descriptor, status.st_size, untouched)


def text(name: str) -> str:
    r"""A name for the evidence; bytes that are not UTF-8 are written out as \xNN."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def _below(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def _open(path: str | Path, flags: int) -> tuple[int, bool]:
    """Also says whether the time of access stays as it is for certain."""
    if _NO_TRACE:
        try:
            return os.open(path, flags | _NO_TRACE), True
        except PermissionError:
            pass  # only the owner of a file may read it without trace
    return os.open(path, flags), False


@contextmanager
def _listed(folder: Folder) -> Iterator[list[tuple[str, Literal["folder", "link"]]]]:
    """Fill in the folder; give its sorted folders and links. Sorted by code points, whatever the locale."""
    if not _BY_DESCRIPTOR:
        folder.status = lambda name: os.lstat(os.path.join(folder.path, name))  # noqa: PTH118 - speed
        yield _entries(folder, folder.path)
        return
    descriptor, _ = _open(folder.path, _READ | getattr(os, "O_DIRECTORY", 0))
    try:
        folder.status = lambda name: os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        yield _entries(folder, descriptor)
    finally:
        os.close(descriptor)


def _entries(folder: Folder, place: str | int) -> list[tuple[str, Literal["folder", "link"]]]:
    inner: list[tuple[str, Literal["folder", "link"]]] = []
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                folder.files.append(entry.name)
            elif entry.is_symlink():
                inner.append((entry.name, "link"))
            elif entry.is_dir(follow_symlinks=False):
                inner.append((entry.name, "folder"))
            else:
                name = _below(folder.place, entry.name)
                folder.others.append(Found(text(name), Path(folder.path) / entry.name, "special"))
    folder.files.sort()
    folder.others.sort(key=lambda found: found.name)
    inner.sort()
    return inner


def _link(root: Path, place: str, follow: bool) -> Found:
    path = root / place
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return Found(text(place), path, "link", "leads nowhere, or round in a loop")
    if not target.is_relative_to(root):
        return Found(text(place), path, "outside", "leads out of the store")
    if follow and target.is_file():
        return Found(text(place), target, "file")
    return Found(text(place), path, "link", "its target is walked under its own name")
