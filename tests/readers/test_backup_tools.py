"""Borg and pgBackRest: copies, their encryption, and where they lie."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from riskkit.readers.borg_json import read as borg
from riskkit.readers.pgbackrest_info import read as pgbackrest
from tests.readers.reading import SAMPLES, Reading, read_all, real

ARCHIVE = {"id": "1", "name": "pacs-1", "start": "2026-10-05T01:00:00.000000"}
REPOSITORY = {"id": "r", "location": "ssh://user:c0ffee11@backup1/srv/borg"}


def borg_of(mode: Any = "repokey-blake2", *archives: object, name: str = "backup/borg-pacs1.json") -> Reading:
    document = {"archives": [*archives], "encryption": {"mode": mode}, "repository": REPOSITORY}
    return read_all(borg, json.dumps(document).encode(), name)


@pytest.mark.parametrize(("kind", "encrypted"), [("bn", "no"), ("br", "yes")])
def test_real_borg(kind: str, encrypted: str) -> None:
    """A real repository without and one with encryption, as listed, described and just written."""
    for command in ("list", "info", "create"):
        (path,) = real(f"storage/local/borg_{command}_{kind}.json")
        assert borg.recognize(path.read_bytes(), "")
        reading = read_all(borg, path.read_bytes(), path.name)
        (place,) = reading.table("storage_assets")
        assert (place["encrypted"], place["kind"]) == (encrypted, "backup")
        copies = reading.table("backups")
        assert len(copies) == (command != "info")
        assert {(row["encrypted"], row["job"]) for row in copies} <= {(encrypted, "pacs-1")}
        if command == "create":
            assert copies[0]["size_bytes"] == 8994


@pytest.mark.parametrize(
    ("mode", "encrypted", "method"),
    [
        ("none", "no", None),
        ("authenticated", "no", None),
        ("authenticated-blake2", "no", None),
        ("repokey", "yes", "borg repokey"),
        ("keyfile-blake2-chacha20-poly1305", "yes", "borg keyfile-blake2-chacha20-poly1305"),
        ("repokey c0ffee11 !", "unknown", None),
        (None, "unknown", None),
        (5, "unknown", None),
    ],
)
def test_modes_of_borg(mode: object, encrypted: str, method: str | None) -> None:
    """Signed is not encrypted, and a mode that nobody knows is unknown."""
    reading = borg_of(mode, ARCHIVE)
    (place,), (copy,) = reading.table("storage_assets"), reading.table("backups")
    assert (place["encrypted"], copy["encrypted"], place["method"]) == (encrypted, encrypted, method)
    assert "c0ffee11" not in repr(reading)


def test_times_of_borg() -> None:
    """A time without zone is local to the site, and noted; one of Borg 2 has a zone."""
    reading = borg_of("none", ARCHIVE)
    (copy,) = reading.table("backups")
    assert copy["finished_at"] == datetime(2026, 10, 5, 6, tzinfo=UTC)
    assert copy["system_id"] == "pacs1"
    assert len(reading.notes) == 2
    whole = {**ARCHIVE, "start": "2026-10-05T01:00:00+00:00", "end": "2026-10-05T02:00:00+00:00"}
    reading = borg_of("none", {**whole, "hostname": "vna", "stats": {"original_size": 7}})
    (copy,) = reading.table("backups")
    assert (copy["finished_at"].hour, copy["system_id"], copy["size_bytes"]) == (2, "vna", 7)
    assert reading.notes == []


def test_odd_archives_of_borg() -> None:
    """Each costs itself; a repository without place or name is no place."""
    reading = borg_of("none", ARCHIVE, 5, {}, {**ARCHIVE, "start": "once"}, {**ARCHIVE, "id": ""})
    assert reading.reasons("backups") == {"bad_value": 2, "missing_required": 2}
    document = {"archives": [ARCHIVE], "encryption": {"mode": "none"}, "repository": {}}
    reading = read_all(borg, json.dumps(document).encode())
    assert reading.reasons("storage_assets") == {"missing_required": 1}
    assert reading.reasons("backups") == {"missing_required": 1}
    for broken in (b"[", b"[]", b'{"repository": 1}', b'{"repository": {}, "archives": 5}'):
        assert read_all(borg, broken).reasons("backups") == {"json_malformed": 1}


def test_real_pgbackrest() -> None:
    """Four real stanzas: no cipher; two of the backups had pages that failed their checksum."""
    found = {}
    for path in real("backup/pgbackrest/info_*.json"):
        assert pgbackrest.recognize(path.read_bytes(), "")
        reading = read_all(pgbackrest, path.read_bytes(), path.name)
        (copy,), (place,) = reading.table("backups"), reading.table("storage_assets")
        assert (copy["encrypted"], place["encrypted"], place["asset_id"]) == (
            "no", "no", "pgbackrest demo repo1",
        )  # fmt: skip
        found[path.name] = (copy["status"], copy["finished_at"])
    assert found["info_0.json"] == ("success", datetime(2021, 6, 14, 21, 32, 2, tzinfo=UTC))
    assert found["info_2.json"] == ("warning", datetime(2022, 9, 26, 20, 19, tzinfo=UTC))


def test_two_repositories_are_two_places() -> None:
    """Each with its own cipher; an older version has one without key."""
    data = (SAMPLES / "pgbackrest_info" / "pgbackrest.json").read_bytes()
    reading = read_all(pgbackrest, data)
    assert {row["asset_id"]: row["encrypted"] for row in reading.table("storage_assets")} == {
        "pgbackrest pacs-db repo1": "no",
        "pgbackrest pacs-db repo2": "yes",
    }
    assert [(row["location"], row["encrypted"], row["status"]) for row in reading.table("backups")] == [
        ("pgbackrest pacs-db repo1", "no", "success"),
        ("pgbackrest pacs-db repo2", "yes", "warning"),
    ]
    old = read_all(pgbackrest, (SAMPLES / "pgbackrest_info" / "old-version.json").read_bytes())
    assert old.table("backups")[0]["encrypted"] == "yes"


@pytest.mark.parametrize("cipher", [None, "mixed", "rot13", 5, [], {}])
def test_a_cipher_that_nobody_knows(cipher: object) -> None:
    """It is unknown, neither yes nor no."""
    (stanza,) = json.loads((SAMPLES / "pgbackrest_info" / "pgbackrest.json").read_bytes())
    stanza["repo"] = [{"key": 1, "cipher": cipher}]
    reading = read_all(pgbackrest, json.dumps([stanza]).encode())
    assert {row["encrypted"] for row in reading.table("storage_assets")} == {"unknown"}
    assert {row["encrypted"] for row in reading.table("backups")} == {"unknown"}


def test_broken_pgbackrest() -> None:
    """Odd backups cost themselves, a stanza that is none the file."""
    (stanza,) = json.loads((SAMPLES / "pgbackrest_info" / "pgbackrest.json").read_bytes())
    good = stanza["backup"][0]
    odd = [good, 5, {}, {**good, "timestamp": {"start": 1, "stop": "x"}}, {**good, "database": None}]
    reading = read_all(pgbackrest, json.dumps([{**stanza, "backup": odd}]).encode())
    assert reading.accepted["backups"] == 1
    assert reading.reasons("backups") == {"bad_value": 3, "missing_required": 1}
    for broken in ([5], [{"name": "x"}], {"a": 1}):
        assert read_all(pgbackrest, json.dumps(broken).encode()).reasons("backups") == {"json_malformed": 1}
