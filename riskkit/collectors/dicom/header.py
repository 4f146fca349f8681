"""Which identifying attributes a DICOM header carries, at any depth; values are looked at and left there.

What is kept of values are words of closed vocabularies only (YES and NO, registered UIDs, defined
terms of Modality): nothing that a hostile or careless writer put elsewhere gets into the evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pydicom.uid import UID

from riskkit.collectors.dicom import by_pydicom
from riskkit.collectors.dicom.behind import signed_behind
from riskkit.collectors.dicom.elements import Unsure, Walker
from riskkit.collectors.dicom.facts import (
    BURNED_IN,
    DEFLATED,
    ENCRYPTED_ATTRIBUTES,
    IDENTITY_REMOVED,
    KEPT,
    MEDIA_SOP_CLASS,
    MODALITY,
    SIGNATURES,
    SOP_CLASS,
    TRANSFER_SYNTAX,
    Facts,
)
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.protected import Messages
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


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What a header tells; `problem` says what of it could not be looked at.

    Keywords and letters are joined by |. `quick` says that the quick walk saw it. Files that tell the
    same share one.
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
    attributes_cipher: str | None = None
    digital_signatures: str | None = None
    problem: str | None = None
    quick: bool = False


def read_header(source: Source, head: bytes) -> tuple[Header, Facts] | str:
    """Read the header of a DICOM file up to its pixel data, or say in words why that failed.

    `head` is the beginning of the source, of any length. The facts are for digests and never leave the
    process. Use within `by_pydicom.quiet_pydicom`.
    """
    try:
        facts, quick = quick_facts(source, head), True
    except Unsure:
        try:
            facts, quick = by_pydicom.patient_facts(source), False
        # pydicom lets nearly every kind of error through on a broken file; its text may quote values.
        except Exception as error:  # noqa: BLE001
            return f"the header could not be parsed ({type(error).__name__})"
    value = facts.texts.get
    header = _header(
        facts.found, facts.private_tags, facts.problem, quick, facts.signed, facts.ciphers,
        value(SOP_CLASS) or value(MEDIA_SOP_CLASS), value(MODALITY), value(TRANSFER_SYNTAX),
        value(IDENTITY_REMOVED), value(BURNED_IN),
    )  # fmt: skip
    return header, facts


@lru_cache(maxsize=1)
def walkers() -> tuple[Walker, Walker, Walker]:
    """The walkers for explicit and implicit VR in little endian, and explicit VR in big endian."""
    wanted = frozenset(identifiers()) | {ENCRYPTED_ATTRIBUTES, SIGNATURES}
    kept = KEPT | {ENCRYPTED_ATTRIBUTES}
    return (
        Walker(wanted, kept),
        Walker(wanted, kept, explicit=False),
        Walker(wanted, kept, little=False),
    )


@lru_cache(maxsize=4)
def _messages(explicit: bool, little: bool) -> Messages:
    return Messages(explicit=explicit, little=little)


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
    explicit_vr, little = syntax != _IMPLICIT, syntax != _BIG_ENDIAN
    signed: bool | None = SIGNATURES in seen.found
    if seen.pixels and not signed:
        signed = signed_behind(source, seen.end, seen.head, explicit=explicit_vr, little=little)
    items = seen.texts.get(ENCRYPTED_ATTRIBUTES)
    return Facts(
        frozenset(seen.found),
        seen.private,
        meta.texts | seen.texts,
        None,
        data_from,
        seen.end,
        deflated_from,
        signed,
        _messages(explicit_vr, little).ciphers(items) if items else frozenset(),
    )


# The files of a series tell the same: what that is, is worked out once.
@lru_cache(maxsize=1024)
def _header(
    found: frozenset[int],
    private_tags: int,
    problem: str | None,
    quick: bool,
    signed: bool | None,
    ciphers: frozenset[str],
    sop_class: bytes | None,
    modality: bytes | None,
    transfer_syntax: bytes | None,
    identity_removed: bytes | None,
    burned_in: bytes | None,
) -> Header:
    known = [identifiers()[tag] for tag in sorted(found) if tag in identifiers()]
    if not (known or _word(sop_class)):
        problem = problem or _BLANK_HEADER
    return Header(
        keywords="|".join(one.keyword for one in known),
        direct=sum(one.kind == "direct" for one in known),
        quasi=sum(one.kind == "quasi" for one in known),
        safe_harbor="|".join(sorted({one.safe_harbor for one in known} - {""})),
        private_tags=private_tags,
        sop_class_uid=_registered(_word(sop_class)),
        modality=_one_of(_word(modality), MODALITIES, UNREGISTERED),
        transfer_syntax_uid=_registered(_word(transfer_syntax)),
        identity_removed=_one_of(_word(identity_removed), _YES_NO, None),
        burned_in_annotation=_one_of(_word(burned_in), _YES_NO, None),
        encrypted_attributes=ENCRYPTED_ATTRIBUTES in found,
        attributes_cipher="|".join(sorted(ciphers)) or None,
        digital_signatures={True: "yes", False: "no", None: None}[signed],
        problem=problem,
        quick=quick,
    )


@lru_cache(maxsize=256)
def _word(value: bytes | None) -> str | None:
    return value.decode("ascii", "replace").strip(" \0") or None if value else None


def _registered(uid: str | None) -> str | None:
    if not uid:
        return None
    return uid if _UID.fullmatch(uid) and UID(uid).name != uid else UNREGISTERED


def _one_of(text: str | None, terms: frozenset[str], otherwise: str | None) -> str | None:
    return text if text in terms else otherwise if text else None
