"""stunnel: its services, the usual way to put TLS in front of old DICOM and HL7 nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, WORDS, Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_ACCEPT = re.compile(rb"(?m)^[ \t]*accept[ \t]*=[ \t]*\S+")
_CONNECT = re.compile(rb"(?m)^[ \t]*(?:connect|exec)[ \t]*=[ \t]*\S+")
_SERVICE = re.compile(rb"(?m)^[ \t]*\[[^\]\n]{1,100}\]")
_LINE = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*")
_HEADING = re.compile(r"\s*\[([^\]]+)\]\s*")
_FILES = "stunnel"
_KEPT = frozenset({"accept", "client", "verify", "verifychain", "verifypeer", "requirecert", "sslversion",
                   "sslversionmin", "sslversionmax", "options", "ciphers", "psksecrets",
                   "include"})  # fmt: skip
_OFF = {"NO_SSLV2": "ssl2_0", "NO_SSLV3": "ssl3_0", "NO_TLSV1": "tls1_0", "NO_TLSV1.1": "tls1_1",
        "NO_TLSV1.2": "tls1_2", "NO_TLSV1.3": "tls1_3"}  # fmt: skip
_CHECKS = ("verifychain", "verifypeer")
_LEVELS = {"0": (), "1": _CHECKS[:1], "2": _CHECKS[:1], "3": _CHECKS, "4": _CHECKS[1:]}
"""What each level of `verify`, the older option, checks."""

_PRESHARED = "peers may prove who they are by shared keys instead, which are in another file"

Options = list[tuple[str, str]]
"""Options in the order of the file, as a later one may take back an earlier one."""


def _recognize(head: bytes, _name: str) -> bool:
    return all(pattern.search(head) for pattern in (_SERVICE, _ACCEPT, _CONNECT))


@reader(
    id="stunnel_conf",
    title="stunnel configuration",
    version=2,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per service; offsets count them from 0.

    A service with `client = yes` takes plain connections and encrypts what it passes on.
    """
    try:
        services = _services(text_of(member))
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    included = any(key == "include" for key, _ in services[0]) if services else False
    found = Found(notes=("other files are included and not followed",) if included else ())
    for offset, options in enumerate(services):
        _add(found, offset, options)
    yield observations(member, host_of(member.name, _FILES), found)


def _services(text: str) -> list[Options]:
    """Options of each service, those before the first being the defaults of all."""
    common: Options = []
    services: list[Options] = []
    here = common
    for line in text.splitlines():
        written = line.partition(";")[0] if line.lstrip().startswith(";") else line
        if written.lstrip().startswith("#"):
            continue
        if _HEADING.fullmatch(written):
            here = list(common)
            services.append(here)
        elif (said := _LINE.fullmatch(written)) and said[1].lower() in _KEPT:
            here.append((said[1].lower(), said[2]))
    return services


def _add(found: Found, offset: int, options: Options) -> None:
    told = dict(options)

    def last(name: str) -> str:
        return told.get(name, "")

    accept = last("accept")
    port = accept.rpartition(":")[2]
    if not accept:
        found.ignore("a service that accepts no connection")
    elif not port.isdigit():
        found.refused.append((offset, "bad_value", "an address that names no port by its number"))
    else:
        is_client = last("client").lower() == "yes"
        found.listeners.append(
            Listener(
                offset,
                port,
                not is_client,
                accepts=_accepts(last("sslversion"), last("sslversionmin"), last("sslversionmax"), options),
                ciphers=last("ciphers") or None,
                client_auth=_client_auth(options),
                untold=_PRESHARED if last("psksecrets") else BY_DEFAULT,
                detail="encrypts what it passes on" if is_client else "",
            )
        )


def _client_auth(options: Options) -> str | None:
    """As stunnel takes its options, one after the other: each verification requires a certificate too.

    A certificate that is required and not verified may be anybody's.
    """
    required, checks = False, set[str]()
    for key, value in options:
        if key == "verify" and value in _LEVELS:
            required, checks = value > "1", set(_LEVELS[value])
        elif key == "requirecert":
            required = value.lower() == "yes"
        elif key in _CHECKS and value.lower() == "yes":
            required, checks = True, checks | {key}
        elif key in _CHECKS:
            checks.discard(key)
    if required or checks:
        return ("REQUIRED" if checks else "ANY") if required else "OPTIONAL"
    return None if any(key == "psksecrets" for key, _ in options) else "DISABLED"


def _accepts(only: str, lowest: str, highest: str, options: Options) -> Accepts | None:
    """Versions by sslVersion, or between sslVersionMin and sslVersionMax, without those of `options`.

    Without a lowest version that of the release and of its OpenSSL holds: it is not said.
    """
    off: set[str] = set()
    for word in (value.upper() for key, value in options if key == "options"):
        # A minus takes an option back.
        if version := _OFF.get(word.removeprefix("-")):
            off = off - {version} if word.startswith("-") else off | {version}
    single = WORDS.get(only.upper())
    first, last = single or WORDS.get(lowest.upper()), single or WORDS.get(highest.upper())
    if first is None and last is None and not off:
        return None
    found: dict[str, bool | None] = {}
    for number, version in enumerate(VERSIONS):
        outside = (first is not None and number < VERSIONS.index(first)) or (
            last is not None and number > VERSIONS.index(last)
        )
        found[version] = False if outside or version in off else (True if first else None)
    return found
