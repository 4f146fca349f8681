"""Pages that an earlier run made from the same inputs by the same code, taken from the work folder.

So a run that was stopped goes on where it was, and a rerun costs what changed. What was kept is never
a report: pages come out of it only through a run.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from riskkit.report.folder import canonical, is_sealed, sealed
from riskkit.report.parameters import Notebook
from riskkit.store import private_folder, replace_file

FOLDER = "pages"


class Pages:
    """What notebooks showed, by a digest of all that it depends on."""

    def __init__(self, work: Path, basis: Mapping[str, Any]) -> None:
        """`basis` is what all notebooks of a run share: the inputs, the moment, the site's key."""
        self._folder = work / FOLDER
        content = {"code": _code(), "packages": _packages(), "python": platform.python_version()}
        self._basis = canonical({**basis, **content})

    def recall(self, notebook: Notebook, given: Mapping[str, object]) -> tuple[str, str] | None:
        """The HTML and title of a notebook that ran before; None when it did not, or its file is damaged."""
        try:
            raw = self._path(notebook, given).read_bytes()
            content = json.loads(raw)
            return (content["html"], content["title"]) if is_sealed(raw, content) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, notebook: Notebook, given: Mapping[str, object], html: str, title: str) -> None:
        """Keep what a notebook showed that came to its end."""
        private_folder(self._folder)
        replace_file(self._path(notebook, given), sealed({"html": html, "title": title}).decode())

    def _path(self, notebook: Notebook, given: Mapping[str, object]) -> Path:
        own = canonical({"notebook": notebook.text, "name": notebook.name, "given": dict(given)})
        return self._folder / f"{hashlib.sha256(self._basis + own).hexdigest()}.json"


@cache
def _code() -> str:
    """SHA-256 over the package with its templates and data."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _packages() -> list[str]:
    """Every installed package with its version: figures and tables are theirs."""
    return sorted(f"{found.name}=={found.version}" for found in distributions())
