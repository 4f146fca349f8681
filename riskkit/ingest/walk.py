"""Which files of a pack are evidence, and which readers there are."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from riskkit.discovery import find
from riskkit.model import Reader
from riskkit.settings import SITE_FILE

READERS = "riskkit.readers"
MAPPING_SUFFIX = ".mapping.yaml"
PROPOSED_SUFFIX = ".mapping.yaml.proposed"
"""A mapping file that `riskkit inspect --propose` wrote: not used until a person renames it."""
NOT_EVIDENCE = frozenset({SITE_FILE, "MANIFEST", "README.md", "SIMULATED"})
HISTORY = "history"

_IMPORT = re.compile(
    rf"^from {re.escape(READERS)}(?:\.(\w+)[\w.]*)? import (?:\(([\w\s,]+)\)|([\w ,]+))", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the pack: where, under which name, and its mapping file if there is one."""

    path: Path
    name: str
    mapping: Path | None
    problem: str = ""


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, sorted by id."""
    return find(READERS, Reader)


@cache
def code_of(reader: Reader) -> str:
    """A digest of a reader's version and code: what it read before holds only while both stay.

    Its own module or folder with the data in it, and what it imports of `riskkit.readers`.
    """
    own = Path(inspect.getfile(reader.read))
    root = own.parents[1] if own.name == "__init__.py" else own.parent
    found: set[Path] = set()
    wanted = [own]
    while wanted:
        module = wanted.pop()
        files = set(_files_of(module)) - found
        found |= files
        for file in files:
            if file.suffix == ".py":
                wanted += _imported(file, root)
    digest = hashlib.sha256(str(reader.version).encode())
    for file in sorted(found):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files_of(module: Path) -> Iterator[Path]:
    """A module, or all of its folder."""
    if module.name != "__init__.py":
        yield module
        return
    for path in module.parent.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """The modules and packages under `root`, the folder of the readers, that a file imports from there."""
    for line in _IMPORT.finditer(file.read_text(encoding="utf-8")):
        for name in (line[1] or line[2] or line[3]).split(","):
            word = name.split()[0] if name.split() else ""
            for path in (root / f"{word}.py", root / word / "__init__.py"):
                if word and path.is_file():
                    yield path


def find_files(pack: Path) -> Iterator[Found]:
    """Every file that may be evidence, sorted by name.

    Folders that begin with a dot (the work folder among them) and history are left out; a link that
    leaves the pack is reported, not followed.
    """
    root = pack.resolve()
    for path in sorted(pack.rglob("*")):
        name = path.relative_to(pack).as_posix()
        if (
            name in NOT_EVIDENCE
            or name.endswith((MAPPING_SUFFIX, PROPOSED_SUFFIX))
            or name.startswith(f"{HISTORY}/")
        ):
            continue
        if any(part.startswith(".") for part in Path(name).parts):
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            yield Found(path, name, None, "is a link that leaves the pack")
        elif path.is_file():
            beside = (
                path.with_name(path.name + MAPPING_SUFFIX),
                path.with_name(path.stem + MAPPING_SUFFIX),
            )
            yield Found(path, name, next((file for file in beside if file.is_file()), None))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
