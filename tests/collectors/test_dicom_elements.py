"""The quick walk beside pydicom: the same attributes or none, and never a wrong one."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from random import Random

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_charset_files, get_testdata_files
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from benchmarks.made.stores import enhanced, image, small, written
from riskkit.collectors.dicom import elements
from riskkit.collectors.dicom.by_pydicom import quiet_pydicom
from riskkit.collectors.dicom.elements import Unsure, Walker
from riskkit.collectors.dicom.facts import KEPT, Facts
from riskkit.collectors.dicom.header import quick_facts, read_header
from riskkit.collectors.dicom.row import FIRST_READ
from riskkit.collectors.dicom.source import Memory
from tests.collectors.test_dicom import as_bytes, data_set

CHANCE = Random(1)  # noqa: S311 - for test data
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
LEFT_TO_PYDICOM = {
    "DICOMDIR-nooffset",
    "SC_rgb_jpeg.dcm",
    "bad_sequence.dcm",  # of pydicom-data, where that is installed
    "UN_sequence.dcm",
    "meta_missing_tsyntax.dcm",
    "nested_priv_SQ.dcm",
    "no_meta_group_length.dcm",
    "priv_SQ.dcm",
    "rtdose_rle.dcm",
    "rtdose_rle_1frame.dcm",
    "rtplan_truncated.dcm",
}


class Everything:
    """Every tag there is."""

    def __contains__(self, _tag: object) -> bool:
        return True


def all_walkers() -> tuple[Walker, Walker, Walker]:
    return (
        Walker(Everything(), KEPT, empty=True),
        Walker(Everything(), KEPT, empty=True, explicit=False),
        Walker(Everything(), KEPT, empty=True, little=False),
    )


def quick(content: bytes, first: int = FIRST_READ) -> Facts | None:
    """All attributes that are present, empty ones too; None where the walk is unsure."""
    try:
        return quick_facts(Memory(content), content[:first], all_walkers())
    except Unsure:
        return None


def by_pydicom(content: bytes) -> tuple[set[int], int]:
    """The same by `iterall`, and the number of private elements."""
    with warnings.catch_warnings(), quiet_pydicom():
        warnings.simplefilter("ignore")
        found = list(pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True).iterall())
    return {int(element.tag) for element in found}, sum(element.tag.is_private for element in found)


def test_the_whole_corpus_is_seen_alike() -> None:
    """Every Part 10 file that pydicom ships: the same attributes, nested included, or left to pydicom."""
    files = {Path(name) for name in [*get_testdata_files(), *get_charset_files()]}
    compared, left = 0, set()
    for path in sorted(path for path in files if path.is_file()):
        content = path.read_bytes()
        if content[128:132] != b"DICM":
            continue
        found = quick(content)
        if found is None:
            left.add(path.name)
            continue
        assert (found.found, found.private_tags) == by_pydicom(content), path.name
        compared += 1
    assert compared >= 150
    assert left <= LEFT_TO_PYDICOM


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_encoding_is_walked(syntax: str) -> None:
    """Explicit, implicit, big endian and deflated data sets need no pydicom."""
    made = image(CHANCE, 8, 8)
    made.file_meta.TransferSyntaxUID = syntax
    content = written(made)
    found = quick(content)
    assert found is not None
    assert (found.found, found.private_tags) == by_pydicom(content)
    assert len(found.found) > 90


@pytest.mark.parametrize("first", [1000, 2000, 8192, 100_000])
def test_a_header_longer_than_the_first_read_is_walked_on(first: int) -> None:
    """Two hundred nested items, begun with any window: the same attributes, each counted once."""
    content = enhanced(CHANCE)
    whole = quick(content, len(content))
    part = quick(content, first)
    assert whole is not None
    assert part is not None
    assert (part.found, part.private_tags, part.data_to) == (whole.found, whole.private_tags, whole.data_to)
    assert (whole.found, whole.private_tags) == by_pydicom(content)


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_lengths_may_be_defined_or_not(syntax: str, undefined: bool) -> None:
    """Sequences and items of undefined length end with their delimiters, others where they say."""
    inner, middle = Dataset(), Dataset()
    inner.PatientName = "DOE^JANE"
    middle.ReferencedPatientSequence = Sequence([inner, Dataset()])
    made = data_set(syntax, ReferencedStudySequence=Sequence([middle, middle]), PatientID="1")
    for item in (inner, middle):
        item.is_undefined_length_sequence_item = undefined
    made["ReferencedStudySequence"].is_undefined_length = undefined
    middle["ReferencedPatientSequence"].is_undefined_length = undefined
    content = as_bytes(made)
    found = quick(content)
    assert found is not None
    assert (found.found, found.private_tags) == by_pydicom(content)


def test_pixel_data_is_the_end_wherever_it_lies() -> None:
    """The place of the pixel data is that at which the file goes on with it."""
    content = small(CHANCE)
    found = quick(content)
    assert found is not None
    assert content[found.data_to : found.data_to + 4] == bytes.fromhex("e07f1000")


CONTENT = small(CHANCE)


META_END = 144 + int.from_bytes(CONTENT[140:144], "little")


@given(st.integers(META_END, len(CONTENT) - 64 * 64 * 2 - 20), st.binary(min_size=1, max_size=12))
def test_damage_is_seen_as_pydicom_sees_it_or_not_at_all(at: int, damage: bytes) -> None:
    """Bytes overwritten anywhere in the header: what the walk vouches for, pydicom says too."""
    broken = CONTENT[:at] + damage + CONTENT[at + len(damage) :]
    found = quick(broken)
    if found is None:
        return
    try:
        expected, private = by_pydicom(broken)
    except Exception:  # noqa: BLE001 - pydicom fails on values that the walk does not look at
        return
    assert found.found == expected
    assert found.private_tags >= private  # pydicom forgets the first of two elements with one tag


@given(st.integers(0, len(CONTENT)))
def test_a_file_cut_within_its_header_is_left_to_pydicom(length: int) -> None:
    """Cut before the pixel data, the walk is sure only at the end of an element of the top level."""
    found = quick(CONTENT[:length])
    whole = quick(CONTENT)
    assert whole is not None
    if length < whole.data_to and found is not None:
        assert found.data_to == length
        assert found.found < whole.found


def test_hostile_nesting_is_left_to_pydicom() -> None:
    """Sequences a thousand levels deep neither recurse without end nor count as seen."""
    item = bytes.fromhex("feff00e0ffffffff")
    level = bytes.fromhex("08004011") + b"SQ\0\0\xff\xff\xff\xff" + item
    head = as_bytes(data_set())
    assert quick(head + level * 1000) is None


def test_tables_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store in which every file has tags of its own does not fill the memory."""
    monkeypatch.setattr(elements, "LARGEST_TABLE", 50)
    walkers = all_walkers()
    for number in range(40):
        made = data_set(PatientID="1")
        for place in range(5):
            made.add_new(0x00110010 + number * 5 + place, "LO", "x")
        content = as_bytes(made)
        assert quick_facts(Memory(content), content, walkers).private_tags == 5
        assert len(walkers[0]._skips) + len(walkers[0]._steps) <= 50


def test_a_hostile_length_costs_little() -> None:
    """A private element that claims 4 GB, and a sequence that does, are given up without reading on."""
    reads: list[int] = []

    class Counting(Memory):
        def fetch(self, at: int, length: int) -> bytes:
            data = super().fetch(at, length)
            reads.append(len(data))
            return data

    head = as_bytes(data_set(PatientID="1"))
    for vr in (b"OB", b"SQ", b"UN"):
        content = head + bytes.fromhex("11001010") + vr + b"\0\0\xf0\xff\xff\xff" + bytes(50_000)
        with quiet_pydicom():
            found = read_header(Counting(content), content[:FIRST_READ])
        assert isinstance(found, str) or found[0].problem
    assert sum(reads) < 2_000_000
