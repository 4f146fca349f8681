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
    """The system that a file is about: `SYSTEM.json`, `TOOL-SYSTEM.json`, `SYSTEM-TOOL.json` or
    `SYSTEM/TOOL.json`.

    `tool` is a pattern of names that the tool itself gives its files: they name no system, nor does what
    the export says of itself (`inside`) before one of them, as tools name files after that. Then the folder
    counts, then `inside`, then the file's own name.
    """
    path = PurePosixPath(name.replace("!", "/"))
    stem = _ENDINGS.sub("", path.name)
    named = asked_of(name, tool)
    if named and named.casefold() != inside.casefold():
        return named
    if not named and not _all_of(tool, stem):
        return stem or inside or "unnamed"
    folder = path.parent.name
    return folder if folder.casefold() not in _FOLDERS else inside or stem


def asked_of(name: str, tool: str) -> str:
    """The system in a name as files are asked for, `TOOL-SYSTEM` or `SYSTEM-TOOL`; else empty."""
    stem = _ENDINGS.sub("", PurePosixPath(name.replace("!", "/")).name)
    if _all_of(tool, stem):
        return ""
    many = rf"(?:{tool})(?:[-_.](?:{tool}))*"
    found = re.fullmatch(rf"(?:{many}[-_.])?(.+?)(?:[-_.]{many})?", stem, re.IGNORECASE)
    return found[1] if found and found[1] != stem else ""


def _all_of(tool: str, stem: str) -> bool:
    return re.fullmatch(rf"(?:{tool})(?:[-_.](?:{tool}))*", stem, re.IGNORECASE) is not None
