"""dicom/: walks of the two image stores, in the format of `riskkit collect dicom`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from riskkit.simulator.care import MODALITIES, Care, Study
from riskkit.simulator.chance import Chance, digest
from riskkit.simulator.writers.pack import Custody, Pack

FORMAT = 1
VERSIONS = {"riskkit": "0.1.0", "pydicom": "3.0.2"}
EDITION = "PS3.15 2026c table E.1-1"
STUDIES, FILES_A_STUDY = 400, 8
SMALL_STUDIES, SMALL_FILES_A_STUDY = 90, 4
EXPLICIT_LITTLE_ENDIAN, JPEG_LOSSLESS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"
PRIVATE_TAGS = {"CT": 41, "MR": 87}

# Keyword, direct or quasi, letter of 164.514(b)(2)(i); in the order of their tags.
CARRIED = (
    ("SOPInstanceUID", "quasi", "R"), ("StudyDate", "quasi", "C"), ("SeriesDate", "quasi", "C"),
    ("AcquisitionDate", "quasi", "C"), ("ContentDate", "quasi", "C"), ("AccessionNumber", "direct", "R"),
    ("InstitutionName", "quasi", ""), ("ReferringPhysicianName", "quasi", ""), ("StationName", "quasi", "M"),
    ("StudyDescription", "quasi", ""), ("SeriesDescription", "quasi", ""), ("PatientName", "direct", "A"),
    ("PatientID", "direct", "H"), ("PatientBirthDate", "direct", "C"), ("PatientSex", "quasi", ""),
    ("PatientAge", "quasi", "C"), ("StudyInstanceUID", "quasi", "R"), ("SeriesInstanceUID", "quasi", "R"),
    ("StudyID", "quasi", "R"), ("FrameOfReferenceUID", "quasi", "R"),
)  # fmt: skip
KEYWORDS = tuple(keyword for keyword, *_ in CARRIED)
LEFT_IN_TEACHING = {"SOPInstanceUID", "PatientSex", "StudyInstanceUID", "SeriesInstanceUID"}
FORGOTTEN_IN_TEACHING = {"PatientName", "AccessionNumber"}


@dataclass(frozen=True, slots=True)
class Store:
    """An image store: its root, when it was walked, and the share of studies in CMS envelopes."""

    system: str
    root: str
    back: int
    enveloped: float
    teaching: int = 0


STORES = (
    Store("pacs1", "/srv/pacs/images", 6, 0.0, teaching=12),
    Store("vna", "/srv/vna/store", 35, 0.7),
)


def write_dicom(pack: Pack, seed: int, care: Care, *, small: bool) -> None:
    """Write dicom/<system>-<time>.ndjson.gz for each store."""
    studies, files = (SMALL_STUDIES, SMALL_FILES_A_STUDY) if small else (STUDIES, FILES_A_STUDY)
    for store in STORES:
        begins = pack.moment(store.back, 22.2)
        scan_id = f"{store.system}-{begins.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        chance = Chance(seed, "store", store.system)
        walked = [care.earlier_study(patient) for patient in chance.some(care.patients, studies)]
        custody = Custody(
            "Infrastructure", begins + timedelta(hours=2), store.system,
            f"riskkit collect dicom {store.root} --system {store.system}", approved_by="Security Officer",
        )  # fmt: skip
        with pack.open(f"dicom/{scan_id}.ndjson.gz", custody) as file:
            _line(file, {
                "riskkit_dicom_scan": FORMAT,
                "scan_id": scan_id,
                "system_id": store.system,
                "root": store.root,
                "started_at": _utc(begins),
                "versions": VERSIONS,
                "identifiers": EDITION,
            })  # fmt: skip
            rows = sorted(_rows(seed, store, walked, files), key=lambda row: str(row["path"]).encode())
            for row in rows:
                _line(file, row)
            _line(file, {
                "complete": True,
                "finished_at": _utc(begins + timedelta(milliseconds=9 * len(rows))),
                "files": len(rows),
                "unreadable": sum(row["file_class"] == "unreadable" for row in rows),
                "links": 0,
            })  # fmt: skip


def _rows(seed: int, store: Store, studies: list[Study], files: int) -> Iterator[dict[str, Any]]:
    chance = Chance(seed, "files", store.system)
    for study in studies:
        folder = f"{study.performed:%Y/%m}/{digest(seed, 'folder', study.uid).hex()[:16]}"
        enveloped = chance.happens(store.enveloped)
        for n in range(files):
            size = chance.integer(180_000, 540_000)
            if enveloped:
                yield _enveloped(f"{folder}/{n:05d}.dcm.p7m", size)
            else:
                yield _image(f"{folder}/{n:05d}.dcm", size, study.modality, set(KEYWORDS))
    for n in range(store.teaching):
        kept = LEFT_IN_TEACHING | (FORGOTTEN_IN_TEACHING if n < store.teaching // 3 else set())
        modality = chance.pick(tuple(MODALITIES))
        image = _image(f"teaching/case{n:02d}.dcm", chance.integer(90_000, 200_000), modality, kept)
        yield image | {"identity_removed": "YES"}
    yield {"path": "index/series.db", "readable": "unknown", "size_bytes": 5_242_880, "file_class": "other"}
    yield {
        "path": "lost+found/00017",
        "readable": "unknown",
        "file_class": "unreadable",
        "error": "Permission denied",
    }


def _enveloped(path: str, size: int) -> dict[str, Any]:
    return {
        "path": path,
        "readable": "no",
        "size_bytes": size,
        "file_class": "encrypted-cms",
        "cipher": "AES-256-CBC",
    }


def _image(path: str, size: int, modality: str, carried: set[str]) -> dict[str, Any]:
    """The columns of a readable image, in the collector's order."""
    found = [one for one in CARRIED if one[0] in carried]
    letters = sorted({letter for *_, letter in found} - {""})
    return {
        "path": path,
        "readable": "yes",
        "size_bytes": size,
        "file_class": "dicom",
        "sop_class_uid": MODALITIES[modality][0],
        "modality": modality,
        "transfer_syntax_uid": JPEG_LOSSLESS if modality == "MR" else EXPLICIT_LITTLE_ENDIAN,
        "direct_identifiers": sum(kind == "direct" for _, kind, _ in found),
        "quasi_identifiers": sum(kind == "quasi" for _, kind, _ in found),
        "keywords": "|".join(keyword for keyword, *_ in found),
        "safe_harbor": "|".join(letters),
        "private_tags": PRIVATE_TAGS[modality],
        "digital_signatures": "no",
    }


def _line(file: IO[bytes], content: dict[str, Any]) -> None:
    file.write(json.dumps(content, separators=(",", ":")).encode() + b"\n")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
