"""From a line of an access log to its parts: common and combined format, and JSON of any key names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from riskkit.readers.times import read_time


class NoHitError(Exception):
    """A line that is none; `reason` is a quarantine reason, `detail` names no value."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Hit(NamedTuple):
    """One request as logged. `request` is its first line; `server` the virtual host; texts as sent."""

    form: str
    time_us: int
    time_raw: str
    time_quality: str
    address: str
    user: str
    request: str
    status: int
    server: str = ""
    agent: str = ""
    forwarded: str = ""
    request_id: str = ""
    sent: int | None = None
    repaired: str = ""


_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
# Apache's `common`, `combined` and `vhost_combined`, and nginx's `combined`, which may be longer. A name
# of a user may hold blanks; what it may not hold unescaped is a quote, so no forged tail fits.
_LINE = re.compile(
    r"(?:([A-Za-z0-9.\-]{1,255}:\d{1,5}) )?(\S{1,255}) (\S{1,255}) (.{1,512}?) "
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,6})? [+-]\d{4})\] "
    + _QUOTED
    + r" (\d{3}) (\d{1,18}|-)(?: "
    + _QUOTED
    + " "
    + _QUOTED
    + r")?(?: .*)?"
)
_CLF_TIME = re.compile(r"(\d\d/[A-Z][a-z]{2}/\d{4}):(\d\d:\d\d:\d\d(?:\.\d{1,6})?) ([+-]\d{4})", re.ASCII)
_UTC = ZoneInfo("UTC")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\nrtbfv]))')
_PLAIN = {"n": 10, "r": 13, "t": 9, "b": 8, "f": 12, "v": 11, '"': 34, "\\": 92}
_LONE_X = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_EPOCH_SECONDS = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?", re.ASCII)

_KEYS: Mapping[str, Sequence[str]] = {
    "time": ("time", "time_iso8601", "@timestamp", "timestamp", "time_local", "date", "ts", "msec"),
    "address": ("remote_addr", "client_ip", "remote_ip", "client", "clientip", "ip"),
    "user": ("remote_user", "user", "user_id"),
    "request": ("request", "request_line"),
    "method": ("request_method", "method", "verb"),
    "target": ("request_uri", "uri", "url", "path"),
    "status": ("status", "status_code", "response_status"),
    "sent": ("body_bytes_sent", "bytes_sent", "bytes", "size"),
    "server": ("server_name", "vhost"),  # not `host`: that is what the client asked for
    "agent": ("http_user_agent", "user_agent", "ua", "agent"),
    "forwarded": ("http_x_forwarded_for", "x_forwarded_for", "xff"),
    "request_id": ("request_id", "rid"),
}


def read_line(text: str) -> Hit:
    """A line of the common or combined format; raises NoHitError."""
    found = _LINE.fullmatch(text)
    if not found:
        raise NoHitError("unknown_format", "no line of the common or combined format")
    server, address, _identity, user, written, request, status, sent, referer, agent = found.groups()
    instant = clf_time(written)
    if instant is None:
        raise NoHitError("no_timestamp", "its time is none")
    return Hit(
        "common" if referer is None else "combined",
        instant,
        written,
        "zoned",
        address,
        _unescaped(user),
        _unescaped(request),
        int(status),
        server=(server or "").rpartition(":")[0],
        agent=_unescaped(agent or ""),
        sent=None if sent == "-" else int(sent),
    )


def read_json(text: str, zone: ZoneInfo) -> Hit:
    """A line that is a JSON object with a time, a request and a status; raises NoHitError."""
    parts, repaired = _object(text)
    found = {name: _first(parts, keys) for name, keys in _KEYS.items()}
    if not found["request"] and found["method"] and found["target"]:
        found["request"] = f"{found['method']} {found['target']}"
    if not found["request"] or not re.fullmatch(r"\d{3}", found["status"], re.ASCII):
        raise NoHitError("missing_required", "no request or no status")
    instant, quality = _time(found["time"], zone)
    if instant is None:
        raise NoHitError("no_timestamp", "no time, or it is none")
    sent = found["sent"]
    return Hit(
        "json",
        instant,
        found["time"],
        quality,
        found["address"],
        found["user"],
        found["request"],
        int(found["status"]),
        server=found["server"],
        agent=found["agent"],
        forwarded=found["forwarded"],
        request_id=found["request_id"],
        sent=int(sent) if re.fullmatch(r"\d{1,18}", sent, re.ASCII) else None,
        repaired=repaired,
    )


def is_access_json(text: str) -> bool:
    """Whether a line is a JSON object with the keys of an access log."""
    try:
        parts, _ = _object(text)
    except NoHitError:
        return False

    def has(name: str) -> bool:
        return any(key in parts for key in _KEYS[name])

    asked = has("request") or (has("method") and has("target"))
    return asked and has("status") and has("time") and has("address")


def clf_time(text: str) -> int | None:
    """Microseconds since 1970 UTC of `24/Nov/2026:01:24:34 +0000`; None when it is no time."""
    found = _CLF_TIME.fullmatch(text)
    if not found:
        return None
    day, clock, offset = found.groups()
    hour = _hour(day, clock[:2], offset)
    minute, second, fraction = clock[3:5], clock[6:8], clock[9:]
    if hour is None or minute > "59" or second > "60":
        return None
    seconds = int(minute) * 60 + int(second)
    return hour + seconds * 1_000_000 + (int(fraction.ljust(6, "0")) if fraction else 0)


@lru_cache(maxsize=1024)
def _hour(day: str, hour: str, offset: str) -> int | None:
    """When an hour begins, `24/Nov/2026`, `01` and `+0000`; None when it is none."""
    month = day[3:6]
    if month not in _MONTHS:
        return None
    written = f"{day[7:]}-{_MONTHS.index(month) + 1:02}-{day[:2]}T{hour}:00:00{offset}"
    return read_time(written, _UTC)[0]


def _time(text: str, zone: ZoneInfo) -> tuple[int | None, str]:
    seconds = _EPOCH_SECONDS.fullmatch(text)  # nginx's $msec
    if seconds:
        return int(seconds[1]) * 1_000_000 + int((seconds[2] or "0")[:6].ljust(6, "0")), "zoned"
    instant = clf_time(text)
    return (instant, "zoned") if instant is not None else read_time(text, zone)


def _object(text: str) -> tuple[dict[str, Any], str]:
    r"""The object of a line, with `\x` escapes mended that nginx writes without `escape=json`."""
    repaired = ""
    try:
        try:
            parts = json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError:
            mended = _LONE_X.sub(r"\1\\u00\2", text)
            if mended == text:
                raise
            parts, repaired = json.loads(mended, object_pairs_hook=_once), "escapes that JSON lacks"
    except (ValueError, RecursionError):
        raise NoHitError("json_malformed", "the line is no JSON object") from None
    if not isinstance(parts, dict):
        raise NoHitError("json_malformed", "the line is no JSON object")
    return parts, repaired


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):  # somebody may have smuggled a second one in
        raise ValueError("a key stands twice")
    return found


def _first(parts: Mapping[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = parts.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            # A half of a surrogate pair is no text, and only JSON escapes can write it.
            return str(value).strip().encode("utf-8", "replace").decode()
    return ""


def _unescaped(text: str) -> str:
    """Undo the escapes that nginx and Apache write into quoted parts, UTF-8 put together again."""
    if "\\" not in text:
        return text
    data = bytearray()
    at = 0
    for found in _ESCAPE.finditer(text):
        data += text[at : found.start()].encode()
        data.append(int(found[1], 16) if found[1] else _PLAIN[found[2]])
        at = found.end()
    data += text[at:].encode()
    return data.decode(errors="backslashreplace")
