"""CMS messages (RFC 5652), bare, as PEM and as S/MIME: enveloped ones are encrypted, signed ones are not."""

from __future__ import annotations

import base64
import binascii
import re

from riskkit.collectors.dicom.ciphertext import NOT_SEEN, is_random
from riskkit.collectors.dicom.kind import Kind


def _oid(dotted: str) -> bytes:
    """An object identifier in DER, with tag and length."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray([40 * first + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return bytes([6, len(content), *content])


_ENVELOPED = _oid("1.2.840.113549.1.7.3")
_CMS: dict[bytes, Kind] = {
    _ENVELOPED: Kind("encrypted-cms", "no"),
    _oid("1.2.840.113549.1.7.4"): Kind("encrypted-cms", "no"),  # signedAndEnvelopedData of PKCS #7
    _oid("1.2.840.113549.1.7.6"): Kind("encrypted-cms", "no"),
    _oid("1.2.840.113549.1.9.16.1.23"): Kind("encrypted-cms", "no"),  # authEnvelopedData, RFC 5083
    _oid("1.2.840.113549.1.7.2"): Kind("signed-cms", "yes"),
    _oid("1.2.840.113549.1.7.5"): Kind("signed-cms", "yes"),  # digestedData
    _oid("1.2.840.113549.1.9.16.1.2"): Kind("signed-cms", "yes"),  # authenticatedData: a MAC, no cipher
    _oid("1.2.840.113549.1.9.16.1.9"): Kind("container-cms", "unknown"),  # compressedData
}
_CIPHERS: dict[bytes, str] = {
    _oid("2.16.840.1.101.3.4.1.2"): "AES-128-CBC",
    _oid("2.16.840.1.101.3.4.1.22"): "AES-192-CBC",
    _oid("2.16.840.1.101.3.4.1.42"): "AES-256-CBC",
    _oid("2.16.840.1.101.3.4.1.6"): "AES-128-GCM",
    _oid("2.16.840.1.101.3.4.1.26"): "AES-192-GCM",
    _oid("2.16.840.1.101.3.4.1.46"): "AES-256-GCM",
    _oid("1.2.840.113549.3.7"): "3DES-CBC",
    _oid("1.2.840.113549.3.2"): "RC2-CBC",
    _oid("1.3.14.3.2.7"): "DES-CBC",
    _oid("1.2.840.113549.1.9.16.3.18"): "ChaCha20-Poly1305",
}
_SEQUENCE, _SET, _EXPLICIT_0 = 0x30, 0x31, 0xA0
_INTEGER, _INDEFINITE = b"\x02", 0x80


def cms(head: bytes) -> Kind | None:
    """The content type of a CMS message in DER or BER; its cipher stands in encryptedContentInfo.

    Encrypted is one whose content is there and looks like ciphertext.
    """
    inner = _after_header(head, 0)
    if inner is None:
        return None
    kind = next((kind for oid, kind in _CMS.items() if head.startswith(oid, inner)), None)
    if kind is None:
        return None
    if kind.file_class == "signed-cms" and _ENVELOPED in head[inner:]:
        return Kind("container-cms", "unknown", None, "signed, around an enveloped message")
    if kind.readable != "no":
        return kind
    algorithm, content = _encrypted_content(head, inner) or (None, b"")
    cipher = next((name for oid, name in _CIPHERS.items() if algorithm and algorithm.startswith(oid)), None)
    if is_random(content):
        return Kind(kind.file_class, kind.readable, cipher)
    return Kind("container-cms", "unknown", cipher, f"begins as CMS, but {NOT_SEEN}")


def _encrypted_content(head: bytes, at: int) -> tuple[bytes, bytes] | None:
    """From the content type at `at` to encryptedContentInfo (RFC 5652, 6.1): its algorithm and its content.

    Both as far as `head` goes, no content where it is elsewhere; None where the message is not built so.
    """
    wrapped = _inside(head, _past(head, at), _EXPLICIT_0)
    if (message := _inside(head, wrapped, _SEQUENCE)) is None or head[message : message + 1] != _INTEGER:
        return None
    place = _past(head, message)
    while place is not None and place < len(head) and head[place] in (_SET, _EXPLICIT_0):
        place = _past(head, place)  # certificates, recipients, digest algorithms
    kind = _inside(head, place, _SEQUENCE)
    algorithm = _past(head, kind)
    content = _past(head, algorithm)
    oid = _inside(head, algorithm, _SEQUENCE)
    if oid is None or content is None:
        return None
    there = head[content : content + 1] in (b"\x80", b"\xa0")
    return head[oid : oid + 16], head[content + 2 + _length_bytes(head, content) :] if there else b""


def _length_bytes(data: bytes, at: int) -> int:
    return data[at + 1] & 0x7F if data[at + 1] & 0x80 else 0


def _inside(data: bytes, at: int | None, tag: int) -> int | None:
    """Where the content of the element at `at` begins, if it has this tag."""
    if at is None or len(data) < at + 2 or data[at] != tag:
        return None
    return at + 2 + _length_bytes(data, at)


def _past(data: bytes, at: int | None, depth: int = 12) -> int | None:
    """Where the element at `at` ends, in definite or indefinite length; None past what is there."""
    if at is None or len(data) < at + 2 or not depth:
        return None
    start = at + 2 + _length_bytes(data, at)
    if data[at + 1] != _INDEFINITE:
        short = data[at + 1] < _INDEFINITE
        end = start + (data[at + 1] if short else int.from_bytes(data[at + 2 : start]))
        return end if end <= len(data) else None
    inner: int | None = start
    while inner is not None and data[inner : inner + 2] != b"\0\0":
        inner = _past(data, inner, depth - 1)
    return None if inner is None else inner + 2


def _after_header(data: bytes, at: int) -> int | None:
    """Where the content of the SEQUENCE at `at` begins, in any form of length; None if there is none."""
    if len(data) < at + 2 or data[at] != _SEQUENCE:
        return None
    length = data[at + 1]
    return at + 2 + (length & 0x7F if length & 0x80 else 0)


_PEM_CMS = re.compile(rb"-----BEGIN (?:CMS|PKCS7|PKCS #7 SIGNED DATA)-----\r?\n")
_MIME_FIELD = re.compile(rb"[A-Za-z-]+:[ \t]")
_MIME_BODY = re.compile(rb"\r?\n\r?\n")


def pem(head: bytes) -> Kind | None:
    """A CMS message between PEM lines (RFC 7468)."""
    text = head.lstrip()
    begin = _PEM_CMS.match(text)
    return cms(decode_base64(text[begin.end() :])) if begin else None


def smime(head: bytes) -> Kind | None:
    """S/MIME (RFC 8551): the body is decoded and decides, not the smime-type."""
    if not _MIME_FIELD.match(head):
        return None
    parts = _MIME_BODY.split(head, maxsplit=1)
    fields = parts[0].lower()
    if b"multipart/signed" in fields:
        return Kind("signed-cms", "yes")
    if b"pkcs7-mime" not in fields or len(parts) == 1:
        return None
    body = parts[1]
    return cms(body) or cms(decode_base64(body))


def decode_base64(text: bytes) -> bytes:
    """The bytes of the base64 at the start of a text, as far as it goes."""
    found = re.match(rb"[A-Za-z0-9+/\s]*", text)
    packed = b"".join(found[0].split()) if found else b""
    try:
        return base64.b64decode(packed[: len(packed) & ~3])
    except binascii.Error:
        return b""
