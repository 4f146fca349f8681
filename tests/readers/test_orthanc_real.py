"""What a real Orthanc writes and does, beside what is read of its configuration."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from riskkit.readers.documents import without_comments
from riskkit.readers.orthanc_json import read as orthanc
from tests.bed import HOST
from tests.bed.programs import found, free_port, missing, started
from tests.readers.reading import Reading, read_all

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing(["Orthanc"])), reason=missing(["Orthanc"]) or "Orthanc is here"),
]


def settings(reading: Reading) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in reading.table("configurations")}


def written(folder: Path) -> bytes:
    """The sample configuration that this Orthanc writes, comments and all."""
    path = folder / "sample.json"
    subprocess.run([str(found("Orthanc")), f"--config={path}"], check=True, timeout=20, capture_output=True)
    return path.read_bytes()


def status(port: int, user: str = "", password: str = "") -> int:
    headers = {}
    if user:
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {secret}"
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", "/system", headers=headers)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_the_configuration_that_orthanc_writes(tmp_path: Path) -> None:
    """It is recognized by its first 64 KiB and read whole, nothing quarantined."""
    data = written(tmp_path)
    assert orthanc.recognize(data[: 64 << 10], "")
    reading = read_all(orthanc, data, "people/accounts/pacs1.json")
    assert not any(reading.quarantined.values())
    assert settings(reading)["remote.allowed"] == "no"


@pytest.mark.parametrize("asks", [True, False], ids=["asks", "open"])
def test_the_server_does_what_was_read(tmp_path: Path, *, asks: bool) -> None:
    """A server that is read as asking for a log-in refuses strangers, and one that does not lets them in."""
    sample = json.loads(without_comments(written(tmp_path)))
    web, dicom = free_port(), free_port()
    sample |= {
        "Name": "bed", "HttpPort": web, "DicomPort": dicom, "AuthenticationEnabled": asks,
        "StorageDirectory": str(tmp_path / "db"), "IndexDirectory": str(tmp_path / "db"), "Plugins": [],
        "RegisteredUsers": {"rivera": "not the documented one", "alice": "alicePassword"},
    }  # fmt: skip
    data = json.dumps(sample).encode()
    (tmp_path / "orthanc.json").write_bytes(data)
    with started(["Orthanc", "orthanc.json"], [web], tmp_path):
        stranger = status(web)
        documented = status(web, "alice", "alicePassword")
    reading = read_all(orthanc, data, "people/accounts/pacs1.json")
    assert settings(reading)["authentication.enabled"] == ("yes" if asks else "no")
    assert stranger == (401 if asks else 200)
    assert documented == 200
    left = {row["account"]: row["default_password"] for row in reading.table("accounts")}
    assert left["alice"] is True
    assert left["rivera"] is not True
    assert b"not the documented one" not in repr(reading).encode()
