"""Time stamps of manifests (RFC 3161): a request for an authority, and what its answer shows offline.

riskkit sends nothing: whoever runs it carries the request to the authority and the answer back.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from riskkit.errors import ReportError, SettingsError
from riskkit.report import der
from riskkit.report.der import Node
from riskkit.report.folder import MANIFEST

STAMP = f"{MANIFEST}.tsr"

_DIGESTS: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_SHA256 = "2.16.840.1.101.3.4.2.1"
_RSA_WITH = {"1.2.840.113549.1.1.1", *(f"1.2.840.113549.1.1.{number}" for number in (11, 12, 13))}
"""rsaEncryption, and RSASSA-PKCS1-v1_5 with SHA-256, 384 and 512; the digest is named beside."""

_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"

_UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, UnsupportedAlgorithm, x509.InvalidVersion,
    x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What reading a strange answer or certificate may raise."""

_GRANTED = {0, 1}
_MOST_ISSUERS = 8


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an answer shows: when, by which authority, what is wrong, and what was not verified."""

    at: datetime | None = None
    authority: str = ""
    problems: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


def request(manifest: bytes, *, nonce: int) -> bytes:
    """A TimeStampReq for a manifest (RFC 3161, 2.4.1) that asks for the authority's certificate."""
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(_SHA256), der.encode(der.NULL))
    imprint = der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTETS, hashlib.sha256(manifest).digest()))
    return der.encode(
        der.SEQUENCE,
        der.encode_integer(1),
        imprint,
        der.encode_integer(nonce),
        der.encode(der.BOOLEAN, b"\xff"),
    )


def read_authorities(path: Path) -> list[x509.Certificate]:
    """Certificates of authorities that are trusted, in PEM; raises SettingsError."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError("holds no certificate in PEM", file=path) from error


def check_stamp(
    manifest: bytes, response: bytes, *, trusted: Sequence[x509.Certificate] | None = None
) -> Stamp:
    """What a TimeStampResp shows about a manifest, without the network.

    Verified: that it was granted, that it is about these bytes, the authority's signature, and that its
    certificate is for time stamps and was valid then. With `trusted` also that one of these issued it.
    Never verified: whether a certificate was revoked.
    """
    try:
        return _check(manifest, der.parse(response), trusted)
    except _UNREADABLE:
        return Stamp(problems=("is no time stamp that can be read",))


def require_stamp(manifest: bytes, response: bytes, file: Path) -> Stamp:
    """The stamp, when it holds for the manifest; raises ReportError else."""
    stamp = check_stamp(manifest, response)
    if stamp.problems:
        raise ReportError(
            stamp.problems[0], file=file, do="Ask the authority again with the request of this report"
        )
    return stamp


def _check(manifest: bytes, answer: Node, trusted: Sequence[x509.Certificate] | None) -> Stamp:
    status, *token = answer.expect(der.SEQUENCE).children()
    if status.expect(der.SEQUENCE).children()[0].integer not in _GRANTED or not token:
        return Stamp(problems=("the authority did not grant it",))
    signed = _signed_data(token[0])
    content = signed.content.content
    info = der.parse(content).expect(der.SEQUENCE).children()
    algorithm, imprint = info[2].expect(der.SEQUENCE).children()
    at = info[4].time
    problems, unverified = [], ["whether the authority's certificate was revoked"]
    digest = _DIGESTS.get(algorithm.children()[0].oid)
    if digest is None:
        problems.append("is about a digest that is not known here")
    elif imprint.expect(der.OCTETS).content != _hash(digest(), manifest):
        problems.append("is about other bytes than this manifest")
    signer = signed.signer()
    if signer is None:
        problems.append("the authority's certificate is not in the answer")
        return Stamp(at, "", tuple(problems), tuple(unverified))
    authority = signer.subject.rfc4514_string()
    problems += signed.check(signer)
    if not _for_stamps(signer):
        problems.append("the authority's certificate is not for time stamps")
    if not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
        problems.append("the authority's certificate was not valid then")
    if trusted is None:
        unverified.append("who the authority is: name a certificate that you trust with --authority")
    elif not _is_issued(signer, signed.certificates, trusted, at):
        problems.append("no certificate that is trusted issued the authority's")
    return Stamp(at, authority, tuple(problems), tuple(unverified))


@dataclass(frozen=True, slots=True)
class _SignedData:
    """The parts of a CMS SignedData (RFC 5652) with one signer."""

    content: Node
    certificates: list[x509.Certificate]
    sid: Node
    digest: str
    attributes: Node
    algorithm: str
    signature: bytes

    def signer(self) -> x509.Certificate | None:
        """The certificate that the signer's issuer and number, or key, name."""
        for certificate in self.certificates:
            if self.sid.tag == der.SEQUENCE:
                issuer, number = self.sid.children()
                if (
                    certificate.issuer.public_bytes() == issuer.raw
                    and certificate.serial_number == number.integer
                ):
                    return certificate
            elif _key_identifier(certificate) == self.sid.content:
                return certificate
        return None

    def check(self, signer: x509.Certificate) -> list[str]:
        """What is wrong with the signature."""
        digest = _DIGESTS.get(self.digest)
        if digest is None:
            return ["is signed over a digest that is not known here"]
        wrong = []
        values = self._values()
        if values.get(_CONTENT_TYPE, [None])[0] != der.encode_oid(_TST_INFO):
            wrong.append("its signature is about something else than a time stamp")
        if values.get(_MESSAGE_DIGEST, [None])[0] != der.encode(
            der.OCTETS, _hash(digest(), self.content.content)
        ):
            wrong.append("is not what the authority signed")
        if not self._names(signer, values):
            wrong.append("the authority's certificate is not the one that was signed with")
        # Signed as a SET OF, whatever the tag it stands under (RFC 5652, 5.4).
        signed = bytes([der.SET]) + self.attributes.raw[1:]
        holds = _holds(signer, self.signature, signed, self.algorithm, digest())
        if holds is None:
            return [*wrong, "is signed by an algorithm that is not known here"]
        return wrong if holds else [*wrong, "the authority's signature does not hold"]

    def _values(self) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for attribute in self.attributes.children():
            kind, values = attribute.expect(der.SEQUENCE).children()
            if kind.oid in found:
                raise ValueError("an attribute twice")
            found[kind.oid] = [value.raw for value in values.expect(der.SET).children()]
        return found

    @staticmethod
    def _names(signer: x509.Certificate, values: dict[str, list[bytes]]) -> bool:
        """Whether the signed attributes name this certificate by its digest (RFC 2634, RFC 5035)."""
        for kind, usual in (
            (_SIGNING_CERTIFICATE_2, hashes.SHA256()),
            (_SIGNING_CERTIFICATE, hashes.SHA1()),  # noqa: S303 - RFC 3161 had no other
        ):
            if kind not in values:
                continue
            first = der.parse(values[kind][0]).children()[0].children()[0].children()
            algorithm: hashes.HashAlgorithm = usual
            if first[0].tag == der.SEQUENCE:
                algorithm = _DIGESTS[first.pop(0).children()[0].oid]()
            return first[0].expect(der.OCTETS).content == signer.fingerprint(algorithm)
        return False


def _signed_data(token: Node) -> _SignedData:
    kind, wrapped = token.expect(der.SEQUENCE).children()
    if kind.oid != _SIGNED_DATA:
        raise ValueError("no signed data")
    (data,) = wrapped.expect(der.CONTEXT).children()
    _, _, encapsulated, *rest = data.expect(der.SEQUENCE).children()
    kind, explicit = encapsulated.expect(der.SEQUENCE).children()
    if kind.oid != _TST_INFO:
        raise ValueError("no time stamp inside")
    (content,) = explicit.expect(der.CONTEXT).children()
    certificates = [
        _certificate(one.raw)
        for node in rest
        if node.tag == der.CONTEXT
        for one in node.children()
        if one.tag == der.SEQUENCE
    ]
    (signer,) = rest[-1].expect(der.SET).children()
    _, sid, digest, attributes, algorithm, signature = signer.expect(der.SEQUENCE).children()[:6]
    return _SignedData(
        content=content.expect(der.OCTETS),
        certificates=certificates,
        sid=sid,
        digest=digest.children()[0].oid,
        attributes=attributes.expect(der.CONTEXT),
        algorithm=algorithm.children()[0].oid,
        signature=signature.expect(der.OCTETS).content,
    )


def _certificate(raw: bytes) -> x509.Certificate:
    """A certificate; raises ValueError also for what is only tolerated, such as a negative number."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return x509.load_der_x509_certificate(raw)
        except Warning as warning:
            raise ValueError("a certificate against the rules") from warning


def _holds(
    signer: x509.Certificate, signature: bytes, signed: bytes, algorithm: str, digest: hashes.HashAlgorithm
) -> bool | None:
    """Whether a signature holds; None when its algorithm is not known here."""
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA_WITH:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            return None
    except InvalidSignature:
        return False
    return True


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _for_stamps(certificate: x509.Certificate) -> bool:
    """Whether it is for time stamps and nothing else, critically (RFC 3161, 2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _is_issued(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    at: datetime,
) -> bool:
    """Whether a chain of issuers, each one valid then and allowed to issue, leads to one that is trusted."""
    for _ in range(_MOST_ISSUERS):
        if certificate in trusted:
            return True
        issuer = next((one for one in (*trusted, *others) if _issued(one, certificate, at)), None)
        if issuer is None or issuer == certificate:
            return False
        certificate = issuer
    return False


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, at: datetime) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    return constraints.ca and issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc


def _hash(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()
