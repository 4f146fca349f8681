"""What a configuration leaves to other files, variables or later rules is not known; leniency is told."""

from __future__ import annotations

import pytest

from tests.checks.conftest import Ask
from tests.readers.test_configurations import READERS, accepted, facts, read_text

NODE = {"endpoint_id": "n", "system_id": "pacs", "port": 2762, "protocol": "dicom-tls", "ephi": True,
        "approved_by": "Security official", "host": "host1"}  # fmt: skip


def client_auth(reader: str, text: str, port: int = 2762) -> str:
    return facts(read_text(reader, text))[port]["mtls.client_auth"]


def judged(ask: Ask, check: str, reader: str, text: str) -> str:
    """The result of a check on port 2762 of host1, of which there is this configuration alone."""
    rows = read_text(reader, text).table("channel_observations")
    (verdict,) = ask(f"transmission.{check}", endpoints=[NODE], channel_observations=rows)
    return verdict.result


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ("requireCert = yes", "ANY"),
        ("verifyChain = yes", "REQUIRED"),
        ("requireCert = yes\nverifyPeer = yes", "REQUIRED"),
        ("requireCert = no\nverifyChain = yes", "REQUIRED"),
        ("verifyChain = yes\nrequireCert = no", "OPTIONAL"),
        ("verifyChain = yes\nverifyChain = no", "ANY"),
        ("verify = 0", "DISABLED"),
        ("verify = 1", "OPTIONAL"),
        ("verify = 4", "REQUIRED"),
        ("verify = 2\nrequireCert = no", "OPTIONAL"),
        ("PSKsecrets = psk.txt", "unknown"),
        ("", "DISABLED"),
    ],
)
def test_client_certificates_of_stunnel(options: str, asked: str) -> None:
    """A certificate that must be shown and nothing checks may be anybody's; a later option takes back."""
    text = f"cert = s.pem\n[dicom]\naccept = 2762\nconnect = 127.0.0.1:104\n{options}\n"
    assert client_auth("stunnel_conf", text) == asked


def test_any_certificate_is_a_finding(ask: Ask) -> None:
    """Whoever can make a certificate gets in."""
    text = "[dicom]\naccept = 2762\nconnect = 127.0.0.1:104\nrequireCert = yes\n"
    assert judged(ask, "client_not_authenticated", "stunnel_conf", text) == "FAIL"


def test_an_option_of_stunnel_that_is_taken_back() -> None:
    """`-NO_TLSv1` switches TLS 1.0 on again."""
    text = "[d]\naccept = 2762\nconnect = 104\nsslVersionMin = TLSv1\noptions = NO_TLSv1\n{}"
    off, on = (
        facts(read_text("stunnel_conf", text.format(more)))[2762] for more in ("", "options = -NO_TLSv1")
    )
    assert (off["protocol.tls1_0"], on["protocol.tls1_0"]) == ("rejected", "accepted")


@pytest.mark.parametrize(
    ("line", "rule", "asked"),
    [
        ("verify required", "", "REQUIRED"),
        ("verify required crt-ignore-err all ca-ignore-err all", "", "ANY"),
        ("verify required ca-ignore-err all", "", "ANY"),
        ("verify required crt-ignore-err 10", "", "unknown"),
        ("verify required crt-ignore-err all", "http-request deny unless { ssl_c_verify 0 }", "unknown"),
        ("verify optional", "http-request deny unless { ssl_fc_has_crt }", "unknown"),
        ("verify optional", "", "OPTIONAL"),
        ("verify required crt-list /etc/haproxy/list", "", "unknown"),
        ("verify none", "", "DISABLED"),
    ],
)
def test_client_certificates_of_haproxy(line: str, rule: str, asked: str) -> None:
    """Errors that are ignored, rules that look later, and settings of another file."""
    text = f"listen dicom\n    bind :2762 ssl crt a.pem ca-file ca.pem {line}\n    {rule}\n"
    assert client_auth("haproxy_cfg", text) == asked


def test_a_version_that_haproxy_is_forced_to() -> None:
    """`force-tlsv10` overrides the lowest version of the global section."""
    text = (
        "global\n    ssl-default-bind-options ssl-min-ver TLSv1.2\n"
        "listen dicom\n    bind :2762 ssl crt a.pem force-tlsv10\n"
    )
    assert accepted(facts(read_text("haproxy_cfg", text))[2762]) == {"tls1_0"}


def test_proxies_that_pass_tls_on() -> None:
    """They speak none and need none: what answers behind them is not in the file."""
    haproxy = "frontend f\n    bind :2762\n    mode tcp\n    use_backend a if { req.ssl_sni -i a }\n"
    assert facts(read_text("haproxy_cfg", haproxy))[2762] == {"connectivity": "unknown"}
    nginx = "stream { server { listen 2762; ssl_preread on; proxy_pass a:2762; } }"
    assert facts(read_text("nginx_conf", nginx))[2762] == {"connectivity": "unknown"}


OUTER = "ssl_protocols TLSv1.2 TLSv1.3;"
TLS = "listen 2762 ssl;"


@pytest.mark.parametrize(
    ("text", "tls1_0", "tls1_2", "asked"),
    [
        (f"http {{ {OUTER} server {{ {TLS} }} }}", "rejected", "accepted", "DISABLED"),
        (f"http {{ {OUTER} server {{ {TLS} include old.conf; }} }}", "unknown", "unknown", "unknown"),
        (f"server {{ {TLS} include old.conf; {OUTER} }}", "unknown", "accepted", "unknown"),
        (f"http {{ {OUTER} include conf.d/*; server {{ {TLS} }} }}", "unknown", "accepted", "unknown"),
        (f"http {{ include mime.types; {OUTER} server {{ {TLS} }} }}", "rejected", "accepted", "DISABLED"),
        (
            f"http {{ {OUTER} server {{ {TLS} include a.conf; ssl_verify_client on; }} }}",
            "unknown", "unknown", "REQUIRED",
        ),
        (f"server {{{TLS} ssl_protocols TLSv1.2; ssl_protocols TLSv1;}}", "accepted", "accepted", "DISABLED"),
        ("server { listen 2762 ssl; ssl_protocols $versions TLSv1.2; }", "unknown", "accepted", "DISABLED"),
        ("server { listen 2762 ssl; ssl_verify_client optional_no_ca; }", "unknown", "unknown", "OPTIONAL"),
        (
            "server { listen 2762 ssl; ssl_verify_client optional;"
            " location / { if ($ssl_client_verify != SUCCESS) { return 403; } } }",
            "unknown", "unknown", "unknown",
        ),
    ],
)  # fmt: skip
def test_what_nginx_includes(text: str, tls1_0: str, tls1_2: str, asked: str) -> None:
    """An include may set what is not set here, and adds versions; one of nginx itself says nothing."""
    found = facts(read_text("nginx_conf", text))[2762]
    assert (found["protocol.tls1_0"], found["protocol.tls1_2"]) == (tls1_0, tls1_2)
    assert found["mtls.client_auth"] == asked


def test_an_address_that_nginx_includes() -> None:
    """A server whose address is elsewhere is counted; one on 443 whose TLS is elsewhere is not plain."""
    reading = read_text("nginx_conf", "server { listen 81; } server { include listen.conf; }")
    assert reading.reasons("channel_observations") == {"missing_required": 1}
    found = facts(read_text("nginx_conf", "server { listen 443; include tls.conf; }"))
    assert found == {443: {"connectivity": "unknown"}}


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("SSLEngine on\nSSLVerifyClient optional_no_ca", ("tls", "OPTIONAL")),
        ("SSLEngine on\nSSLVerifyClient require", ("tls", "REQUIRED")),
        ("SSLEngine on\nSSLVerifyClient require\nInclude tls.conf", ("unknown", None)),
        ("Include tls.conf\nSSLEngine on\nSSLVerifyClient require", ("tls", "REQUIRED")),
        ("Include tls.conf\nSSLEngine on", ("tls", "unknown")),
        ("<Location /x>\nSSLVerifyClient require\n</Location>\nSSLEngine on", ("tls", "DISABLED")),
        ("<IfModule ssl_module>\nSSLEngine on\nSSLVerifyClient require\n</IfModule>", ("tls", "REQUIRED")),
        ("SSLEngine on\n<IfDefine M>\nSSLVerifyClient require\n</IfDefine>", ("tls", "unknown")),
        ("SSLEngine ${TLS}", ("unknown", None)),
        ("SSLEngine optional", ("plaintext", None)),
        ("", ("plaintext", None)),
    ],
)
def test_what_apache_includes(inside: str, expected: tuple[str, str | None]) -> None:
    """The last word counts, an include may have it; what holds for some paths comes after the handshake."""
    found = facts(read_text("apache_conf", f"<VirtualHost *:2762>\n{inside}\n</VirtualHost>\n"))[2762]
    assert (found["connectivity"], found.get("mtls.client_auth")) == expected


def test_a_variable_for_versions_is_no_refusal(ask: Ask) -> None:
    """A list of versions that cannot be read is not one that refuses all."""
    for reader, text in (
        ("apache_conf", "<VirtualHost *:2762>\nSSLEngine on\nSSLProtocol ${VERSIONS}\n</VirtualHost>\n"),
        ("nginx_conf", "server { listen 2762 ssl; ssl_protocols $versions; }"),
    ):
        assert judged(ask, "legacy_tls", reader, text) == "UNKNOWN"


@pytest.mark.parametrize(
    ("line", "port", "connectivity", "asked"),
    [
        ("storescp +tls k c -rc 2762", 2762, "tls", "REQUIRED"),
        ("storescp $STORESCP_OPTS 2762", 2762, "unknown", None),
        ("ExecStart=/usr/bin/storescp $OPTS 2762", 2762, "unknown", None),
        ("ExecStart=/usr/bin/storescp +tls k c -rc $OPTS 2762", 2762, "tls", "unknown"),
        ("storescp +tls k c @more.txt -rc 2762", 2762, "tls", "unknown"),
        ('storescp -od "$DIR" 104', 104, "plaintext", None),
        ("/usr/bin/env storescp 105", 105, "plaintext", None),
        ("env A=b /opt/dcmtk/bin/storescp 105", 105, "plaintext", None),
        ("PORT=105 storescp 105", 105, "plaintext", None),
        ("while true; do storescp 106; done", 106, "plaintext", None),
        ("cd /srv && storescp 107 2>&1", 107, "plaintext", None),
        ("(storescp 108 &)", 108, "plaintext", None),
        ("timeout 9 nice -n 5 storescp 109 &> log", 109, "plaintext", None),
        ("ExecStart=/bin/sh -c 'exec storescp +tls k c -ic 2762'", 2762, "tls", "DISABLED"),
    ],
)
def test_command_lines_of_dcmtk(line: str, port: int, connectivity: str, asked: str | None) -> None:
    """However a shell starts it; what a variable or another file holds is not known."""
    found = facts(read_text("dcmtk_command", f"#!/bin/sh\n{line}\n"))
    assert list(found) == [port]
    assert (found[port]["connectivity"], found[port].get("mtls.client_auth")) == (connectivity, asked)


def test_command_lines_that_cannot_be_read() -> None:
    """They are counted and set aside; what only speaks of a server is none of its command lines."""
    text = (
        "storescp 104\ndocker run dcmtk storescp 105\nssh node 'storescp 106'\nstorescp $PORT\n"
        "echo starting storescp 107\npkill storescp\nDescription=storescp on 108\n# storescp 109\n"
    )
    reading = read_text("dcmtk_command", text)
    assert list(facts(reading)) == [104]
    assert reading.reasons("channel_observations") == {"bad_value": 2, "missing_required": 1}
    assert not READERS["dcmtk_command"].recognize(b"I: storescp 104\nDescription=storescp 104\n", "")


def test_switches_of_orthanc_that_are_variables() -> None:
    """`${TLS}` is neither on nor off; a stranger who may search is one who may call."""

    def told(text: str) -> dict[str, str]:
        return facts(read_text("orthanc_listeners", f'{{"DicomPort": 104, "DicomAet": "A", {text}}}'))[104]

    assert told('"DicomTlsEnabled": "${TLS}"')["connectivity"] == "unknown"
    assert told('"DicomTlsEnabled": true')["connectivity"] == "tls"
    shut = '"DicomAlwaysAllowEcho": false, "DicomAlwaysAllowStore": false'
    assert told(f'{shut}, "DicomAlwaysAllowFind": true')["dicom.any_aet"] == "yes"
    assert told(f'{shut}, "DicomAlwaysAllowMove": false')["dicom.any_aet"] == "no"
    assert "dicom.any_aet" not in told(f'{shut}, "DicomAlwaysAllowGet": "${{GET}}"')
