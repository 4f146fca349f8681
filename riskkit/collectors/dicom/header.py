"""Which identifying attributes a DICOM header carries, at any depth; values are looked at and left there.

What is kept of values are words of closed vocabularies only (YES and NO, registered UIDs, defined
terms of Modality): nothing that a hostile or careless writer put elsewhere gets into the evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pydicom.uid import UID

from riskkit.collectors.dicom import by_pydicom
from riskkit.collectors.dicom.elements import Unsure, Walker
from riskkit.collectors.dicom.facts import (
    BURNED_IN,
    DEFLATED,
    ENCRYPTED_ATTRIBUTES,
    IDENTITY_REMOVED,
    KEPT,
    MEDIA_SOP_CLASS,
    MODALITY,
    SOP_CLASS,
    TRANSFER_SYNTAX,
    Facts,
)
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.source import Inflated, Source

UNREGISTERED = "unregistered"
MODALITIES = frozenset({
    "ANN", "AR", "AS", "ASMT", "AU", "BDUS", "BI", "BMD", "CD", "CF", "CFM", "CP", "CR", "CS", "CT",
    "CTPROTOCOL", "DD", "DF", "DG", "DM", "DMS", "DOC", "DS", "DX", "EC", "ECG", "EEG", "EMG",
    "EOG", "EPS", "ES", "FA", "FID", "FS", "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER",
    "KO", "LEN", "LP", "LS", "MA", "MG", "MR", "MS", "M3D", "NM", "OAM", "OCT", "OP", "OPM", "OPR",
    "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PR", "PT", "PX", "REG",
    "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD", "RTRECORD", "RTSEGANN",
    "RTSTRUCT", "RWV", "SEG", "SM", "SMR", "SR", "SRF", "ST", "STAIN", "TEXTUREMAP", "TG", "US",
    "VA", "VF", "XA", "XAPROTOCOL", "XC",
})  # fmt: skip
"""Defined terms of PS3.3 C.7.3.1.1.1, the retired ones included."""

_IMPLICIT, _BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_META = 132
_GROUP_LENGTH = b"\x02\0\0\0UL\x04\0"
_UID = re.compile(r"[0-9.]{1,64}")
_YES_NO = frozenset({"YES", "NO"})
_BLANK_HEADER = "holds no attribute that a data set must have"


@dataclass(slots=True)
class Header:
    """What a header tells; `problem` says what of it could not be looked at.

    Keywords and letters are joined by |. `quick` says that the quick walk saw it; `facts` are for
    digests and never leave the process.
    """

    keywords: str = ""
    direct: int = 0
    quasi: int = 0
    safe_harbor: str = ""
    private_tags: int = 0
    sop_class_uid: str | None = None
    modality: str | None = None
    transfer_syntax_uid: str | None = None
    identity_removed: str | None = None
    burned_in_annotation: str | None = None
    encrypted_attributes: bool = False
    problem: str | None = None
    quick: bool = False
    facts: Facts | None = None


def read_header(source: Source, head: bytes) -> Header | str:
    """Read the header of a DICOM file up to its pixel data, or say in words why that failed.

    `head` is the beginning of the source, of any length. Use within `by_pydicom.quiet_pydicom`.
    """
    try:
        return _header(quick_facts(source, head), quick=True)
    except Unsure:
        pass
    try:
        return _header(by_pydicom.patient_facts(source), quick=False)
    # pydicom lets nearly every kind of error through on a broken file; its text may quote values.
    except Exception as error:  # noqa: BLE001
        return f"the header could not be parsed ({type(error).__name__})"


@lru_cache(maxsize=1)
def walkers() -> tuple[Walker, Walker, Walker]:
    """The walkers for explicit and implicit VR in little endian, and explicit VR in big endian."""
    wanted = frozenset(identifiers()) | {ENCRYPTED_ATTRIBUTES}
    return (
        Walker(wanted, KEPT),
        Walker(wanted, KEPT, explicit=False),
        Walker(wanted, KEPT, little=False),
    )


def quick_facts(source: Source, head: bytes, by: tuple[Walker, Walker, Walker] | None = None) -> Facts:
    """What the quick walk sees; raises Unsure where pydicom must look."""
    explicit, implicit, big_endian = by or walkers()
    start = _META + 12
    if head[_META - 4 : _META + 8] != b"DICM" + _GROUP_LENGTH:
        raise Unsure
    end = start + int.from_bytes(head[_META + 8 : start], "little")
    meta = explicit.between(head, start, end)
    if head[end : end + 2] == b"\x02\0":
        raise Unsure  # the group is longer than it says
    syntax = _word(meta.texts.get(TRANSFER_SYNTAX))
    data_from, deflated_from = end, None
    walker = explicit
    if syntax == DEFLATED:
        source = Inflated(source, end, -15, by_pydicom.LARGEST_VALUE)
        head, data_from, deflated_from = source.fetch(0, len(head)), 0, end
    elif syntax == _IMPLICIT:
        walker = implicit
    elif syntax == _BIG_ENDIAN:
        walker = big_endian
    elif not syntax:
        raise Unsure
    seen = walker.data_set(
        source,
        head,
        data_from,
        largest_value=by_pydicom.LARGEST_VALUE,
        largest_header=by_pydicom.LARGEST_HEADER,
    )
    if seen.end == data_from and not seen.pixels:
        raise Unsure  # no data set at all
    return Facts(
        frozenset(seen.found),
        seen.private,
        meta.texts | seen.texts,
        None,
        data_from,
        seen.end,
        deflated_from,
    )


def _header(facts: Facts, *, quick: bool) -> Header:
    known = _known(frozenset(facts.found))
    texts = facts.texts
    sop_class = _word(texts.get(SOP_CLASS)) or _word(texts.get(MEDIA_SOP_CLASS))
    problem = facts.problem
    if not (known.keywords or sop_class):
        problem = problem or _BLANK_HEADER
    return Header(
        keywords=known.keywords,
        direct=known.direct,
        quasi=known.quasi,
        safe_harbor=known.safe_harbor,
        private_tags=facts.private_tags,
        sop_class_uid=_registered(sop_class),
        modality=_one_of(_word(texts.get(MODALITY)), MODALITIES, UNREGISTERED),
        transfer_syntax_uid=_registered(_word(texts.get(TRANSFER_SYNTAX))),
        identity_removed=_one_of(_word(texts.get(IDENTITY_REMOVED)), _YES_NO, None),
        burned_in_annotation=_one_of(_word(texts.get(BURNED_IN)), _YES_NO, None),
        encrypted_attributes=known.encrypted_attributes,
        problem=problem,
        quick=quick,
        facts=facts,
    )


class _Known(NamedTuple):
    keywords: str
    direct: int
    quasi: int
    safe_harbor: str
    encrypted_attributes: bool


# The files of a series carry the same attributes: what those are called is worked out once.
@lru_cache(maxsize=4096)
def _known(found: frozenset[int]) -> _Known:
    known = [identifiers()[tag] for tag in sorted(found) if tag in identifiers()]
    return _Known(
        "|".join(one.keyword for one in known),
        sum(one.kind == "direct" for one in known),
        sum(one.kind == "quasi" for one in known),
        "|".join(sorted({one.safe_harbor for one in known} - {""})),
        ENCRYPTED_ATTRIBUTES in found,
    )


@lru_cache(maxsize=4096)
def _word(value: bytes | None) -> str | None:
    return value.decode("ascii", "replace").strip(" \0") or None if value else None


@lru_cache(maxsize=4096)
def _registered(uid: str | None) -> str | None:
    if not uid:
        return None
    return uid if _UID.fullmatch(uid) and UID(uid).name != uid else UNREGISTERED


def _one_of(text: str | None, terms: frozenset[str], otherwise: str | None) -> str | None:
    return text if text in terms else otherwise if text else None
