"""Endpoints that carry ePHI, the flows between systems, and what was observed of them."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

PROTOCOLS = (
    "dicom", "dicom-tls", "dicomweb", "https", "http", "mllp", "mllp-tls", "syslog-tls",
    "postgres", "ldap", "smtp", "other",
)  # fmt: skip

ENDPOINTS = Table(
    name="endpoints",
    doc="Listeners that may be probed, and by whose authority.",
    place="network/endpoints.yaml",
    key=("endpoint_id",),
    ask="every listener of every system that holds ePHI: host, port, protocol, who approved the scan",
    columns=(
        Column("endpoint_id", required=True),
        Column("system_id", doc="system of inventory/systems.csv"),
        Column("host", required=True),
        Column("port", "integer", required=True),
        Column("protocol", required=True, values=PROTOCOLS),
        Column("ephi", "boolean", "carries ePHI"),
        Column("vantage", doc="where it was looked at from", values=("internal", "external")),
        Column("owner"),
        Column("approved_by", required=True),
        Column("scan_level", values=("none", "preflight", "standard", "full")),
        Column("trust", doc="whose certificates peers accept: public authorities, one of the organisation, "
               "or this one certificate alone", values=("public", "private", "pinned")),
        Column("trust_anchor", doc="the authority that peers of a private one trust: file or fingerprint"),
        Column("fips_module", doc="number of the FIPS 140 certificate of the module that encrypts"),
        Column("kind", doc="kind of device, where the inventory does not say: modality, medical device ..."),
        Column("owner_approval", doc="the owner's own approval: who, when, reference; a modality, a medical "
               "device and an endpoint with dicom_probe are left alone without it"),
        Column("dicom_probe", "boolean", "ask for DICOM associations and a C-ECHO"),
        Column("called_aet", doc="AE title of the listener"),
        Column("calling_aet", doc="AE title that the listener knows and the probe may use"),
        Column("client_certificate", doc="PEM file beside endpoints.yaml that the probe may present"),
        Column("client_key", doc="PEM file of its key, unless it is in the same file"),
        Column("window_start", "instant", "scan window of this endpoint, beside that of the file"),
        Column("window_end", "instant"),
    ),
)  # fmt: skip

FLOWS = Table(
    name="flows",
    doc="Which system sends to which, over what, and what lies between them.",
    place="network/flows.csv",
    canonical=True,
    key=("source_system", "target_system", "protocol", "port"),
    ask="network/flows.csv: one row for every pair of systems that exchange images, results or messages, "
    "vendors and teleradiology included",
    columns=(
        Column("source_system", doc="system that connects, or whoever else does", required=True),
        Column("target_system", doc="system that listens", required=True),
        Column("protocol", required=True, values=PROTOCOLS),
        Column("port", "integer", "port of the target; empty when any of its listeners of that protocol"),
        Column("purpose", doc="what it is for: images from CT, results to the RIS ..."),
        Column("ephi", "boolean", "carries ePHI; empty is unknown"),
        Column("crosses", doc="what it goes through", values=("internal", "internet", "vpn")),
        Column("tunnel", doc="tunnel_id of the tunnel that carries it, or the gateway's host"),
    ),
)

CHANNEL_OBSERVATIONS = Table(
    name="channel_observations",
    doc="One fact about one listener, from a scan, an import or a configuration, such as protocol.tls1_0 = "
        "accepted.",
    place="network/scans/**",
    key=("host", "port", "key"),
    ask="`riskkit collect tls`, or an export of sslyze, testssl.sh, nmap, sslscan or SSL Labs of every "
        "endpoint; the configuration of the listeners beside it",
    columns=(
        Column("host", required=True),
        Column("port", "integer", required=True),
        Column("key", doc="what was looked at: connectivity, protocol.tls1_2, mtls.client_auth ...",
               required=True),
        Column("value", doc="what was seen; unknown when the attempt gave no answer", required=True),
        Column("reason", doc="why the value is unknown"),
        Column("detail", doc="more of what was seen, such as the versions of a suite, joined by |"),
        Column("observed_at", "instant",
               "when it was looked at; configurations and some scanners do not say, evidence.csv may"),
        Column("tool", doc="config for what a configuration says, which nobody saw in operation",
               required=True),
        Column("tool_version"),
        Column("confidence", doc="medium: inferred or configured; low: a default of the software",
               values=("high", "medium", "low")),
        Column("vantage", doc="where it was looked at from; empty: as endpoints.yaml says, else internal",
               values=("internal", "external")),
    ),
)  # fmt: skip

CERTIFICATES = Table(
    name="certificates",
    doc="Certificates that a listener presented, leaf first.",
    place="network/scans/**",
    key=("host", "port", "sha256"),
    ask="sslyze --json_out of every endpoint, or `riskkit collect tls`",
    columns=(
        Column("host", required=True),
        Column("port", "integer", required=True),
        Column("position", "integer", "0 is the leaf", required=True),
        Column("sha256", doc="fingerprint; sslscan does not tell it"),
        Column("subject", doc="RFC 4514 name"),
        Column("issuer", doc="RFC 4514 name"),
        Column("not_before", "instant", required=True),
        Column("not_after", "instant", required=True),
        Column("key_algorithm"),
        Column("key_bits", "integer", unit="bit"),
        Column("signature_hash"),
        Column("self_signed", "boolean"),
        Column("matches_host", "boolean", "a subject alternative name matches the host"),
        Column(
            "revocable_by", doc="where peers can ask whether it was revoked: ocsp, crl, joined by |; none"
        ),
        Column("observed_at", "instant"),
    ),
)

UNREAD = "unread"
"""Stands for an algorithm or selector of a tunnel that is no plain word: it is not taken for absent."""

TUNNELS = Table(
    name="tunnels",
    doc="Encrypted tunnels between two ends, as one end is configured or sees them; no key is kept.",
    place="network/tunnels/**",
    key=("host", "tunnel_id"),
    ask="wg0.conf or `wg show all dump`, swanctl.conf, ipsec.conf or OpenVPN configuration of every VPN "
    "gateway",
    columns=(
        Column("tunnel_id", doc="name of the connection, or interface and the first letters of a peer's key",
               required=True),
        Column("type", required=True, values=("wireguard", "ipsec", "openvpn")),
        Column("host", doc="where the configuration lies", required=True),
        Column("endpoint_a", doc="this end: address, host or port"),
        Column("endpoint_b", doc="the other end; null when it may be anywhere"),
        Column("local_cidrs", doc="networks behind this end, joined by |"),
        Column("remote_cidrs", doc="networks behind the other end, joined by |"),
        Column("traffic", doc="the only protocols and ports that it carries, such as tcp/2575, joined by |; "
               "null: all"),
        Column("algorithms", doc="as configured, joined by |, with ah: before those of AH; `unread` for one "
               "that cannot be read; null when left at the default"),
        Column("key_exchange", doc="noise, ikev1, ikev1-aggressive, ikev2, ike (either), tls or static"),
        Column("authentication", doc="how the ends prove who they are, such as public key or shared secret"),
        Column("last_handshake", "instant", "when both ends last agreed on keys, if the file tells"),
        Column("confidence", doc="high: seen in operation; medium: configured", values=("high", "medium")),
    ),
)  # fmt: skip

PROBE_WINDOWS = Table(
    name="probe_windows",
    doc="When our own scanner was at which listener, and from which address: what audit trails and logs "
        "hold of that is no access by anybody.",
    place="network/probe_windows.csv",
    canonical=True,
    key=("source_address", "endpoint_id", "probe_started_at"),
    ask="`riskkit collect tls` writes it beside its scan; for scans of other tools: from, to, address",
    columns=(
        Column("probe_started_at", "instant", "first connection", required=True),
        Column("probe_ended_at", "instant", "end of the last one", required=True),
        Column("source_address", doc="address of the scanner as the listener saw it", required=True),
        Column("endpoint_id", doc="endpoint of network/endpoints.yaml"),
        Column("system_id", doc="system of inventory/systems.csv"),
        Column("host"),
        Column("port", "integer"),
        Column("ae_titles", doc="calling AE titles that were used, joined by |"),
        Column("steps", doc="what was done: preflight, groups, sslyze, dicom ..., joined by |"),
        Column("operator", doc="account and machine that ran the scan"),
    ),
)  # fmt: skip

TABLES = (ENDPOINTS, FLOWS, CHANNEL_OBSERVATIONS, CERTIFICATES, TUNNELS, PROBE_WINDOWS)
