"""Exports of accounts as odd tools leave them: UTF-16, one object for a list, dates of another language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from riskkit.model import Reader
from riskkit.readers.aws_credential_report import read as aws
from riskkit.readers.canonical import read as canonical
from riskkit.readers.directory_csv import read as directory
from riskkit.readers.keycloak_realm import read as keycloak
from riskkit.readers.ldif import read as ldif
from riskkit.readers.orthanc_json import read as orthanc
from tests.readers.reading import SAMPLES, read_all

EXPORTS: tuple[tuple[Reader, str], ...] = (
    (keycloak, "*"), (orthanc, "*"), (directory, "*"), (ldif, "*"), (aws, "*"), (canonical, "accounts.csv"),
    (canonical, "malware_protection.csv"), (canonical, "updates.csv"),
)  # fmt: skip
FILES = [(reader, path) for reader, glob in EXPORTS for path in sorted((SAMPLES / reader.id).glob(glob))]


@pytest.mark.parametrize(("reader", "path"), FILES, ids=[f"{r.id}-{p.name}" for r, p in FILES])
def test_utf_16_is_read_or_told(reader: Reader, path: Any) -> None:
    """As Windows saves it: the same rows, or a file that nobody recognizes, which is told; never fewer."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        pytest.skip("the sample is not UTF-8 to begin with")
    odd = text.encode("utf-16")
    if not reader.recognize(odd[: 64 << 10], path.name):
        return
    plain, wide = read_all(reader, text.encode(), path.name), read_all(reader, odd, path.name)
    if any(wide.quarantined.values()):
        assert all(reason == {"encoding": 1} for reason in map(wide.reasons, wide.quarantined))
        return
    for table in plain.rows:
        assert wide.rows[table].num_rows == plain.rows[table].num_rows


def test_one_realm_or_a_list_of_them() -> None:
    """`kc.sh export` writes one object or a list; both give the same accounts."""
    (path, *_) = sorted((SAMPLES / "keycloak_realm").glob("*.json"))
    content = json.loads(path.read_bytes())
    one = content[0] if isinstance(content, list) else content
    first, second = (
        read_all(keycloak, json.dumps(form).encode(), "people/accounts/vna.json") for form in (one, [one])
    )
    told = [
        [{k: v for k, v in row.items() if k != "offset"} for row in r.table("accounts")]
        for r in (first, second)
    ]
    assert told[0] == told[1] != []


@pytest.mark.parametrize(
    ("written", "read"), [("10/31/2026", 0), ("31.10.2026", 0), ("2026-10-31", 1), ("2026-10-31T00:00:00", 1)]
)
def test_dates_that_can_be_read_in_two_ways_are_not_guessed(written: str, read: int) -> None:
    """A canonical list without a mapping takes ISO dates; another one is quarantined with its reason."""
    data = f"system_id,update_id,severity,released_on\npacs,KB1,high,{written}\n".encode()
    found = read_all(canonical, data, "inventory/updates/a.csv")
    assert found.accepted["updates"] == read
    assert found.reasons("updates") == ({} if read else {"bad_value": 1})
