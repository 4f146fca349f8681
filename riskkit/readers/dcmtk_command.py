"""DCMTK: servers (storescp, dcmqrscp, wlmscpfs, dcmrecv, dcmpsrcv) as command lines start them.

Units of systemd and scripts of shells. Options as the manual of 3.6 has them: +tls with key and certificate,
+tla without, -rc, -vc and -ic for the client's certificate, and the profiles of DICOM PS3.15 annex B.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_SERVERS = r"(?:storescp|dcmqrscp|wlmscpfs|dcmrecv|dcmpsrcv)"
_SERVER = re.compile(_SERVERS)
_MENTION = re.compile(rf"(?<![\w.-]){_SERVERS}(?![\w.-])")
_UNIT = re.compile(r"\s*Exec\w+\s*=\s*[-@:+!|]*\s*(.*)")
_SETTING = re.compile(r"\s*[A-Z][a-z]\w*\s*=.*")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
_WRAPPERS = frozenset({
    "exec", "nohup", "sudo", "env", "nice", "ionice", "setsid", "time", "command", "timeout", "stdbuf", "do",
    "then", "else", "elif", "if", "while", "until", "{", "!",
})  # fmt: skip
"""Words of shells before the command that counts; their own options and numbers are passed over."""

_SAYS = frozenset({
    "echo", "printf", "logger", "grep", "pgrep", "pkill", "killall", "kill", "which", "type", "man", "cat",
    "apt", "apt-get", "dnf", "yum", "apk", "systemctl", "service",
})  # fmt: skip
"""Commands that may name a server and start none of the options that stand behind it."""

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh", "su", "runuser"})
_HARMLESS = frozenset({
    "-od", "--output-directory", "-aet", "--aetitle", "-fe", "--filename-extension", "-ll", "--log-level",
    "-lc", "--log-config", "-xcr", "--exec-on-reception", "-xcs", "--exec-on-eostudy",
})  # fmt: skip
"""Options whose value says nothing of TLS."""

_UNREAD = re.compile(r"[$`%]|^@")
_ELSEWHERE = "a variable or another file may hold more options"
_NESTED = 4
_TLS = {"+tls": 2, "--enable-tls": 2, "+tla": 0, "--anonymous-tls": 0}
_CLIENT = {
    "-rc": "REQUIRED", "--require-peer-cert": "REQUIRED", "-vc": "OPTIONAL", "--verify-peer-cert": "OPTIONAL",
    "-ic": "DISABLED", "--ignore-peer-cert": "DISABLED",
}  # fmt: skip
_MODERN = frozenset({
    "+py", "--profile-bcp195-nd", "+pz", "--profile-bcp195-ex", "+pg", "--profile-8996", "+pm",
    "--profile-8996-mod",
})  # fmt: skip
_OLD = frozenset({
    "+px", "--profile-bcp195", "+pb", "--profile-basic", "+pa", "--profile-aes", "+pn", "--profile-null",
})  # fmt: skip
_BARE = frozenset({"-v", "+v", "-d", "-q", "--verbose", "--debug", "--quiet", "--fork", "--single-process"})
_SUITE = frozenset({"+cs", "--cipher"})
_DICOM_PORT = 104


def _recognize(head: bytes, _name: str) -> bool:
    return any(_commands(line)[0] for line in _lines(head.decode("utf-8", "replace")))


@reader(
    id="dcmtk_command",
    title="DCMTK servers in systemd units and scripts",
    version=2,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per command line of a server; offsets count them from 0."""
    try:
        text = text_of(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found, offset = Found(), 0
    for line in _lines(text):
        commands, unread = _commands(line)
        for server, words in commands:
            _add(found, offset, server, words)
            offset += 1
        if unread:
            found.refused.append((offset, "bad_value", "a command line of a server that cannot be read"))
            offset += 1
    yield observations(member, host_of(member.name, _SERVERS), found)


def _lines(text: str) -> list[str]:
    """Lines that name a server and are no comment, with those that continue them."""
    lines = re.sub(r"\\\r?\n", " ", text).splitlines()
    return [line for line in lines if _MENTION.search(line) and line.lstrip()[:1] not in {"#", ";"}]


def _commands(line: str, depth: int = 0) -> tuple[list[tuple[str, list[str]]], bool]:
    """Servers that a line starts, each with its words, and whether it names one that cannot be read."""
    if unit := _UNIT.fullmatch(line):
        line = unit[1]
    elif _SETTING.fullmatch(line) and not depth:
        return [], False
    pieces = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    pieces.whitespace_split = True
    try:
        words = list(pieces)
    except ValueError:
        return [], True
    found: list[tuple[str, list[str]]] = []
    unread = False
    for part in _parts(words):
        command = _unwrapped(part)
        name = command[0].rpartition("/")[2] if command else ""
        inner = next((word for word in command[1:] if " " in word and _MENTION.search(word)), "")
        if _SERVER.fullmatch(name):
            found.append((name, command[1:]))
        elif name in _SHELLS and inner and depth < _NESTED:
            more, doubtful = _commands(inner, depth + 1)
            found, unread = found + more, unread or doubtful
        else:
            unread = unread or _may_start(command)
    return found, unread


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    """The simple commands of a line, without what is redirected."""
    part: list[str] = []
    skip = False
    for word in words:
        if set(word) & set("<>") and set(word) <= set("<>&|()"):
            # The number of what is redirected stands before it.
            part, skip = part[:-1] if part[-1:] in (["1"], ["2"]) else part, True
        elif word and set(word) <= set(";&|()"):
            yield part
            part, skip = [], False
        elif not skip:
            part.append(word)
    yield part


def _unwrapped(words: list[str]) -> list[str]:
    """A command without what only starts it: assignments, words of shells, `env`, `timeout 9`."""
    wrapped = False
    for number, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in _WRAPPERS:
            wrapped = True
        elif not (_ASSIGNED.fullmatch(word) or (wrapped and re.fullmatch(r"-.*|\d+\w?", word))):
            return words[number:]
    return []


def _may_start(command: Sequence[str]) -> bool:
    """Whether a command that is none of a server's names one with options or a number, as to start it."""
    if command and command[0].rpartition("/")[2] in _SAYS:
        return False
    for number, word in enumerate(command):
        if _MENTION.search(word):
            rest = [*word.split()[1:], *command[number + 1 :]]
            return any(re.match(r"[-+$]\w|\d+$|\$", one) for one in rest)
    return False


def _add(found: Found, offset: int, server: str, words: Sequence[str]) -> None:
    port = _port(words)
    if port is None and server == "dcmqrscp":
        found.ignore("the port is in another file")
        return
    if port is None and (server != "wlmscpfs" or any(map(_UNREAD.search, words))):
        found.refused.append((offset, "missing_required", "a command line without a port as a number"))
        return
    tls = [word for word in words if word in _TLS or word in {"-tls", "--disable-tls"}]
    asked = [_CLIENT[word] for word in words if word in _CLIENT]
    secured = bool(tls) and tls[-1] in _TLS
    before = ["", *words]
    elsewhere = any(
        _UNREAD.search(word) and last not in _HARMLESS for last, word in zip(before, words, strict=False)
    )
    # Without keys of its own a server cannot ask for those of others.
    anonymous = secured and _TLS[tls[-1]] == 0
    client_auth = "DISABLED" if anonymous else (asked[-1] if asked else "REQUIRED")
    found.listeners.append(
        Listener(
            offset,
            port or _DICOM_PORT,
            (secured or None) if elsewhere else secured,
            accepts=None if elsewhere else _accepts(words),
            ciphers=None if elsewhere else _suites(words),
            client_auth=None if elsewhere else client_auth,
            by_default=frozenset() if asked or elsewhere else frozenset({"mtls"}),
            untold=_ELSEWHERE if elsewhere else BY_DEFAULT,
        )
    )


def _port(words: Sequence[str]) -> str | None:
    """The port, which the manual puts last; None where a number may be the value of an option instead."""
    numbers = [word for word in words if word.isdigit()]
    if not numbers:
        return None
    before = words[-2] if len(words) > 1 else ""
    is_last = words[-1].isdigit() and (not before.startswith(("-", "+")) or before in _BARE | _CLIENT.keys())
    return numbers[-1] if is_last or len(numbers) == 1 else None


def _accepts(words: Sequence[str]) -> Accepts | None:
    """Versions by the last profile that is named; TLS 1.3 depends on the release, as does the default."""
    profiles = [word for word in words if word in _MODERN | _OLD]
    if not profiles:
        return None
    old = profiles[-1] in _OLD
    found: dict[str, bool | None] = {version: version == "tls1_2" for version in VERSIONS}
    return {**found, "tls1_0": old, "tls1_1": old, "tls1_3": None}


def _suites(words: Sequence[str]) -> str | None:
    return ":".join(value for word, value in pairwise(words) if word in _SUITE) or None
