"""`collect_dicom` on real files of every kind: what they are, what they give away, what is left alone."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import json
import logging
import lzma
import os
import shutil
import sqlite3
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from riskkit.collectors import Progress, collect_dicom
from riskkit.collectors.dicom import by_pydicom, default_state
from riskkit.collectors.dicom.by_pydicom import quiet_pydicom
from riskkit.collectors.dicom.envelopes import classify
from riskkit.collectors.dicom.header import Header, read_header
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.row import FIRST_READ
from riskkit.collectors.dicom.source import Memory
from riskkit.collectors.evidence_file import PARTIAL
from riskkit.errors import CollectError

CORPUS = Path(pydicom.__file__).parent / "data"
ENVELOPES = Path(__file__).parents[2] / ".." / "shared" / "samples" / "storage" / "envelopes"
NOW = datetime(2026, 10, 31, 23, 59, 30, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def collect(
    root: Path, pack: Path, **options: Any
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, Any]]:
    """Header, rows by path, trailer."""
    made = collect_dicom(root, pack / "dicom", system_id="archive", now=clock, **options)
    header, *rows, trailer = map(json.loads, gzip.decompress(made.read_bytes()).splitlines())
    return header, {row["path"]: row for row in rows}, trailer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return tmp_path / "pack"


def data_set(syntax: str = ExplicitVRLittleEndian, **attributes: Any) -> Dataset:
    """A data set with its meta information; no pixel data unless asked."""
    made = Dataset()
    made.SOPClassUID = CTImageStorage
    made.Modality = "CT"
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = CTImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return made


def as_bytes(made: Dataset) -> bytes:
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def read(content: bytes) -> Any:
    with quiet_pydicom():
        found = read_header(Memory(content), content[:FIRST_READ])
    return found if isinstance(found, str) else found[0]


# ---------------------------------------------------------------- classes

EXPECTED = {
    "c.pem": ("other", "unknown", None),
    "cms.pem": ("encrypted-cms", "no", "AES-256-CBC"),
    "cms_3des.der": ("encrypted-cms", "no", "3DES-CBC"),
    "cms_aes256.der": ("encrypted-cms", "no", "AES-256-CBC"),
    "cms_authenv.der": ("encrypted-cms", "no", "AES-256-GCM"),
    "cms_pwri.der": ("encrypted-cms", "no", "AES-256-CBC"),
    "cms_signed.der": ("signed-cms", "yes", None),
    "cms_stream.der": ("encrypted-cms", "no", "AES-128-CBC"),
    "enc.zip": ("encrypted-zip", "no", "ZipCrypto"),
    "f.age": ("encrypted-age", "no", "ChaCha20-Poly1305"),
    "fa.age": ("encrypted-age", "no", "ChaCha20-Poly1305"),
    "nopreamble.dcm": ("dicom-no-preamble", "yes", None),
    "orthanc_enc": ("encrypted-orthanc", "no", "AES-256-GCM"),
    "orthanc_zlib": ("orthanc-zlib", "yes", None),
    "ossl.enc": ("encrypted-openssl", "no", None),
    "ossl_nosalt.enc": ("high-entropy-unknown", "unknown", None),
    "plain.zip": ("container-zip", "yes", None),
    "rand.bin": ("high-entropy-unknown", "unknown", None),
    "smime.p7m": ("encrypted-cms", "no", "AES-256-CBC"),
    "sym.asc": ("encrypted-openpgp", "no", "AES-256"),
    "sym.gpg": ("encrypted-openpgp", "no", "AES-256"),
    "t.gz": ("container-gzip", "yes", None),
    "t.tar": ("container-tar", "yes", None),
    "t.xz": ("container-xz", "yes", None),
    "t.zst": ("container-zstd", "unknown", None),
}


@pytest.mark.skipif(not ENVELOPES.is_dir(), reason=f"no sample envelopes at {ENVELOPES}")
def test_every_envelope_is_what_it_is(pack: Path) -> None:
    """Real CMS, PGP, age, openssl, zip and Orthanc files: each class, readability and cipher is right."""
    _, rows, _ = collect(ENVELOPES, pack)
    got = {path: (row["file_class"], row["readable"], row.get("cipher")) for path, row in rows.items()}
    assert got == EXPECTED
    # Compressed and without preamble, and read all the same.
    assert rows["orthanc_zlib"]["keywords"] == rows["nopreamble.dcm"]["keywords"]
    assert rows["orthanc_zlib"]["direct_identifiers"] == 5


@pytest.mark.skipif(not ENVELOPES.is_dir(), reason=f"no sample envelopes at {ENVELOPES}")
@pytest.mark.parametrize(
    "name", sorted(name for name, (_, readable, _) in EXPECTED.items() if readable == "no")
)
def test_a_cut_off_envelope_is_never_called_readable(name: str) -> None:
    """Whatever is left of an encrypted file, it does not turn into a readable one, and nothing raises."""
    content = (ENVELOPES / name).read_bytes()
    for length in (1, 2, 3, 4, 8, 16, 40, 100, 500, 4096, len(content) - 1):
        kind = classify(Memory(content[:length]))
        assert kind.readable != "yes", (length, kind)


@given(st.binary(max_size=2048))
def test_random_bytes_are_never_proved_encrypted(content: bytes) -> None:
    """No bytes raise, and what has no format is not called encrypted."""
    kind = classify(Memory(content))
    if kind.readable == "no":
        assert content.startswith((b"0", b"age", b"-----BEGIN", b"Salted__", b"PK", b"LUKS"))
    assert read(content) is not None


@given(st.binary(max_size=300), st.sampled_from(sorted(EXPECTED)))
def test_bytes_behind_a_true_beginning_do_not_raise(tail: bytes, name: str) -> None:
    """Hostile continuations of every format end in some class."""
    if not ENVELOPES.is_dir():
        pytest.skip(f"no sample envelopes at {ENVELOPES}")
    for length in (4, 16, 64):
        content = (ENVELOPES / name).read_bytes()[:length] + tail
        assert classify(Memory(content)).file_class


RANDOM = b"".join(hashlib.sha256(bytes([n >> 8, n & 255])).digest() for n in range(512))
NAMED = b"Patient: DOE^JOHN DOB 1960-01-01\n" * 500


def zipped(
    flags: list[int],
    method: int = 0,
    stored: bytes = RANDOM,
    *,
    local: int | None = None,
    packed: bool = False,
) -> bytes:
    """A zip whose entries carry these flags in the directory, and the same or others before each file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for number in range(len(flags)):
            entry = zipfile.ZipInfo(f"{number}.dcm")  # of 1980: a test is named by its bytes
            archive.writestr(entry, stored, compress_type=archive.compression)
    content = bytearray(buffer.getvalue())
    at = here = -1
    for flag in flags:
        at = content.index(b"PK\x01\x02", at + 1)
        here = content.index(b"PK\x03\x04", here + 1)
        content[at + 8] = flag
        content[at + 10] = method or content[at + 10]
        content[here + 6] = flag if local is None else local
    return bytes(content)


ENVELOPED = bytes.fromhex("30820fff06092a864886f70d010703")


def deflated(content: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(content) + machine.flush()


def luks1(key_area: bytes) -> bytes:
    """A LUKS1 header with one active key slot, whose area begins at sector 8."""
    names = b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0")
    slot = struct.pack(">I36xII", 0x00AC71F3, 8, 4000)
    return ((b"LUKS\xba\xbe\0\x01" + names).ljust(208, b"\0") + slot).ljust(4096, b"\0") + key_area


def luks2(key_area: bytes, cipher: str = "aes-xts-plain64") -> bytes:
    """A LUKS2 header with one key slot, whose area begins at 32 KiB."""
    told = {"keyslots": {"0": {"area": {"offset": "32768"}}}, "segments": {"0": {"encryption": cipher}}}
    return (b"LUKS\xba\xbe\0\x02".ljust(4096, b"\0") + json.dumps(told).encode()).ljust(
        32768, b"\0"
    ) + key_area


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag, 0x82]) + len(content).to_bytes(2) + content


def message(content: bytes) -> bytes:
    """An enveloped message without recipients, by AES-256-CBC."""
    algorithm = der(0x30, bytes.fromhex("060960864801650304012a"), b"\x04\x10" + bytes(16))
    info = der(
        0x30, bytes.fromhex("06092a864886f70d010701"), algorithm, *([der(0x80, content)] if content else [])
    )
    return der(0x30, ENVELOPED[4:], der(0xA0, der(0x30, b"\x02\x01\x00", der(0x31), info)))


@pytest.mark.parametrize(
    ("content", "file_class", "readable", "cipher"),
    [
        (b"", "empty", "yes", None),
        (zipped([1, 1], method=99), "encrypted-zip", "no", "AES"),
        (zipped([1, 0]), "container-zip", "unknown", None),
        (zipped([]), "other", "unknown", None),
        (zipped([1])[:60], "container-zip", "unknown", None),
        (zipped([1]), "encrypted-zip", "no", "ZipCrypto"),
        (zipped([1], stored=RANDOM[:40]), "encrypted-zip", "no", "ZipCrypto"),
        (zipped([1], stored=NAMED), "container-zip", "unknown", None),
        (zipped([1], 99, NAMED), "container-zip", "unknown", None),
        (zipped([1], stored=NAMED[:200]), "container-zip", "unknown", None),
        (zipped([1], local=0), "container-zip", "unknown", None),
        (zipped([1], stored=RANDOM * 2 + NAMED, packed=True), "container-zip", "unknown", None),
        (zipped([1], stored=b"".join(RANDOM[n:n + 40].hex().encode() for n in range(300)), packed=True),
         "container-zip", "unknown", None),
        (zipped([1], 99, bytes(18) + deflated(NAMED)), "container-zip", "unknown", None),
        (zipped([1], stored=gzip.compress(RANDOM, mtime=0)), "container-zip", "unknown", None),
        (luks1(RANDOM), "encrypted-luks", "no", "aes-xts-plain64"),
        (luks1(NAMED), "other", "unknown", None),
        (luks1(RANDOM)[:4096], "other", "unknown", None),
        (b"LUKS\xba\xbe\0\x01" + b"cipher_null".ljust(32, b"\0") + b"ecb".ljust(32, b"\0"),
         "container-luks", "unknown", "cipher_null-ecb"),
        (luks2(RANDOM), "encrypted-luks", "no", "aes-xts-plain64"),
        (luks2(NAMED), "other", "unknown", None),
        (luks2(RANDOM, "cipher_null-ecb"), "container-luks", "unknown", "cipher_null-ecb"),
        (b"LUKS\xba\xbe\0\x02" + NAMED, "other", "unknown", None),
        (b"Salted__" + RANDOM, "encrypted-openssl", "no", None),
        (b"Salted__" + NAMED, "other", "unknown", None),
        (b"Salted__" + NAMED[:1500] + RANDOM, "other", "unknown", None),
        (b"Salted__" + RANDOM[:200], "other", "unknown", None),
        (b"age-encryption.org/v1\n" + NAMED, "other", "unknown", None),
        (b"age-encryption.org/v1\n" + RANDOM, "other", "unknown", None),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n" + NAMED, "other", "unknown", None),
        (ENVELOPED + NAMED, "container-cms", "unknown", None),
        (ENVELOPED + RANDOM, "container-cms", "unknown", None),
        (message(RANDOM), "encrypted-cms", "no", "AES-256-CBC"),
        (message(NAMED), "container-cms", "unknown", "AES-256-CBC"),
        (message(b""), "container-cms", "unknown", "AES-256-CBC"),
        (b"\xeb\x58\x90-FVE-FS-\0\2" + bytes(500), "container-bitlocker", "unknown", None),
        (b"-----BEGIN PGP MESSAGE-----\n\nkA0DAAgB\n", "container-openpgp", "unknown", None),
        (b"-----BEGIN CERTIFICATE-----\nMIIC\n", "other", "unknown", None),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=x\r\n\r\nbody",
         "signed-cms", "yes", None),
        (b"Just text.\n", "other", "unknown", None),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "other", "unknown", None),
    ],
)  # fmt: skip
def test_classes_of_made_files(content: bytes, file_class: str, readable: str, cipher: str | None) -> None:
    """The classes that no sample shows; a zip is encrypted only when all of it is."""
    kind = classify(Memory(content))
    assert (kind.file_class, kind.readable, kind.cipher) == (file_class, readable, cipher)


def test_ciphertext_of_any_length_in_a_zip_is_seen_as_such() -> None:
    """Chance makes bytes inflate or repeat now and then; of a hundred files hardly one is not known."""
    content = RANDOM * 2
    sizes = (40, 64, 100, 200, 400, 511, 512, 600, 2047, 2048, 4096, 9000)
    found = [
        classify(Memory(zipped([1], 99, content[at : at + size]))).readable
        for size in sizes
        for at in range(0, 8000, 1000)
    ]
    assert found.count("no") >= len(found) - 1


def test_an_enveloped_message_in_a_signed_one_is_not_called_readable() -> None:
    """Sign-then-encrypt and the other way round look alike at the start: the inner type decides."""
    enveloped = bytes.fromhex("06092a864886f70d010703")
    signed = bytes.fromhex("308006092a864886f70d010702a0803080020101310030") + b"\x80" + enveloped
    assert classify(Memory(signed)).file_class == "container-cms"


def tarred(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, content in enumerate(contents):
            entry = tarfile.TarInfo(f"{number}.dcm")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def in_zip(content: bytes, method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("0.dcm", content)
    return buffer.getvalue()


def test_what_a_container_holds_is_looked_at(store: Path, pack: Path) -> None:
    """A compressed image has the identifiers of the image; an archive those of its first file, never none."""
    pixels = os.urandom(90_000)  # does not compress
    named = as_bytes(data_set(PatientName="Doe^Jane", PatientID="7", BitsAllocated=8, PixelData=pixels))
    blank = as_bytes(data_set(PatientName=""))
    made = {
        "plain": named, "gz": gzip.compress(named), "bz2": bz2.compress(named), "xz": lzma.compress(named),
        "gz.gz": gzip.compress(gzip.compress(named)), "tar": tarred(named, blank),
        "tar.gz": gzip.compress(tarred(named)),
        "stored.zip": in_zip(named, zipfile.ZIP_STORED), "zip": in_zip(named, zipfile.ZIP_DEFLATED),
        "blank.gz": gzip.compress(blank), "blank.zip": in_zip(blank, zipfile.ZIP_DEFLATED),
        "blank.tar": tarred(blank, named), "cut.gz": gzip.compress(named)[:50_000],
        "text.gz": gzip.compress(b"text"),
    }  # fmt: skip
    for name, content in made.items():
        (store / name).write_bytes(content)
    _, rows, _ = collect(store, pack)
    assert {name: rows[name].get("direct_identifiers") for name in made} == {
        **dict.fromkeys(made, 2), "blank.gz": 0, "blank.zip": None, "blank.tar": None, "text.gz": None,
    }  # fmt: skip
    assert rows["text.gz"]["readable"] == "unknown"
    assert {row["keywords"] for row in rows.values() if row.get("direct_identifiers")} == {
        rows["plain"]["keywords"]
    }
    assert [rows[name].get("modality") for name in ("gz", "gz.gz", "tar", "zip")] == ["CT", "CT", None, None]
    assert rows["blank.zip"]["error"] == "only the first of its files was looked at"
    assert rows["tar.gz"]["file_class"] == "container-gzip"


# ---------------------------------------------------------------- headers


def test_the_corpus_agrees_with_pydicom(pack: Path) -> None:
    """Every readable file of pydicom's own corpus: the same attributes and private elements as `iterall`."""
    header, rows, trailer = collect(CORPUS, pack)
    assert header["versions"]["pydicom"] == pydicom.__version__
    assert trailer["files"] == len(rows)
    compared = 0
    for path, row in rows.items():
        if row["file_class"] not in ("dicom", "dicom-no-preamble"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, private_tags = oracle(CORPUS / path)
        assert set(row.get("keywords", "").split("|")) - {""} == expected, path
        assert row["private_tags"] == private_tags, path
        compared += 1
    assert compared > 150
    fragment = "holds no attribute that a data set must have"
    assert {path: row["error"] for path, row in rows.items() if "error" in row} == {
        "test_files/rtplan_truncated.dcm": "the data set is cut off",
        "test_files/empty_charset_LEI.dcm": fragment,
        "test_files/meta_missing_tsyntax.dcm": fragment,
        "test_files/nested_priv_SQ.dcm": fragment,
    }


def oracle(path: Path) -> tuple[set[str], int]:
    found = set()
    private_tags = 0
    for element in pydicom.dcmread(path, force=True, stop_before_pixels=True).iterall():
        private_tags += element.tag.is_private
        text = "x" * len(element.value) if element.VR == "SQ" else str(element.value)
        if element.tag in identifiers() and text.strip(" ^=\\\0\r\n\t") not in ("", "None", "[]"):
            found.add(element.keyword)
    return found, private_tags


def test_the_corpus_has_every_encoding(pack: Path) -> None:
    """The comparison above is worth something: implicit, big endian, deflated, compressed and bare files."""
    _, rows, _ = collect(CORPUS, pack)
    syntaxes = {row.get("transfer_syntax_uid") for row in rows.values()}
    assert syntaxes >= {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        None,
    }
    assert {"dicom", "dicom-no-preamble"} <= {row["file_class"] for row in rows.values()}


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_identifiers_are_found_at_any_depth(syntax: str) -> None:
    """A name that only a nested item holds counts; an empty one, or one of delimiters only, does not."""
    inner = Dataset()
    inner.PatientName = "DOE^JANE"
    middle = Dataset()
    middle.ReferencedPatientSequence = Sequence([inner])
    made = data_set(
        syntax,
        ReferencedStudySequence=Sequence([middle]),
        PatientID="",
        OtherPatientNames="^^",
        PatientBirthDate="19700101",
        StudyDate="20261001",
        PatientIdentityRemoved="YES",
        BurnedInAnnotation="NO",
    )
    made.add_new(0x00110010, "LO", "CREATOR")
    made.add_new(0x00111001, "LO", "private")
    found = read(as_bytes(made))
    assert found.keywords == "StudyDate|PatientName|PatientBirthDate"
    assert (found.direct, found.quasi, found.safe_harbor, found.private_tags) == (2, 1, "A|C", 2)
    assert (found.identity_removed, found.burned_in_annotation) == ("YES", "NO")
    assert (found.sop_class_uid, found.modality, found.transfer_syntax_uid) == (CTImageStorage, "CT", syntax)
    assert found.problem is None


def test_what_is_behind_the_pixel_data_is_not_read(store: Path, pack: Path) -> None:
    """The header of a large file costs what the header of a small one does."""
    made = data_set(
        PatientID="1", Rows=4096, Columns=4096, BitsAllocated=16, PixelData=b"\0" * (4096 * 4096 * 2)
    )
    made["PixelData"].VR = "OW"
    content = as_bytes(made)
    reads: list[int] = []

    class Counting(Memory):
        def fetch(self, at: int, length: int) -> bytes:
            data = super().fetch(at, length)
            reads.append(len(data))
            return data

    source = Counting(content)
    with quiet_pydicom():
        found = read_header(source, source.fetch(0, FIRST_READ))
    assert isinstance(found, tuple)
    assert (found[0].direct, found[0].problem) == (1, None)
    assert sum(reads) < 64 << 10


# ---------------------------------------------------------------- values stay where they are

CANARIES = {
    "PatientName": "CANARYNAME^ONE",
    "PatientID": "CANARYID2",
    "PatientBirthDate": "19010203",
    "PatientAddress": "CANARY STREET 4",
    "PatientComments": "CANARYCOMMENT5",
    "AccessionNumber": "CANARYACC6",
    "StudyDescription": "CANARYDESC7",
    "InstitutionName": "CANARYINST8",
    "StudyInstanceUID": "1.2.3.777777777",
    # Fields that are kept, misused to carry a value.
    "Modality": "CANARYMOD9",
    "BurnedInAnnotation": "CANARYBURN10",
    "PatientIdentityRemoved": "CANARYREM11",
    "SOPClassUID": "1.2.840.10008.888888888",
}


@pytest.mark.filterwarnings("ignore")
def test_no_value_reaches_the_evidence_or_a_log(
    store: Path, pack: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Names, numbers and misused fields of good, nested, invalid and broken files: nowhere in the scan."""
    inner = Dataset()
    inner.PatientName = "CANARYNESTED^TWELVE"
    nested = Dataset()
    nested.ReferencedPatientSequence = Sequence([inner])
    with pydicom.config.disable_value_validation():
        made = data_set(**CANARIES, ReferencedStudySequence=Sequence([nested]))
        made.add_new(0x00110010, "LO", "CANARYCREATOR13")
        made.add_new(0x00280010, "US", 3)
        made.add_new(0x00101010, "AS", "CANARYAGE14")
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        content = as_bytes(made)
    (store / "good.dcm").write_bytes(content)
    (store / "cut.dcm").write_bytes(content[: len(content) * 2 // 3])
    (store / "bare.dcm").write_bytes(content[132:])
    (store / "broken.dcm").write_bytes(content.replace(b"PN", b"QQ").replace(b"DA", b"SQ"))
    (store / "syntax.dcm").write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"9.9.CANARYSYNTAX15.9"))
    (store / "orthanc").write_bytes(len(content).to_bytes(8, "little") + zlib.compress(content))
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        made_file = collect_dicom(store, pack / "dicom", system_id="archive", now=clock, digest_key=b"k" * 32)
    text = gzip.decompress(made_file.read_bytes()).decode()
    with contextlib.closing(sqlite3.connect(default_state(store, pack / "dicom", "archive"))) as state:
        kept = b"".join(gzip.decompress(lines) for (lines,) in state.execute("SELECT lines FROM bodies"))
    said = "".join(capfd.readouterr()) + caplog.text + "".join(str(one.message) for one in warned)
    assert "PatientName" in text
    assert b"PatientName" in kept
    for canary in ("CANARY", "19010203", "777777777", "888888888"):
        assert canary not in text
        assert canary.encode() not in kept
        assert canary not in said
    rows = {row["path"]: row for row in map(json.loads, text.splitlines()[1:-1])}
    assert rows["good.dcm"]["modality"] == rows["good.dcm"]["sop_class_uid"] == "unregistered"
    assert "burned_in_annotation" not in rows["good.dcm"]
    assert "identity_removed" not in rows["good.dcm"]
    assert rows["good.dcm"]["keywords"] == rows["orthanc"]["keywords"]


# ---------------------------------------------------------------- hostile files


def element(tag: int, vr: bytes, length: int, value: bytes = b"") -> bytes:
    head = tag.to_bytes(4)
    little = head[1::-1] + head[:1:-1]
    if vr in (b"SQ", b"OB", b"UN", b"UT"):
        return little + vr + b"\0\0" + length.to_bytes(4, "little") + value
    return little + vr + length.to_bytes(2, "little") + value


PART10 = bytes(128) + b"DICM" + element(0x00020010, b"UI", 20, b"1.2.840.10008.1.2.1\0")
UNDEFINED = 0xFFFFFFFF
ITEM = bytes.fromhex("feff00e0ffffffff")


@pytest.mark.parametrize(
    "content",
    [
        PART10,
        PART10[:140],
        PART10 + element(0x00100010, b"PN", 60000, b"short"),
        PART10 + element(0x00100010, b"UN", 0xFFFFFFF0, b"short"),
        PART10 + element(0x00081140, b"SQ", UNDEFINED, ITEM),
        PART10 + (element(0x00081140, b"SQ", UNDEFINED, ITEM)) * 5000,
        PART10 + element(0x00081140, b"SQ", 40, b"\x01" * 40),
        PART10 + b"\xff" * 4096,
        PART10 + b"\0" * 4096,
        PART10 + os.urandom(4096),
        PART10.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0") + b"\0\x08\0\x05CS\xff\xff",
    ],
    ids=["no-data-set", "cut-meta", "long-value", "huge-value", "open-sequence", "deep", "bad-item",
         "ones", "zeros", "random", "big-endian"],
)  # fmt: skip
def test_broken_files_give_a_reason_and_never_a_zero(store: Path, pack: Path, content: bytes) -> None:
    """A DICOM file that cannot be read to its end is readable, with a reason, and not free of identifiers."""
    (store / "broken").write_bytes(content)
    _, rows, trailer = collect(store, pack)
    row = rows["broken"]
    assert (row["file_class"], row["readable"]) == ("dicom", "yes")
    assert row["error"]
    assert row.get("direct_identifiers") != 0
    assert trailer["complete"] is True


def test_every_cut_of_a_file_is_survived() -> None:
    """Cut anywhere: a reason and no exception; only a cut between two elements of the top cannot be seen."""
    inner = Dataset()
    inner.PatientName = "A"
    made = data_set(PatientID="1", ReferencedStudySequence=Sequence([inner]), StudyID="2")
    whole = as_bytes(made)
    assert read(whole).problem is None
    cuts = [read(whole[:length]) for length in range(132, len(whole))]
    unseen = [found for found in cuts if not isinstance(found, str) and found.problem is None]
    assert len(unseen) == len(made) - 1


def test_a_deflated_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB of zeros in 64 KiB are inflated up to the limit only; the row says so."""
    monkeypatch.setattr(by_pydicom, "LARGEST_VALUE", 1 << 20)
    machine = zlib.compressobj(wbits=-15)
    start = element(0x00080060, b"CS", 2, b"CT") + element(0x00100020, b"UN", 64 << 20)
    bomb = machine.compress(start) + machine.compress(bytes(64 << 20)) + machine.flush()
    found = read(
        PART10.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99").replace(
            element(0x00020010, b"UI", 20), element(0x00020010, b"UI", 22)
        )
        + bomb
    )
    assert isinstance(found, Header)
    assert (found.modality, found.problem) == ("CT", "only its beginning was inflated")


def test_a_long_value_is_counted_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value past the limit is present; a sequence past it is unread, and the row says so."""
    monkeypatch.setattr(by_pydicom, "LARGEST_VALUE", 1000)
    found = read(as_bytes(data_set(PatientComments="x" * 5000)))
    assert (found.keywords, found.problem) == ("PatientComments", None)
    item = Dataset()
    item.PatientComments = "x" * 5000
    content = as_bytes(data_set(ReferencedStudySequence=Sequence([item])))
    with quiet_pydicom():
        facts = by_pydicom.patient_facts(Memory(content))
    assert (facts.found, facts.problem) == (set(), "a sequence could not be read")


def test_a_header_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the limit, so no file fills the memory."""
    monkeypatch.setattr(by_pydicom, "LARGEST_HEADER", 1 << 20)
    body = b"".join(
        element(0x00110000 | number, b"UN", 50_000, bytes(50_000)) for number in range(0x1000, 0x1040)
    )
    found = read(PART10 + body)
    assert found.problem == "only the first 1 MiB of the header were read"


# ---------------------------------------------------------------- the walk


def small(name: str = "DOE^J") -> bytes:
    return as_bytes(data_set(PatientName=name))


def test_files_come_in_a_fixed_order_with_equal_bytes(store: Path, pack: Path, tmp_path: Path) -> None:
    """Sorted by folder and name, whatever order they were made in; two scans at one time are byte-equal."""
    for name in ("b", "a", "B", "z/2", "z/10", "m/x/y", "ä"):
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(b"text")
    header, rows, trailer = collect(store, pack)
    assert list(rows) == ["B", "a", "b", "ä", "m/x/y", "z/10", "z/2"]
    assert header == {
        "riskkit_dicom_scan": 1,
        "scan_id": "archive-20261031T235930Z",
        "system_id": "archive",
        "root": str(store.resolve()),
        "started_at": "2026-10-31T23:59:30.000Z",
        "versions": header["versions"],
        "identifiers": "PS3.15 2026c table E.1-1",
    }
    assert trailer == {
        "complete": True,
        "finished_at": "2026-10-31T23:59:30.000Z",
        "files": 7,
        "unreadable": 0,
        "links": 0,
        "classes": {"other": 7},
        "problems": {},
        "files_read": 7,
        "bytes_read": 56,
        "read_by_pydicom": 0,
        "access_times_touched": 0,
    }
    one = next((pack / "dicom").iterdir())
    collect(store, tmp_path / "again")
    assert one.read_bytes() == next((tmp_path / "again" / "dicom").iterdir()).read_bytes()
    assert one.name == "archive-20261031T235930Z.ndjson.gz"
    assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_the_store_is_not_altered(store: Path, pack: Path) -> None:
    """Content, times of change and, where the system allows it, times of access stay as they were."""
    (store / "sub").mkdir()
    file = store / "sub" / "one.dcm"
    file.write_bytes(small())
    old = 1_000_000_000_000_000_000
    for path in (file, store / "sub", store):
        os.utime(path, ns=(old, old))
    before = [(path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in (file, store / "sub", store)]
    collect(store, pack)
    assert before == [
        (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in (file, store / "sub", store)
    ]
    if hasattr(os, "O_NOATIME"):
        assert [path.stat().st_atime_ns for path in (file, store / "sub", store)] == [old] * 3


def test_links_never_lead_out_or_round(store: Path, pack: Path, tmp_path: Path) -> None:
    """Loops end, a link that leaves the store is a row of its own, and its target stays unread."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.dcm").write_bytes(small())
    (store / "real").mkdir()
    (store / "real" / "one.dcm").write_bytes(small())
    (store / "real" / "up").symlink_to("..")
    (store / "self").symlink_to("self")
    (store / "nowhere").symlink_to("missing")
    (store / "one").symlink_to("real/one.dcm")
    (store / "folder").symlink_to(outside)
    (store / "file").symlink_to(outside / "secret.dcm")
    (tmp_path / "store-2").mkdir()
    (store / "sibling").symlink_to(tmp_path / "store-2")
    for follow, files in ((False, {"real/one.dcm"}), (True, {"real/one.dcm", "one"})):
        _, rows, trailer = collect(store, pack / str(follow), follow_symlinks=follow)
        led_out = {path for path, row in rows.items() if row["file_class"] == "symlink"}
        assert led_out == {"folder", "file", "sibling"}
        assert set(rows) - led_out == files
        assert {rows[path]["readable"] for path in led_out} == {"unknown"}
        assert trailer["links"] == 4 - follow


def test_a_root_that_is_a_link_is_walked(store: Path, pack: Path, tmp_path: Path) -> None:
    """The root itself was named by the person, so it may be a link."""
    (store / "one.dcm").write_bytes(small())
    (tmp_path / "link").symlink_to(store)
    header, rows, _ = collect(tmp_path / "link", pack)
    assert list(rows) == ["one.dcm"]
    assert header["root"] == str(store.resolve())


def test_pipes_and_sockets_do_not_hold_the_walk(store: Path, pack: Path) -> None:
    """What is no regular file is listed, and never opened."""
    os.mkfifo(store / "pipe")
    _, rows, _ = collect(store, pack)
    assert rows["pipe"]["error"] == "not a regular file"
    assert rows["pipe"]["readable"] == "unknown"


def test_what_may_not_be_read_is_counted(store: Path, pack: Path) -> None:
    """A file and a folder without permission are rows with their reason; the walk goes on."""
    (store / "locked.dcm").write_bytes(small())
    (store / "locked.dcm").chmod(0)
    if os.access(store / "locked.dcm", os.R_OK):
        pytest.skip("this user (root) may read everything, so nothing can be locked away from it")
    (store / "folder").mkdir(mode=0)
    (store / "z.dcm").write_bytes(small())
    _, rows, trailer = collect(store, pack)
    (store / "folder").chmod(0o700)
    assert rows["locked.dcm"]["file_class"] == rows["folder/"]["file_class"] == "unreadable"
    assert rows["locked.dcm"]["error"] == "Permission denied"
    assert rows["z.dcm"]["direct_identifiers"] == 1
    assert trailer["unreadable"] == 2


def test_what_vanishes_or_fails_is_counted(store: Path, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An I/O error while reading, and a file that goes away, are unreadable rows, also for root."""
    for name in ("a", "gone", "io", "z"):
        (store / name).write_bytes(small())
    real = os.open

    def failing(path: Any, *rest: Any, **options: Any) -> int:
        name = Path(os.fsdecode(path)).name if not isinstance(path, int) else ""
        if name == "gone":
            raise FileNotFoundError(2, "No such file or directory")
        if name == "io":
            raise OSError(5, "Input/output error")
        return real(path, *rest, **options)

    monkeypatch.setattr(os, "open", failing)
    _, rows, trailer = collect(store, pack)
    assert rows["gone"]["error"] == "No such file or directory"
    assert rows["io"]["error"] == "Input/output error"
    assert {path for path, row in rows.items() if row["file_class"] == "unreadable"} == {"gone", "io"}
    assert (trailer["files"], trailer["unreadable"]) == (4, 2)


def test_names_that_are_not_unicode_are_kept_apart(store: Path, pack: Path) -> None:
    r"""A byte that is not UTF-8 is written as \xNN, so that every reader of JSON takes the file."""
    (Path(os.fsdecode(os.fsencode(store) + b"/\xff\xfe.dcm"))).write_bytes(small())
    _, rows, _ = collect(store, pack)
    (path,) = rows
    assert path == "\\xff\\xfe.dcm"
    assert rows[path]["file_class"] == "dicom"


def test_progress_is_told(store: Path, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Part by part, counts and no name; of how many is known from a first count."""
    monkeypatch.setattr("riskkit.collectors.dicom.scan.PART_FILES", 2)
    for number in range(5):
        (store / str(number)).write_bytes(b"")
    said: list[Progress] = []
    _, rows, _ = collect(store, pack, progress=said.append)
    assert {progress.total for progress in said} == {5}
    assert sorted({progress.files for progress in said}) == [0, 2, 4, 5]
    assert str(said[-1]).startswith("5 of 5 files, ")
    assert rows["0"] == {
        "path": "0",
        "size_bytes": 0,
        "file_class": "empty",
        "readable": "yes",
        "direct_identifiers": 0,
        "quasi_identifiers": 0,
        "private_tags": 0,
    }


def test_an_interrupted_walk_stays_partial(store: Path, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file under the final name; the partial one opens and has no trailer."""
    monkeypatch.setattr("riskkit.collectors.dicom.scan.PART_FILES", 1)
    for name in ("a", "b"):
        (store / name).write_bytes(small())

    def stop(said: Progress) -> None:
        if said.files == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect_dicom(store, pack / "dicom", system_id="archive", now=clock, progress=stop)
    (left,) = (pack / "dicom").iterdir()
    assert left.name.endswith(PARTIAL)
    lines = [json.loads(line) for line in gzip.decompress(left.read_bytes()).splitlines()]
    assert [line.get("path") for line in lines] == [None, "a", "b"]


@pytest.mark.parametrize(
    ("system_id", "root", "says"),
    [
        ("../etc", "store", "system id"),
        ("", "store", "system id"),
        ("a b", "store", "system id"),
        ("archive", "missing", "no such folder"),
        ("archive", "store/file", "not a folder"),
        ("archive", ".", "lies within the store"),
    ],
)
def test_what_cannot_be_walked_is_refused(tmp_path: Path, system_id: str, root: str, says: str) -> None:
    """A clear CollectError, and nothing is written."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "file").write_bytes(b"x")
    with pytest.raises(CollectError, match=says):
        collect_dicom(tmp_path / root, tmp_path / "pack", system_id=system_id, now=clock)
    assert not (tmp_path / "pack").exists()


def test_a_copy_of_the_corpus_scans_like_the_corpus(store: Path, pack: Path, tmp_path: Path) -> None:
    """Names and places do not decide: files without extension in other folders get the same rows."""
    names: Iterator[int] = iter(range(1000))
    origin = {}
    for file in sorted((CORPUS / "test_files").glob("*.dcm"))[:30]:
        target = store / f"{next(names):04d}"
        shutil.copyfile(file, target)
        origin[target.name] = file.name
    _, rows, _ = collect(store, pack)
    _, whole, _ = collect(CORPUS / "test_files", tmp_path / "other")
    for name, file in origin.items():
        assert rows[name] | {"path": ""} == whole[file] | {"path": ""}


# ---------------------------------------------------------------- the list of attributes


def test_the_list_of_identifiers_is_consistent() -> None:
    """Tags and keywords agree with the dictionary, actions and letters are ones that exist."""
    assert len(identifiers()) > 100
    for tag, one in identifiers().items():
        assert pydicom.datadict.keyword_for_tag(tag) == one.keyword
        assert one.safe_harbor in ("", *"ABCDEFGHIJKLMNOPQR")
        assert set(one.action.split("/")) <= {"X", "Z", "D", "U", "K", "C", "U*"}
        assert one.kind in ("direct", "quasi")
        assert one.kind == "quasi" or one.safe_harbor, (
            f"{one.keyword} identifies directly, and is no item of the rule"
        )
    assert {"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber"} <= {
        one.keyword for one in identifiers().values() if one.kind == "direct"
    }
