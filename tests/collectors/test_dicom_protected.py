"""Digital Signatures behind pixel data, and how encrypted attributes are encrypted: as pydicom sees them."""

from __future__ import annotations

import io
import subprocess
import warnings
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_charset_files, get_testdata_files
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from riskkit.collectors.dicom import behind
from riskkit.collectors.dicom.by_pydicom import patient_facts, quiet_pydicom
from riskkit.collectors.dicom.facts import Facts
from riskkit.collectors.dicom.header import read_header
from riskkit.collectors.dicom.protected import cipher_of
from riskkit.collectors.dicom.row import FIRST_READ, content_of
from riskkit.collectors.dicom.source import Memory
from tests.collectors.test_dicom import ENVELOPES, as_bytes, data_set

SIGNATURES = 0xFFFAFFFA
PLAIN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


class Counting(Memory):
    """Memory that counts what is fetched of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.fetched: list[int] = []

    def fetch(self, at: int, length: int) -> bytes:
        data = super().fetch(at, length)
        self.fetched.append(len(data))
        return data


def signature() -> Sequence:
    item = Dataset()
    item.MACIDNumber = 1
    item.DigitalSignatureUID = "1.2.3"
    item.CertificateOfSigner = b"\x30\x03\x02\x01\x01\x00"
    item.Signature = bytes(128)
    return Sequence([item])


def image(syntax: str, *, signed: bool, pixels: bytes = bytes(40_000), **attributes: Any) -> Dataset:
    made = data_set(syntax, PatientID="1", **attributes)
    if syntax == JPEGBaseline8Bit:
        made.PixelData = pixels
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
    else:
        made.BitsAllocated = 16
        made.PixelData = pixels
        made["PixelData"].VR = "OW"
    if signed:
        made.DigitalSignaturesSequence = signature()
    return made


def seen(content: bytes) -> bool | None:
    """What the scan says; what pydicom finds in the whole file must not contradict it."""
    with quiet_pydicom():
        found = read_header(Memory(content), content[:FIRST_READ])
        assert not isinstance(found, str)
        patient = patient_facts(Memory(content))
    said = found[1].signed
    expected = by_pydicom(content)
    assert said in (None, expected)
    assert patient.signed in (None, expected)
    return said


def by_pydicom(content: bytes) -> bool:
    with warnings.catch_warnings(), quiet_pydicom():
        warnings.simplefilter("ignore")
        whole = pydicom.dcmread(io.BytesIO(content), force=True)
        return any(int(element.tag) == SIGNATURES and element.value for element in whole.iterall())


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("syntax", PLAIN)
def test_behind_plain_pixels(syntax: str, signed: bool, undefined: bool) -> None:
    """Passed over by arithmetic in every encoding, with and without padding before the end."""
    made = image(syntax, signed=signed)
    if signed:
        made["DigitalSignaturesSequence"].is_undefined_length = undefined
    assert seen(as_bytes(made)) is signed
    made.add_new(0xFFFCFFFC, "OB", bytes(200))
    assert seen(as_bytes(made)) is signed


@pytest.mark.parametrize("offsets", [True, False])
@pytest.mark.parametrize("frames", [1, 5, 300])
@pytest.mark.parametrize("signed", [True, False])
def test_behind_encapsulated_pixels(frames: int, signed: bool, offsets: bool) -> None:
    """From fragment to fragment, by the offset table where there are many; without it not looked for."""
    pixels = encapsulate([bytes(100)] * frames, has_bot=offsets)
    found = seen(as_bytes(image(JPEGBaseline8Bit, signed=signed, pixels=pixels)))
    assert found is (None if frames == 300 and not offsets else signed)


@pytest.mark.parametrize("syntax", [*PLAIN, DeflatedExplicitVRLittleEndian])
def test_without_pixels_and_nested(syntax: str) -> None:
    """Signatures of a report, and of an item before the pixel data, are seen by the walk itself."""
    inner = Dataset()
    inner.DigitalSignaturesSequence = signature()
    nested = data_set(syntax, ReferencedStudySequence=Sequence([inner]))
    assert seen(as_bytes(nested)) is True
    report = data_set(syntax, PatientID="1")
    assert seen(as_bytes(report)) is False
    report.DigitalSignaturesSequence = signature()
    assert seen(as_bytes(report)) is True


def test_no_signature_is_never_claimed_unseen() -> None:
    """A big deflated file, a cut one, and a sequence behind the pixels: not looked for is not none."""
    noise = bytes(range(256)) * 4000
    assert seen(as_bytes(image(DeflatedExplicitVRLittleEndian, signed=True, pixels=noise))) is None
    assert seen(as_bytes(image(ExplicitVRLittleEndian, signed=False))[:-10]) is None
    odd = image(ExplicitVRLittleEndian, signed=False)
    odd.add_new(0x7FE10010, "LO", "RISKKIT")
    odd.add_new(0x7FE11001, "SQ", Sequence([Dataset()]))
    assert seen(as_bytes(odd)) is None


def test_compressed_stores_are_not_inflated_for_it() -> None:
    """Orthanc's zlib: what fits the first step is looked at, of a big image only the beginning is read."""
    for size, expected in ((1000, True), (8_000_000, None)):
        plain = as_bytes(image(ExplicitVRLittleEndian, signed=True, pixels=bytes(size)))
        stored = Counting(len(plain).to_bytes(8, "little") + zlib.compress(plain, 1))
        with quiet_pydicom():
            header = content_of(stored).header
        assert header is not None
        assert header.digital_signatures == ("yes" if expected else None)


def test_the_look_behind_is_small() -> None:
    """Of 64 MB of pixel data nothing is read, and a hostile chain of elements ends."""
    content = as_bytes(image(ExplicitVRLittleEndian, signed=True, pixels=bytes(64 << 20)))
    source = Counting(content)
    with quiet_pydicom():
        read_header(source, content[:FIRST_READ])
    assert sum(source.fetched) < 200
    chain = bytes.fromhex("fcfffcff") + b"OB\0\0" + bytes(4)
    hostile = as_bytes(image(ExplicitVRLittleEndian, signed=False)) + chain * 10_000
    source = Counting(hostile)
    with quiet_pydicom():
        found = read_header(source, hostile[:FIRST_READ])
    assert not isinstance(found, str)
    assert found[0].digital_signatures is None
    assert len(source.fetched) <= behind.MOST_STEPS + 1


def test_the_whole_corpus_is_signed_as_pydicom_says() -> None:
    """No file of pydicom is signed, and none is called signed; most are looked at to their end."""
    looked = 0
    for path in sorted({Path(name) for name in [*get_testdata_files(), *get_charset_files()]}):
        content = path.read_bytes() if path.is_file() else b""
        if content[128:132] != b"DICM":
            continue
        with quiet_pydicom():
            found = read_header(Memory(content), content[:FIRST_READ])
        if isinstance(found, str):
            continue
        said = found[0].digital_signatures
        assert said != "yes", path.name
        looked += said == "no"
    assert looked >= 150


# ---------------------------------------------------------------- encrypted attributes

CIPHERS = {
    "cms_aes256.der": "AES-256-CBC",
    "cms_stream.der": "AES-128-CBC",
    "cms_3des.der": "3DES-CBC",
    "cms_authenv.der": "AES-256-GCM",
    "cms_pwri.der": "AES-256-CBC",
    "cms_signed.der": "none",
    "rand.bin": "unknown",
}


def protected(*messages: bytes | None, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    items = []
    for message in messages:
        item = Dataset()
        item.EncryptedContentTransferSyntaxUID = ExplicitVRLittleEndian
        if message is not None:
            item.EncryptedContent = message + b"\0" * (len(message) % 2)
        items.append(item)
    return image(syntax, signed=False, EncryptedAttributesSequence=Sequence(items))


def ciphers(content: bytes) -> str | None:
    """What the quick walk says, which must be what pydicom says."""
    with quiet_pydicom():
        found = read_header(Memory(content), content[:FIRST_READ])
        patient: Facts = patient_facts(Memory(content))
    assert not isinstance(found, str)
    assert found[0].encrypted_attributes
    assert found[1].ciphers == patient.ciphers
    return found[0].attributes_cipher


@pytest.mark.skipif(not ENVELOPES.is_dir(), reason=f"no sample envelopes at {ENVELOPES}")
@pytest.mark.parametrize("syntax", PLAIN)
@pytest.mark.parametrize(("name", "cipher"), CIPHERS.items())
def test_real_messages_as_encrypted_attributes(name: str, cipher: str, syntax: str) -> None:
    """The cipher of EncryptedContent is read as that of a CMS file; a signed one encrypts nothing."""
    assert ciphers(as_bytes(protected((ENVELOPES / name).read_bytes(), syntax=syntax))) == cipher


@pytest.mark.skipif(not ENVELOPES.is_dir(), reason=f"no sample envelopes at {ENVELOPES}")
def test_several_recipients_and_a_message_that_lacks() -> None:
    """Each item tells its own cipher, weakest included; an item without content is unknown."""
    aes, weak = (ENVELOPES / name for name in ("cms_aes256.der", "cms_3des.der"))
    found = ciphers(as_bytes(protected(aes.read_bytes(), weak.read_bytes(), None)))
    assert found == "3DES-CBC|AES-256-CBC|unknown"


@pytest.mark.skipif(not ENVELOPES.is_dir(), reason=f"no sample envelopes at {ENVELOPES}")
def test_items_of_undefined_length_are_left_to_pydicom() -> None:
    """They are read all the same."""
    made = protected((ENVELOPES / "cms_aes256.der").read_bytes())
    made["EncryptedAttributesSequence"].is_undefined_length = True
    made.EncryptedAttributesSequence[0].is_undefined_length_sequence_item = True
    assert ciphers(as_bytes(made)) == "AES-256-CBC"


@pytest.mark.parametrize("many", [1, 40])
def test_a_message_made_here(many: int, tmp_path: Path) -> None:
    """OpenSSL encrypts to one recipient and to forty: the cipher stands behind all of them."""
    made = tmp_path / "message"
    made.write_bytes(b"attributes")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-days", "9"]
    try:
        subprocess.run(
            [*command, "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
            check=True,
            capture_output=True,
        )
        encrypted = subprocess.run(
            ["openssl", "cms", "-encrypt", "-binary", "-aes-192-cbc", "-outform", "DER", "-in", made,
             *[tmp_path / "cert"] * many],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
    except FileNotFoundError:
        pytest.skip("openssl is not installed: it makes the message that is read here")
    assert cipher_of(encrypted) == "AES-192-CBC"
    assert ciphers(as_bytes(protected(encrypted))) == "AES-192-CBC"
