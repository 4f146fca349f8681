"""strongSwan: connections of `swanctl.conf` and `ipsec.conf`. Sections with secrets are passed over.

A child of swanctl.conf is one tunnel, as is a `conn` of ipsec.conf, in which Libreswan's own words are
known too. Proposals are kept as written, with `ah:` before those of AH, which encrypts nothing; where there
are none, strongSwan's defaults hold, which depend on the release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import host_of
from riskkit.readers.tunnels import TUNNELS, Tunnels, networks, spelled, word, words

_SWANCTL = re.compile(rb"(?m)^[ \t]*connections[ \t]*\{")
_CONN = re.compile(rb"(?m)^conn[ \t]+\S+")
_ENDS = re.compile(rb"(?m)^[ \t]+(?:left|right|keyexchange|also|authby|ike|esp)\w*[ \t]*=")
_FILES = "swanctl|ipsec|strongswan"
_TOKEN = re.compile(r'#[^\n]*|[{}]|(?:"[^"\n]*"|[^\s{}#"]|")(?:"[^"\n]*"|[^\n{}#"])*')
_ANYWHERE = frozenset({"", "%any", "%any4", "%any6", "0.0.0.0", "0.0.0.0/0", "::/0", "%defaultroute"})  # noqa: S104
_IKE = {"0": "ike", "1": "ikev1", "2": "ikev2", "ike": "ike", "ikev1": "ikev1", "ikev2": "ikev2"}
_AUTH = {"psk": "shared secret", "secret": "shared secret", "pubkey": "public key", "rsasig": "public key",
         "ecdsasig": "public key", "xauthpsk": "shared secret", "never": "none", "null": "none"}  # fmt: skip
_KEPT = frozenset({
    "version", "aggressive", "local_addrs", "remote_addrs", "proposals", "auth", "local_ts", "remote_ts",
    "esp_proposals", "ah_proposals", "mode",
})  # fmt: skip
_KEPT_OF_CONN = frozenset({
    "also", "aggressive", "keyexchange", "left", "right", "leftsubnet", "rightsubnet", "ike", "esp", "ah",
    "authby", "leftauth", "rightauth", "type", "phase2", "phase2alg", "leftprotoport", "rightprotoport",
})  # fmt: skip
_NO_TUNNEL = frozenset({"pass", "passthrough", "drop", "reject", "prohibit", "unroute"})
"""Values of `mode` and `type` that let traffic through as it is, or stop it."""

Row = dict[str, object]

_DEPTH = 16
_MOST_ALSO = 8


@dataclass
class _Section:
    """A section of swanctl.conf: settings that are kept, and sections in it."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    sections: list[_Section] = field(default_factory=list)

    def named(self, prefix: str) -> list[_Section]:
        """The sections of that name, with or without a number behind it."""
        return [one for one in self.sections if re.fullmatch(rf"{prefix}(?:-.*|\d*)", one.name)]


def _recognize(head: bytes, _name: str) -> bool:
    return _SWANCTL.search(head) is not None or (
        _CONN.search(head) is not None and _ENDS.search(head) is not None
    )


@reader(
    id="strongswan",
    title="strongSwan: swanctl.conf, ipsec.conf",
    version=2,
    tables=("tunnels",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per child of a connection, or per `conn`; offsets count them from 0."""
    tunnels = Tunnels(member, host_of(member.name, _FILES))
    try:
        text = text_of(member)
        records = _swanctl(tunnels, text) if _SWANCTL.search(text.encode()) else _ipsec(tunnels, text)
    except DocumentError as error:
        yield refused(TUNNELS.name, error, member)
        return
    yield tunnels.batch(records)


def _swanctl(tunnels: Tunnels, text: str) -> int:
    records = 0
    for connection in (one for top in _parsed(text).named("connections") for one in top.sections):
        for child in (one for group in connection.named("children") for one in group.sections):
            offset, records = records, records + 1
            said, inner = connection.settings, child.settings
            if inner.get("mode", "tunnel").lower() in _NO_TUNNEL:
                tunnels.ignore("a policy without a tunnel")
                continue
            version = _IKE.get(said.get("version", "0"), "ike")
            aggressive = version != "ikev2" and said.get("aggressive", "no").lower() in {"yes", "true", "1"}
            ends = [
                one.settings.get("auth", "pubkey")
                for side in ("local", "remote")
                for one in connection.named(side)
            ]
            row: Row = {
                "tunnel_id": f"{word(connection.name) or 'unnamed'}/{word(child.name) or 'unnamed'}",
                "endpoint_a": _address(said.get("local_addrs", "")),
                "endpoint_b": _address(said.get("remote_addrs", "")),
                "algorithms": _proposals(
                    said.get("proposals"), inner.get("esp_proposals"), ah=inner.get("ah_proposals")
                ),
                "key_exchange": "ikev1-aggressive" if aggressive else version,
                "authentication": _authentication(ends),
            }
            _keep(tunnels, offset, row, inner.get("local_ts", "dynamic"), inner.get("remote_ts", "dynamic"))
    return records


def _parsed(text: str) -> _Section:
    """The sections, without settings that are not kept and without `secrets`; raises DocumentError."""
    root = _Section("")
    path, name = [root], ""
    for found in _TOKEN.finditer(text):
        piece = found[0].strip()
        if piece.startswith("#"):
            continue
        if piece == "{":
            section = _Section(name)
            if len(path) > _DEPTH:
                raise DocumentError("bad_framing", "sections nest too deep")
            if name != "secrets":
                path[-1].sections.append(section)
            path.append(section)
        elif piece == "}":
            if len(path) == 1:
                raise DocumentError("bad_framing", "a closing brace too many")
            path.pop()
        elif "=" in piece:
            key, _, value = piece.partition("=")
            if key.strip() in _KEPT:
                path[-1].settings[key.strip()] = value.strip().strip('"')
        else:
            name = piece
    if len(path) > 1:
        raise DocumentError("truncated", "the file ends within a section")
    return root


def _ipsec(tunnels: Tunnels, text: str) -> int:
    conns: dict[str, dict[str, str]] = {}
    here: dict[str, str] | None = None
    for line in text.splitlines():
        written = line.partition("#")[0].rstrip()
        if not written:
            continue
        if not written[0].isspace():
            kind, _, name = written.partition(" ")
            here = {} if kind == "conn" else None
            if here is not None:
                conns.setdefault(name.strip(), here)
        elif here is not None:
            key, _, value = written.partition("=")
            if key.strip().lower() in _KEPT_OF_CONN:
                here[key.strip().lower()] = value.strip().strip('"')
    for number, name in enumerate(conns):
        said = _inherited(conns, name)
        if name == "%default":
            tunnels.ignore("defaults of the others")
        elif said.get("type", "tunnel").lower() in _NO_TUNNEL:
            tunnels.ignore("a policy without a tunnel")
        elif "right" not in said and "left" not in said:
            tunnels.ignore("a part that others include")
        else:
            version = _IKE.get(said.get("keyexchange", "ike"), "ike")
            inner = said.get("esp") or said.get("phase2alg")
            only_ah = said.get("phase2", "esp").lower() == "ah"
            aggressive = version != "ikev2" and said.get("aggressive", "no") == "yes"
            ends = [said[key] for key in ("leftauth", "rightauth", "authby") if key in said] or ["pubkey"]
            row: Row = {
                "tunnel_id": word(name) or "unnamed",
                "endpoint_a": _address(said.get("left", "")),
                "endpoint_b": _address(said.get("right", "")),
                "algorithms": _proposals(
                    said.get("ike"),
                    None if only_ah else inner,
                    ah=said.get("ah") or ((inner or "default") if only_ah else None),
                ),
                "key_exchange": "ikev1-aggressive" if aggressive else version,
                "authentication": _authentication(ends),
            }
            sides = (
                _narrowed(said.get(f"{side}subnet", "dynamic"), said.get(f"{side}protoport"))
                for side in ("left", "right")
            )
            _keep(tunnels, number, row, *sides)
    return len(conns)


def _narrowed(subnets: str, protoport: str | None) -> str:
    """The networks of one side with protocol and port in brackets, as swanctl.conf writes them."""
    return ",".join(f"{one.strip()}[{protoport}]" for one in subnets.split(",")) if protoport else subnets


def _inherited(conns: Mapping[str, dict[str, str]], name: str) -> dict[str, str]:
    """A conn with what it takes from %default and from the conns that it names in `also`."""
    said = dict(conns[name])
    wanted, seen = said.get("also", ""), {name}
    while wanted in conns and wanted not in seen and len(seen) < _MOST_ALSO:
        seen.add(wanted)
        said = {**conns[wanted], **said}
        wanted = conns[wanted].get("also", "")
    return {**conns["%default"], **said} if "%default" in conns else said


def _keep(tunnels: Tunnels, offset: int, row: Row, here: str, there: str) -> None:
    """Keep a tunnel; `dynamic` is the address of the end itself; brackets narrow a network to some ports."""
    sides, narrowed = [], set()
    for text in (here, there):
        parts = [re.fullmatch(r"(.*?)(?:\[(.*)\])?", one.strip()) for one in text.split(",")]
        plain = [one[1].strip() for one in parts if one]
        narrowed |= {(one[2] or "").strip() for one in parts if one}
        sides.append(networks([one for one in plain if one and one not in {"dynamic", "%dynamic"}]))
    if not all(whole for _, whole in sides):
        tunnels.refuse(offset, "bad_value", "a selector that is no network")
        return
    cidrs = {"local_cidrs": sides[0][0], "remote_cidrs": sides[1][0], "traffic": _only(narrowed)}
    tunnels.add(offset, {**row, **cidrs, "type": "ipsec", "confidence": "medium"})


def _only(narrowed: set[str]) -> str | None:
    """Protocols and ports; None for all traffic."""
    said = sorted(one for one in narrowed if one not in {"", "%any", "any", "/", "%any/%any", "any/any"})
    return spelled(said)


def _address(written: str) -> str | None:
    found = [one.strip() for one in written.split(",")]
    return None if any(one in _ANYWHERE for one in found) else words(found)


def _proposals(*written: str | None, ah: str | None = None) -> str | None:
    """Every proposal as a word; Libreswan's other separators are written as strongSwan's."""
    found = [one.strip() for text in written if text for one in text.split(",")]
    found += [f"ah:{one.strip()}" for one in (ah or "").split(",") if one.strip()]
    return spelled(re.sub("[;+]", "-", one) for one in found)


def _authentication(ends: list[str]) -> str | None:
    kinds = {
        _AUTH.get(end.partition("-")[0].lower(), "EAP" if end.startswith("eap") else "other") for end in ends
    }
    return " or ".join(sorted(kinds)) or None
