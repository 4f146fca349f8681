"""Every file of a store, in a fixed order, without altering it and without leaving it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

_NO_TRACE = getattr(os, "O_NOATIME", 0)
_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    # A pipe must not hold the walk, nor a link that was put in a file's place lead it away.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something in the store: `name` relative to its root, and what it is.

    `link` is one that was not followed, because its target is walked anyway or is nowhere; `outside`
    leads out of the store; `unlistable` is a folder.
    """

    name: str
    path: Path
    what: Literal["file", "special", "link", "outside", "unlistable"]
    reason: str = ""


def walk(root: Path, *, follow_symlinks: bool = False) -> Iterator[Found]:
    """Walk a folder: the files of each folder by name (as bytes), then its folders.

    Links to folders are never followed: a folder within the root is walked under its own name, so
    there is no loop. With `follow_symlinks` a link to a file within the root counts as a file.
    """
    root = root.resolve()
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            entries = _list(root / folder)
        except OSError as error:
            yield Found(
                f"{_text(folder)}/", root / folder, "unlistable", error.strerror or type(error).__name__
            )
            continue
        inner = []
        for name, what in entries:
            place = f"{folder}/{name}" if folder else name
            if what == "folder":
                inner.append(place)
            elif what == "link":
                yield _link(root, place, follow_symlinks)
            else:
                yield Found(_text(place), root / place, what)
        pending += reversed(inner)


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file for reading, without leaving a time of access where that is allowed; and its size.

    Raises OSError, also when the file has become something else meanwhile.
    """
    descriptor = _open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "Not a regular file")
        if hasattr(os, "posix_fadvise"):
            # Read-ahead would fetch pixel data that nobody looks at.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        yield file, status.st_size


def _open(path: Path, flags: int) -> int:
    if _NO_TRACE:
        # Only the owner of a file may read it without trace.
        with suppress(PermissionError):
            return os.open(path, flags | _NO_TRACE)
    return os.open(path, flags)


def _list(folder: Path) -> list[tuple[str, Literal["file", "folder", "link", "special"]]]:
    """Names, sorted as bytes, so that the order does not depend on a locale."""
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as entries:
            return sorted(((entry.name, _what(entry)) for entry in entries), key=_as_bytes)
    descriptor = _open(folder, _READ | getattr(os, "O_DIRECTORY", 0))
    try:
        with os.scandir(descriptor) as entries:
            return sorted(((entry.name, _what(entry)) for entry in entries), key=_as_bytes)
    finally:
        os.close(descriptor)


def _as_bytes(entry: tuple[str, str]) -> bytes:
    return os.fsencode(entry[0])


def _what(entry: os.DirEntry[str]) -> Literal["file", "folder", "link", "special"]:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def _link(root: Path, place: str, follow: bool) -> Found:
    path = root / place
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return Found(_text(place), path, "link", "leads nowhere, or round in a loop")
    if not target.is_relative_to(root):
        return Found(_text(place), path, "outside", "leads out of the store")
    if follow and target.is_file():
        return Found(_text(place), target, "file")
    return Found(_text(place), path, "link", "its target is walked under its own name")


def _text(name: str) -> str:
    r"""A name for the evidence; bytes that are not UTF-8 are written out as \xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
