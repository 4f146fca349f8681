"""CMS messages (RFC 5652), bare, as PEM and as S/MIME: enveloped ones are encrypted, signed ones are not."""

from __future__ import annotations

import base64
import binascii
import re

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


_DATA, _ENVELOPED = _oid("1.2.840.113549.1.7.1"), _oid("1.2.840.113549.1.7.3")
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
_SEQUENCE = 0x30


def cms(head: bytes) -> Kind | None:
    """The content type of a CMS message in DER or BER; its cipher stands in encryptedContentInfo."""
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
    data = head.find(_DATA, inner)
    algorithm = _after_header(head, data + len(_DATA)) if data >= 0 else None
    found = (name for oid, name in _CIPHERS.items() if algorithm and head.startswith(oid, algorithm))
    return Kind(kind.file_class, kind.readable, next(found, None))


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
