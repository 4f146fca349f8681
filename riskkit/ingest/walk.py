"""Which files of a pack are evidence, and which readers there are."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from riskkit.discovery import find
from riskkit.model import Reader
from riskkit.settings import SITE_FILE

MAPPING_SUFFIX = ".mapping.yaml"
NOT_EVIDENCE = frozenset({SITE_FILE, "MANIFEST", "README.md", "SIMULATED"})
HISTORY = "history"


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
    return find("riskkit.readers", Reader)


@cache
def code_of(reader: Reader) -> str:
    """A digest of a reader's version and code: what it read before holds only while both stay.

    Its own module or folder, and the modules beside it that hold no reader and that readers share.
    """
    module = Path(inspect.getfile(reader.read))
    own = sorted(module.parent.glob("*.py")) if module.name == "__init__.py" else [module]
    shared = (module.parent.parent if module.name == "__init__.py" else module.parent).glob("*.py")
    files = [*own, *(path for path in sorted(shared) if b"\n@reader(" not in path.read_bytes())]
    digest = hashlib.sha256(str(reader.version).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def find_files(pack: Path) -> Iterator[Found]:
    """Every file that may be evidence, sorted by name.

    Folders that begin with a dot (the work folder among them) and history are left out; a link that
    leaves the pack is reported, not followed.
    """
    root = pack.resolve()
    for path in sorted(pack.rglob("*")):
        name = path.relative_to(pack).as_posix()
        if name in NOT_EVIDENCE or name.endswith(MAPPING_SUFFIX) or name.startswith(f"{HISTORY}/"):
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
