"""Of which system an export is, where the export itself does not say."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_ENDINGS = re.compile(r"(?:\.(?:json|csv|txt|ldif|ldf|gz|bz2|xz|zst))+$", re.IGNORECASE)
_FOLDERS = frozenset({
    "", "accounts", "configurations", "grants", "people", "evidence", "export", "exports", "inventory",
    "vulnerabilities", "scans", "software", "sbom",
})  # fmt: skip


def system_of(name: str, tool: str, *, inside: str = "") -> str:
    """The system that a file is about: `SYSTEM.json`, `TOOL-SYSTEM.json` or `SYSTEM/TOOL.json`.

    `tool` is a pattern of names that the tool itself gives its files: they name no system. Then the
    folder counts, then what the export says of itself (`inside`), then the file's own name.
    """
    path = PurePosixPath(name.replace("!", "/"))
    stem = _ENDINGS.sub("", path.name)
    if not re.fullmatch(tool, stem, re.IGNORECASE):
        named = re.fullmatch(rf"(?:{tool})[-_.](.+)", stem, re.IGNORECASE)
        return (named[1] if named else stem) or inside or "unnamed"
    folder = path.parent.name
    return folder if folder.casefold() not in _FOLDERS else inside or stem
