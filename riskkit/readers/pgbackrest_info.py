"""`pgbackrest info --output=json`: backups of PostgreSQL, and the cipher of each repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, instant, named, whole
from riskkit.readers.texts import has_keys, outline

CIPHERS = {"none": "no", "aes-256-cbc": "yes"}
STANZA = ("name", "backup", "status")

Stanza = Mapping[str, Any]


def _recognize(head: bytes, _name: str) -> bool:
    return outline(head)[0] == "array" and has_keys(head, *STANZA, "archive", "db")


@reader(
    id="pgbackrest_info",
    title="pgbackrest info --output=json",
    version=1,
    tables=("backups", "storage_assets"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per backup, and one per repository of a stanza; the stanza stands for the system.

    A backup that is listed was finished; `error` says that pages failed their checksum.
    """
    try:
        stanzas = load_json(member)
        if not isinstance(stanzas, list):
            raise DocumentError("json_malformed", "no list of stanzas")
        backups = [(stanza, backup) for stanza in stanzas for backup in _listed(stanza, "backup")]
        places = [(stanza, key) for stanza in stanzas for key in _ciphers(stanza)]
    except DocumentError as error:
        yield refused("backups", error, member)
        return
    yield gather("storage_assets", member, places, lambda pair: _repository(*pair))
    yield gather("backups", member, backups, lambda pair: _backup(*pair))


def _listed(stanza: Any, key: str) -> list[Any]:
    found = stanza.get(key) if isinstance(stanza, dict) else None
    if not isinstance(found, list):
        raise DocumentError("json_malformed", f"{key} of a stanza is no list")
    return found


def _ciphers(stanza: Stanza) -> dict[Any, Any]:
    """The cipher by key of the repository; before version 2.32 there is one, and no key."""
    repositories = stanza.get("repo")
    if not isinstance(repositories, list):
        return {1: stanza.get("cipher")}
    return {
        repository.get("key", 1) if isinstance(repository.get("key", 1), int) else None: repository.get(
            "cipher"
        )
        for repository in repositories
        if isinstance(repository, dict)
    }


def _encrypted(cipher: object) -> str:
    return CIPHERS.get(cipher, "unknown") if isinstance(cipher, str) else "unknown"


def _place(stanza: Stanza, key: int) -> str:
    return f"pgbackrest {named(stanza, 'name')} repo{key:d}"


def _repository(stanza: Stanza, key: int) -> Mapping[str, object]:
    encrypted = _encrypted(_ciphers(stanza)[key])
    return {
        "asset_id": _place(stanza, key),
        "system_id": named(stanza, "name"),
        "kind": "backup",
        "encrypted": encrypted,
        "method": "pgBackRest aes-256-cbc" if encrypted == "yes" else None,
        "key_bits": 256 if encrypted == "yes" else None,
        "reason": "the export does not say" if encrypted == "unknown" else None,
    }


def _backup(stanza: Stanza, backup: Mapping[str, Any]) -> Mapping[str, object]:
    key = backup.get("database", {}).get("repo-key", 1)
    times = backup["timestamp"]
    label = named(backup, "label")
    if not isinstance(times["stop"], int):
        raise ValueError
    return {
        "system_id": named(stanza, "name"),
        "backup_id": f"{label} repo{key:d}",
        "job": named(backup, "type"),
        "started_at": instant(times["start"]),
        "finished_at": instant(times["stop"]),
        "status": "warning" if backup.get("error") is True else "success",
        "size_bytes": whole((backup.get("info") or {}).get("size")),
        "encrypted": _encrypted(_ciphers(stanza).get(key)),
        "immutable": "unknown",
        "location": _place(stanza, key),
        "tool": "pgBackRest",
    }
