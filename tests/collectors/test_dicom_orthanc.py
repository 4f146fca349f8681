"""A scan of a real archive: Orthanc, filled over the network, with its StorageCompression off and on."""

from __future__ import annotations

import json
import warnings
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_files
from pydicom.dataset import Dataset
from pynetdicom import AE

from tests.bed import HOST
from tests.bed.programs import ARCHIVE_TITLE, free_port, missing, started
from tests.collectors.test_dicom import collect, oracle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing(["Orthanc"])), reason=missing(["Orthanc"]) or "Orthanc is there"),
]
PLENTY = 60
"""Images of pydicom's own that an archive takes."""


def images() -> list[Dataset]:
    """Images with the identifiers that an archive needs, each SOP Instance UID once."""
    found: dict[str, Dataset] = {}
    for path in sorted(get_testdata_files()):
        try:
            one = pydicom.dcmread(path)
            needed = (one.PatientID, one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPClassUID)
            syntax = one.file_meta.TransferSyntaxUID
        except Exception:  # noqa: BLE001, S112 - broken on purpose, or no image
            continue
        if all(needed[1:]) and syntax.is_transfer_syntax:
            found.setdefault(str(one.SOPInstanceUID), one)
    return list(found.values())


def send(port: int) -> int:
    """Send the images, an association for each, since each has a transfer syntax of its own."""
    taken = 0
    for one in images():
        sender = AE()
        sender.add_requested_context(one.SOPClassUID, one.file_meta.TransferSyntaxUID)
        association = sender.associate(HOST, port, ae_title=ARCHIVE_TITLE)
        if not association.is_established:
            continue
        try:
            taken += association.send_c_store(one).get("Status") == 0x0000
        except (ValueError, AttributeError):
            pass  # pynetdicom refuses to encode it
        finally:
            association.release()
    return taken


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int, bool]:
    """The storage of an Orthanc that was filled and stopped, the images in it, and whether it compresses."""
    port, http = free_port(), free_port()
    configuration: dict[str, Any] = {
        "Name": "scanned",
        "StorageDirectory": str(tmp_path / "storage"),
        "IndexDirectory": str(tmp_path / "index"),
        "StorageCompression": request.param,
        "HttpServerEnabled": False,
        "HttpPort": http,
        "DicomPort": port,
        "DicomAet": ARCHIVE_TITLE,
        "RemoteAccessAllowed": False,
        "UnknownSopClassAccepted": True,
        "Plugins": [],
    }
    (tmp_path / "orthanc.json").write_text(json.dumps(configuration))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with started(["Orthanc", "orthanc.json"], [port], tmp_path):
            taken = send(port)
    return tmp_path / "storage", taken, request.param


def test_every_file_of_an_orthanc_is_classified(archive: tuple[Path, int, bool], tmp_path: Path) -> None:
    """Plain or compressed, each stored file is readable, with the attributes that pydicom finds in it."""
    storage, taken, compressed = archive
    assert taken >= PLENTY
    _, rows, trailer = collect(storage, tmp_path / "pack", workers=2)
    on_disk = [path for path in storage.rglob("*") if path.is_file()]
    assert trailer["files"] == len(rows) == len(on_disk) >= taken
    expected_class = "orthanc-zlib" if compressed else "dicom"
    plain = tmp_path / "plain.dcm"
    images_seen = 0
    for path in on_disk:
        row = rows[str(path.relative_to(storage))]
        content = path.read_bytes()
        assert (row["file_class"], row["readable"]) == (expected_class, "yes")
        plain.write_bytes(zlib.decompress(content[8:]) if compressed else content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keywords, private_tags = oracle(plain)
        assert set(row.get("keywords", "").split("|")) - {""} == keywords
        assert row["private_tags"] == private_tags
        images_seen += row.get("sop_class_uid") is not None
    assert images_seen >= taken
    assert trailer["classes"] == {expected_class: len(rows)}
