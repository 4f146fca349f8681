"""What an HTTP request asks of an image archive: DICOMweb (PS3.18), WADO-URI, and Orthanc's own API.

Decided by the tail of the path: what stands before `studies` differs from product to product.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

TARGET_LIMIT = 16 << 10
"""Characters of the longest request target that is read: our own cap, twice what servers accept."""


class Request(NamedTuple):
    """A decoded request; `category` and `action` as in `audit_events`, ids where the target names them.

    Of several studies or patients that a query lists, the first is given; wildcards are no id.
    """

    category: str
    action: str
    study_uid: str | None = None
    series_uid: str | None = None
    instance_uid: str | None = None
    patient_id: str | None = None
    accession: str | None = None


def decode(method: str, target: str) -> Request | None:
    """The request of a method and a path (or whole URI, query included); None where it is none of ours.

    `HEAD` counts as `GET`. Percent escapes are undone once. Never raises.
    """
    if len(target) > TARGET_LIMIT:
        return None
    method = method.upper()
    method = "GET" if method == "HEAD" else method
    if "://" in target:
        target = _AUTHORITY.sub("", target, count=1)
    path, _, query = target.partition("#")[0].partition("?")
    asked = _parameters(query)
    if method == "GET" and asked.get("requesttype", "").upper() == "WADO":
        return _named(asked, "read", {})
    segments = [unquote(segment) if "%" in segment else segment for segment in path.split("/") if segment]
    for at, segment in enumerate(segments):
        if segment in _LEVELS:
            found = _resource(method, segments[at:])
        elif segment in _SERVICES:
            found = _SERVICES[segment](method, segments[at + 1 :])
        else:
            continue
        if found:
            category, ids = found
            return _named(asked, category, ids)
    return None


def outcome(status: int, category: str) -> tuple[str, int | None]:
    """Outcome and severity of an HTTP status: a client's error is minor (4), a server's serious (8).

    A store request may be answered with success although nothing was stored (Orthanc does), and 202
    means that some instances failed (PS3.18 table 10.5.3-1): so an accepted import is unknown.
    """
    if 200 <= status < 400:  # noqa: PLR2004 - RFC 9110 section 15
        return ("unknown", None) if category == "import" else ("success", 0)
    if 400 <= status < 500:  # noqa: PLR2004
        return "failure", 4
    return ("failure", 8) if 500 <= status < 600 else ("unknown", None)  # noqa: PLR2004


ACTIONS: Mapping[str, str] = {
    "query": "E", "read": "R", "export": "R", "import": "C", "create": "C", "update": "U", "delete": "D",
    "config": "U", "procedure": "E", "audit_log_used": "R",
}  # fmt: skip
"""EventActionCode of a category, as PS3.15 A.5.3 gives it to the event."""

_Found = tuple[str, Mapping[str, str]] | None

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,19}://[^/?#]*")
_UID = re.compile(r"[0-9](?:[0-9.]{0,62}[0-9])?", re.ASCII)
_OPAQUE = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{8}){4}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_LEVELS = ("patients", "studies", "series", "instances")

# Of one resource: what Orthanc and dcm4chee do when it is asked with this last word.
_ON_ONE: Mapping[tuple[str, str], str] = {
    ("GET", "archive"): "export",
    ("POST", "archive"): "export",
    ("GET", "media"): "export",
    ("POST", "media"): "export",
    ("POST", "export"): "export",
    ("POST", "anonymize"): "create",
    ("POST", "copy"): "create",
}
# Of a collection.
_ON_ALL: Mapping[tuple[str, str], str] = {
    ("GET", "count"): "query",
    ("GET", "size"): "query",
    ("GET", "csv"): "export",
    ("POST", "export"): "export",
    ("POST", "$bulkUpdate"): "update",
}


def _resource(method: str, segments: list[str]) -> _Found:
    """`studies/{uid}/series/{uid}/...`: the levels with their ids, then what is wanted of them."""
    ids: dict[str, str] = {}
    at, last_id = 0, ""
    while at < len(segments) and segments[at] in _LEVELS:
        level, at, last_id = segments[at], at + 1, ""
        if at < len(segments) and _is_id(level, segments[at]):
            last_id = ids[level] = segments[at]
            at += 1
        else:
            break
    wanted = segments[at:]
    category = _on_one(method, wanted) if last_id else _on_all(method, wanted)
    return (category, ids) if category else None


def _is_id(level: str, text: str) -> bool:
    if _UID.fullmatch(text) or _OPAQUE.fullmatch(text):
        return True
    return level == "patients" and text not in ("count", "csv", "export")


def _on_one(method: str, wanted: list[str]) -> str | None:
    word = wanted[0] if wanted else ""
    special = _ON_ONE.get((method, word))
    if special:
        return special
    if method == "POST":  # to a study: store; to anything below it: some change, as Orthanc's `modify`
        return "update" if wanted else "import"
    return {"GET": "read", "DELETE": "delete", "PUT": "update", "PATCH": "update"}.get(method)


def _on_all(method: str, wanted: list[str]) -> str | None:
    if wanted:
        return _ON_ALL.get((method, wanted[0]))
    return {"GET": "query", "POST": "import", "PUT": "import"}.get(method)


def _tools(method: str, rest: list[str]) -> _Found:
    word = rest[0] if rest else ""
    if word in ("find", "lookup", "count-resources"):
        return "query", {}
    if word in ("create-archive", "create-media", "create-media-extended"):
        return "export", {}
    if word == "create-dicom":
        return "create", {}
    if word in ("bulk-delete", "bulk-modify", "bulk-anonymize") and method == "POST":
        return {"bulk-delete": "delete", "bulk-modify": "update", "bulk-anonymize": "create"}[word], {}
    return ("config", {}) if method in ("POST", "PUT") and word else None


def _remote(method: str, rest: list[str]) -> _Found:
    """`modalities/{name}/store` and its like: what Orthanc does with another node."""
    word = rest[1] if len(rest) > 1 else ""
    if method == "POST" and word in _REMOTE:
        return _REMOTE[word], {}
    return ("config", {}) if method in ("PUT", "DELETE") and len(rest) == 1 else None


_REMOTE: Mapping[str, str] = {
    "store": "export", "stow": "export", "query": "query", "find": "query", "find-worklist": "query",
    "qido": "query", "move": "import", "get": "import", "wado": "import", "retrieve": "import",
}  # fmt: skip


def _workitems(method: str, rest: list[str]) -> _Found:
    """UPS-RS (PS3.18 section 11)."""
    if method == "GET" and not rest:
        return "query", {}
    return ("procedure", {}) if method in ("GET", "POST", "PUT", "DELETE") else None


def _export(method: str, rest: list[str]) -> _Found:
    return ("export", {}) if method == "POST" and not rest else None


def _extended_tags(method: str, _rest: list[str]) -> _Found:
    return ("config", {}) if method in ("POST", "PATCH", "DELETE") else None


def _changes(method: str, _rest: list[str]) -> _Found:
    return ("query", {}) if method == "GET" else None


def _audit_log(method: str, _rest: list[str]) -> _Found:
    return ("audit_log_used", {}) if method == "GET" else None


_SERVICES = {
    "tools": _tools,
    "modalities": _remote,
    "peers": _remote,
    "servers": _remote,
    "workitems": _workitems,
    "export": _export,  # Azure
    "extendedquerytags": _extended_tags,  # Azure
    "changefeed": _changes,  # Azure: metadata of what changed
    "audit-logs": _audit_log,  # Orthanc's authorization plugin
}

_STUDY = ("studyinstanceuid", "0020000d", "studyuid")
_SERIES = ("seriesinstanceuid", "0020000e", "seriesuid")
_INSTANCE = ("sopinstanceuid", "00080018", "objectuid")
_PATIENT = ("patientid", "00100020")
_ACCESSION = ("accessionnumber", "00080050")


def _parameters(query: str) -> dict[str, str]:
    """Names in lower case, the first value of each; `&` and `;` part them, and a comma parts values."""
    found: dict[str, str] = {}
    for pair in re.split("[&;]", query) if query else ():
        name, _, value = pair.partition("=")
        found.setdefault(unquote_plus(name).lower(), unquote_plus(value).strip())
    return found


def _named(asked: Mapping[str, str], category: str, ids: Mapping[str, str]) -> Request:
    patient = ids.get("patients", "")
    return Request(
        category,
        ACTIONS[category],
        _uid(ids.get("studies")) or _uid(_first(asked, _STUDY)),
        _uid(ids.get("series")) or _uid(_first(asked, _SERIES)),
        _uid(ids.get("instances")) or _uid(_first(asked, _INSTANCE)),
        # Orthanc's id of a patient is a digest, and tells no PatientID. dcm4chee's is one in CX form.
        (None if _OPAQUE.fullmatch(patient) else _exact(patient.partition("^")[0]))
        or _exact(_first(asked, _PATIENT)),
        _exact(_first(asked, _ACCESSION)),
    )


def _first(asked: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((asked[name] for name in names if asked.get(name)), "") if asked else ""


def _uid(text: str | None) -> str | None:
    if not text:
        return None
    one = text.partition(",")[0].partition("\\")[0].strip()
    return one if _UID.fullmatch(one) else None


def _exact(text: str) -> str | None:
    """A value that names one thing: no wildcard (PS3.4 C.2.2.2.4), nothing unprintable."""
    one = text.strip()
    if not one:
        return None
    return one if one.isprintable() and not {"*", "?"} & set(one) else None
