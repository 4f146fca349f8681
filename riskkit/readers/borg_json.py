"""`borg list`, `info` and `create` with --json: a repository, its encryption, and its archives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, instant, named, optional, whole
from riskkit.readers.listeners import host_of
from riskkit.readers.texts import has_keys

_ENCRYPTED = re.compile(r"(repokey|keyfile)(?:-[a-z0-9-]{1,40})?")
_PLAIN = frozenset({"none", "authenticated", "authenticated-blake2"})
BESIDE = "in the repository, under a passphrase"


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "encryption", "repository") and any(
        has_keys(head, key) for key in ("archives", "archive", "cache")
    )


@reader(
    id="borg_json",
    title="borg list, info and create with --json",
    version=1,
    tables=("backups", "storage_assets"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per archive, and one for the repository; `authenticated` is signed, not encrypted.

    Times have no zone before Borg 2 and are read in that of the site. The system is the archive's
    hostname (info), else told by the file's name (`borg-HOST.json`). An archive that is only listed
    says when it began, which stands for its end.
    """
    try:
        content = load_json(member)
        repository, archives = _parts(content)
    except DocumentError as error:
        yield refused("backups", error, member)
        return
    host = host_of(member.name, "borg[-_](?:list|info|create)|borg")
    encrypted, mode = _encryption(content.get("encryption"))

    def place(_item: object) -> Mapping[str, object]:
        return {
            "asset_id": _location(repository),
            "system_id": None,
            "kind": "backup",
            "encrypted": encrypted,
            "method": f"borg {mode}" if encrypted == "yes" else None,
            "key_location": BESIDE if mode.startswith("repokey") else None,
            "reason": _reason(encrypted, mode),
        }

    yield gather("storage_assets", member, [repository], place)
    zoned = any(_lacks_zone(archive) for archive in archives)
    notes = [f"times have no zone and were read in {context.zone.key}"] if zoned else []
    if any(isinstance(archive, dict) and "end" not in archive for archive in archives):
        notes.append("the end of an archive is not listed: its begin stands for it")

    def backup(archive: Mapping[str, Any]) -> Mapping[str, object]:
        return {
            **_archive(archive, host, context.zone),
            "encrypted": encrypted,
            "location": _location(repository),
        }

    yield gather("backups", member, archives, backup, notes=notes)


def _parts(content: Any) -> tuple[Mapping[str, Any], Sequence[Any]]:
    repository = content.get("repository") if isinstance(content, dict) else None
    if not isinstance(repository, dict):
        raise DocumentError("json_malformed", "repository is no object")
    archives = content.get("archives", [content["archive"]] if "archive" in content else [])
    if not isinstance(archives, list):
        raise DocumentError("json_malformed", "archives is no list")
    return repository, archives


def _archive(archive: Mapping[str, Any], host: str, zone: ZoneInfo) -> Mapping[str, object]:
    stats = archive.get("stats")
    began = instant(archive.get("start") or archive["time"], zone)
    ended: datetime = instant(archive["end"], zone) if "end" in archive else began
    return {
        "system_id": optional(archive, "hostname") or host,
        "backup_id": named(archive, "id"),
        "job": named(archive, "name"),
        "started_at": began,
        "finished_at": ended,
        "status": "success",
        "size_bytes": whole(stats.get("original_size")) if isinstance(stats, dict) else None,
        "immutable": "unknown",
        "tool": "borg",
    }


def _encryption(value: Any) -> tuple[str, str]:
    """Whether, and the mode where it is one that is known."""
    mode = value.get("mode") if isinstance(value, dict) else None
    if mode in _PLAIN:
        return "no", mode
    if isinstance(mode, str) and _ENCRYPTED.fullmatch(mode):
        return "yes", mode
    return "unknown", ""


def _reason(encrypted: str, mode: str) -> str | None:
    if encrypted == "unknown":
        return "the export names no mode of encryption that is known"
    return "its archives are signed, not encrypted" if mode.startswith("authenticated") else None


def _location(repository: Mapping[str, Any]) -> str:
    """Where the repository lies, without a password that an address may hold."""
    return re.sub(r"//[^/@]*@", "//", named(repository, "location", "id"))


def _lacks_zone(archive: Any) -> bool:
    times = [archive.get(key) for key in ("start", "end", "time")] if isinstance(archive, dict) else []
    return any(isinstance(time, str) and not re.search(r"(?:Z|[+-]\d\d:?\d\d)$", time) for time in times)
