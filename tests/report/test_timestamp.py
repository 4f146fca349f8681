"""Time stamps: OpenSSL plays the authority; what holds is shown, what does not is named."""

import itertools
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import ReportError, SettingsError
from riskkit.report import der
from riskkit.report.timestamp import _for_stamps, check_stamp, read_authorities, request, require_stamp

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")

MANIFEST = b'{"organisation": "Example"}\n'

CONFIGURATION = """
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
[stamps]
extendedKeyUsage=critical,timeStamping
[servers]
extendedKeyUsage=critical,serverAuth
[tsa]
default_tsa=made
[made]
serial=serial
crypto_device=builtin
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256,sha384,sha512
accuracy=secs:1
ess_cert_id_chain=no
ess_cert_id_alg=sha256
"""


class Authority:
    """A root, an authority that it issued, and one that some other root issued."""

    def __init__(self, folder, *, kind="rsa:2048"):
        self.folder = folder
        folder.mkdir()
        (folder / "c.cnf").write_text(CONFIGURATION)
        self.root = self._root("root")
        self.issue("tsa", "stamps", kind)

    def _root(self, name):
        self.run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN={name}", "-days", "3650", "-config", "/dev/null",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip
        return self.folder / f"{name}.pem"

    def issue(self, name, usage, kind="rsa:2048"):
        options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []
        self.run(
            "req", "-newkey", kind, *options, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN=Example {name}", "-config", "/dev/null",
        )  # fmt: skip
        self.run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "365", "-extfile", "c.cnf", "-extensions", usage,
        )  # fmt: skip

    def other_root(self):
        return self._root("other")

    def answer(self, asked, *, signer="tsa"):
        (self.folder / "q.tsq").write_bytes(asked)
        self.run(
            "ts", "-reply", "-config", "c.cnf", "-section", "made", "-queryfile", "q.tsq",
            "-signer", f"{signer}.pem", "-inkey", f"{signer}.key", "-out", "q.tsr",
        )  # fmt: skip
        return (self.folder / "q.tsr").read_bytes()

    def run(self, *arguments):
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def answer(authority):
    return authority.answer(request(MANIFEST, nonce=2**63 + 5))


@needs_openssl
def test_openssl_reads_the_request(authority):
    """SHA-256 of the manifest, a nonce, and the wish for the certificate."""
    (authority.folder / "own.tsq").write_bytes(request(MANIFEST, nonce=0xC0FFEE))
    told = authority.run("ts", "-query", "-in", "own.tsq", "-text")
    assert "Hash Algorithm: sha256" in told
    assert "Nonce: 0xC0FFEE" in told
    assert "Certificate required: yes" in told


@needs_openssl
@pytest.mark.parametrize("kind", ["rsa:2048", "ec"])
def test_a_stamp_is_verified_offline(tmp_path, kind):
    """When, by whom, that it is about this manifest, and that a trusted root issued the authority."""
    authority = Authority(tmp_path / "a", kind=kind)
    answer = authority.answer(request(MANIFEST, nonce=1))
    found = check_stamp(MANIFEST, answer, trusted=read_authorities(authority.root))
    assert found.problems == ()
    assert found.authority == "CN=Example tsa"
    assert found.at is not None
    assert found.unverified == ("whether the authority's certificate was revoked",)


@needs_openssl
def test_what_was_not_verified_is_said(authority, answer):
    """Without a root nobody knows whose authority it is; with another root it is a problem."""
    assert "who the authority is" in " ".join(check_stamp(MANIFEST, answer).unverified)
    others = read_authorities(authority.other_root())
    assert check_stamp(MANIFEST, answer, trusted=others).problems == (
        "no certificate that is trusted issued the authority's",
    )
    with pytest.raises(SettingsError, match="holds no certificate"):
        read_authorities(authority.folder / "c.cnf")


@needs_openssl
def test_a_stamp_of_something_else_is_named(answer, tmp_path):
    """The imprint is not that of this manifest."""
    assert check_stamp(MANIFEST + b" ", answer).problems == ("is about other bytes than this manifest",)
    with pytest.raises(ReportError, match="is about other bytes"):
        require_stamp(b"x", answer, tmp_path / "a.tsr")


@needs_openssl
def test_a_certificate_for_servers_is_not_for_stamps(authority):
    """RFC 3161 wants a key that does nothing else, and says so critically."""
    authority.issue("web", "servers")
    certificates = [read_authorities(authority.folder / f"{name}.pem")[0] for name in ("tsa", "web", "root")]
    assert [_for_stamps(one) for one in certificates] == [True, False, False]


@needs_openssl
def test_a_refusal_is_no_stamp(authority):
    """An authority that does not know the digest answers, and stamps nothing."""
    asked = request(MANIFEST, nonce=1).replace(der.encode_oid("2.16.840.1.101.3.4.2.1"),
                                               der.encode_oid("2.16.840.1.101.3.4.2.8"))  # fmt: skip
    assert check_stamp(MANIFEST, authority.answer(asked)).problems == ("the authority did not grant it",)


@needs_openssl
def test_a_changed_byte_shows_or_changes_nothing_that_is_said(answer):
    """Every byte in turn: a problem, or a part that nobody signed and nothing rests on."""
    right = check_stamp(MANIFEST, answer)
    silent = 0
    for place, bit in itertools.product(range(len(answer)), (1, 4, 128)):
        changed = bytearray(answer)
        changed[place] ^= bit
        found = check_stamp(MANIFEST, bytes(changed))
        if not found.problems:
            assert (found.at, found.authority) == (right.at, right.authority), place
            silent += 1
    # Versions, the list of digests that helps to read in one pass, parameters that say nothing.
    assert silent < 100, silent


@given(st.binary(max_size=200))
def test_rubbish_is_no_stamp_and_no_crash(content):
    """Whatever a file holds."""
    assert check_stamp(MANIFEST, content).problems


@given(st.binary(max_size=300), st.integers(0, 2**70), st.lists(st.integers(0, 2**40), max_size=5))
def test_what_is_encoded_is_read_back(content, number, arcs):
    """Lengths short and long, numbers, object identifiers; nothing after the end."""
    assert der.parse(der.encode(der.OCTETS, content)).content == content
    assert der.parse(der.encode_integer(number)).integer == number
    dotted = ".".join(map(str, (1, 2, *arcs)))
    assert der.parse(der.encode_oid(dotted)).oid == dotted
    with pytest.raises(ValueError, match="bytes after the end"):
        der.parse(der.encode(der.OCTETS, content) + b"\0")


@pytest.mark.parametrize(
    "raw", ["", "04", "0405aa", "048101aa", "04820001aa", "0480aa0000", "1f810000", "0485"]
)
def test_what_der_does_not_write_is_refused(raw):
    """Cut, a long length where a short one does, an open length, a tag of many bytes."""
    with pytest.raises(ValueError, match=r"cut|DER|known"):
        der.parse(bytes.fromhex(raw))
