"""What the columns of an unknown table may mean, told by its headers and by what the cells look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from riskkit.ingest.shapes import ACTION, ADDRESS, CLOCK, DATE, NAME, NUMBER, TIME, UID, shape_of
from riskkit.readers.canonical.header import CANONICAL
from riskkit.tables import TABLES

AUDIT = "audit_events"

# What exports call a column, beside its own name; in lower case, words parted by blanks.
_AUDIT_NAMES: Mapping[str, tuple[str, ...]] = {
    "event_time_us": (
        "time", "date", "date time", "datetime", "timestamp", "time stamp", "event time", "event date",
        "access time", "access date", "accessed", "accessed on", "log time", "log date", "logged at",
        "occurred", "occurred at", "performed on", "when", "activity date", "action date", "action time",
    ),
    "event_id": ("event id", "log id", "audit id", "record id", "sequence", "seq", "entry id", "id"),
    "event_category": (
        "action", "event", "event type", "activity", "activity type", "operation", "transaction",
        "access type", "type of action", "action type", "function", "what", "event name", "action name",
    ),
    "event_outcome": (
        "result", "outcome", "status", "success", "severity", "access result", "event result", "error",
    ),
    "event_reason": ("reason", "justification", "break glass reason", "access reason", "comment"),
    "user_id": (
        "user", "user id", "login", "login id", "login name", "logon", "operator", "operator id",
        "username", "user account", "account", "employee id", "staff id", "clinician id", "who",
        "accessed by", "performed by", "initiating user", "emp id",
    ),
    "user_name": ("user name", "full name", "user full name", "employee name", "operator name",
                  "staff name", "display name"),
    "user_role": ("role", "user role", "job title", "user type", "title", "profession"),
    "purpose_of_use": ("purpose", "purpose of use"),
    "source_host": (
        "workstation", "workstation id", "host", "hostname", "host name", "computer", "computer name",
        "terminal", "device", "client", "pc", "machine", "station",
    ),
    "source_ip": ("ip", "ip address", "client ip", "source ip", "remote address", "address",
                  "workstation ip"),
    "source_aet": ("calling ae", "calling aet", "calling ae title", "ae title", "aet", "source ae"),
    "dest_aet": ("called ae", "called aet", "called ae title", "destination ae", "dest ae"),
    "dest_id": ("destination", "sent to", "target", "recipient"),
    "dest_host": ("server", "server name", "destination host"),
    "source_system": ("system", "application", "source", "source system", "logging server", "product",
                      "module", "application name"),
    "source_site": ("site", "facility", "location", "hospital"),
    "patient_id": (
        "patient", "patient id", "mrn", "pid", "medical record number", "medical record no", "mrn number",
        "record number", "chart number", "chart no", "patient number", "patient no", "patient mrn",
    ),
    "patient_id_issuer": ("issuer", "assigning authority", "patient id issuer"),
    "study_uid": ("study uid", "study instance uid", "suid", "study"),
    "accession": ("accession", "accession number", "accession no", "acc", "acc no", "order number",
                  "exam id"),
    "instance_count": ("images", "image count", "number of images", "instances", "objects"),
    "break_glass": ("break glass", "break the glass", "btg", "emergency access", "override"),
    "correlation_id": ("session", "session id", "request id", "transaction id", "correlation id"),
}  # fmt: skip

_NAMES: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user", "login", "username", "employee id", "staff id", "emp id", "badge", "operator",
                "employee", "staff", "person"),
    "account": ("account name", "login", "login name", "username", "user", "logon name", "sam account name"),
    "family_name": ("last name", "surname", "lastname", "name last"),
    "given_name": ("first name", "forename", "firstname", "name first"),
    "role": ("job title", "title", "position", "job", "profession", "job code"),
    "department": ("dept", "unit", "ward", "cost center", "organization unit", "service"),
    "employed_from": ("hire date", "start date", "hired", "since", "employed since", "date of hire"),
    "employed_to": ("termination date", "end date", "terminated", "left on", "date of termination"),
    "patient_id": ("patient", "mrn", "pid", "medical record number", "chart number", "patient number"),
    "address": ("street", "home address", "street address"),
    "system_id": ("system", "application", "host", "server", "hostname", "server name"),
    "enabled": ("active", "is active", "account enabled", "account status"),
    "mfa": ("two factor", "2fa", "multi factor", "mfa enabled", "mfa enrolled"),
    "privileged": ("admin", "is admin", "administrator"),
    "last_login": ("last logon", "last log in", "last seen", "last sign in", "last used"),
    "created_on": ("created", "created at", "creation date", "when created"),
    "password_changed_on": ("password last set", "pwd last set", "password changed"),
    "permission": ("role", "group", "right", "privilege", "entitlement"),
    "course": ("training", "module", "class", "course name"),
    "completed_on": ("completed", "completion date", "date completed"),
    "due_on": ("due", "due date"),
    "backup_id": ("job id", "session id", "backup", "snapshot"),
    "finished_at": ("end time", "finished", "end", "stop time", "completed"),
    "started_at": ("start time", "started", "start", "begin time"),
    "status": ("result", "state", "job status"),
    "size_bytes": ("size", "bytes", "total size"),
    "location": ("site", "target", "repository", "destination"),
    "valid_from_us": ("from", "start", "start date", "scheduled", "order date", "appointment time",
                      "admitted"),
    "valid_to_us": ("to", "end", "end date", "discharged", "valid until"),
    "kind": ("type", "class", "category"),
    "name": ("system name", "asset name", "description"),
    "asset_id": ("asset", "volume", "disk", "device", "volume id"),
    "encrypted": ("encryption", "is encrypted", "encryption status", "protection status"),
    "supported_until": ("end of support", "end of life", "eol", "support ends"),
    "operated_by": ("operator", "hosted by", "managed by", "run by", "service provider"),
}  # fmt: skip

LIKENESS = 0.88
"""How alike two names must be to be taken for a misspelling: our own choice."""

PART = 0.97
"""How alike a name is of which what stands in brackets, or what stands before it, is known."""

_SPLIT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_SHORT = {"no": "number", "num": "number", "nr": "number", "pt": "patient", "pat": "patient", "usr": "user",
          "dttm": "time", "dt": "date", "ts": "timestamp", "acct": "account", "desc": "description",
          "med": "medical", "rec": "record", "wks": "workstation",
          # German and Spanish, in which some products are installed.
          "patienten": "patient", "patientennummer": "patient number", "patientenid": "patient id",
          "paciente": "patient", "benutzer": "user", "anwender": "user", "usuario": "user", "kennung": "id",
          "benutzerkennung": "user id", "benutzername": "username", "anmeldename": "login name",
          "nummer": "number", "número": "number", "zeitpunkt": "timestamp", "zeitstempel": "timestamp",
          "datum": "date", "fecha": "date", "uhrzeit": "time", "zeit": "time", "hora": "time",
          "aktion": "action", "vorgang": "event", "ereignis": "event", "acción": "action", "evento": "event",
          "arbeitsplatz": "workstation", "rechner": "computer", "ergebnis": "result", "grund": "reason",
          "nachname": "last name", "vorname": "first name", "abteilung": "department"}  # fmt: skip
_QUALIFIERS = frozenset({"utc", "gmt", "local", "value", "text", "field"})
"""Words behind a name that say how its cells are written, and not what they are."""

_SHAPED = {"source_ip": ADDRESS, "study_uid": UID, "event_category": ACTION}
"""Columns of a trail that a header nobody knows is placed in when its cells, and no other's, look so."""

_PEOPLE = frozenset({"patient_id", "user_id"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A table and the column of each header that was placed; the others, and what is missing still."""

    table: str
    columns: Mapping[str, str]
    unplaced: tuple[str, ...]
    missing: tuple[str, ...]
    exact: int


def suggest(header: Sequence[str], folder: str = "", rows: Sequence[Sequence[str]] = ()) -> Suggestion | None:
    """The table that most headers can be placed in, one at least that it cannot do without.

    `folder` is where the file lies, and decides between tables that fit equally. Of the cells of `rows`
    only the look counts: names under "Patient" are no record numbers, and a column of times is when.
    """
    at = [place for place, cell in enumerate(header) if cell.strip()]
    names = [header[place].strip() for place in at]
    shapes = [shape_of([row[place] for row in rows if place < len(row)]) for place in at]
    found = [_placed(table, names, shapes) for table in (AUDIT, *sorted(CANONICAL))]
    ranked = [
        (not one.missing, len(one.columns), TABLES[one.table].place.startswith(f"{folder}/"), -at, one)
        for at, one in enumerate(found)
        if len(one.columns) > 1 and len(one.missing) <= 1
    ]
    return max(ranked, default=(0, 0, 0, 0, None))[-1]


def _placed(table: str, names: Sequence[str], shapes: Sequence[str]) -> Suggestion:
    scores = sorted(
        (
            (-_likeness(name, phrase), at, _by_look(table, column, shapes[at]))
            for at, name in enumerate(names)
            for column, phrases in _phrases(table).items()
            for phrase in phrases
            if _likeness(name, phrase) >= LIKENESS and _by_look(table, column, shapes[at])
        )
    )
    columns: dict[int, str] = {}
    exact = 0
    for score, at, column in scores:
        if at not in columns and column not in columns.values():
            columns[at] = column
            exact += score <= -PART
    if table == AUDIT:
        _add_clock(names, columns)
        _add_looks(shapes, columns)
    required = {"event_time_us", "user_id"} if table == AUDIT else TABLES[table].required
    return Suggestion(
        table,
        {names[at]: columns[at] for at in sorted(columns)},
        tuple(name for at, name in enumerate(names) if at not in columns),
        tuple(sorted(required - set(columns.values()))),
        exact,
    )


def _add_clock(names: Sequence[str], columns: dict[int, str]) -> None:
    """A time beside a date is the other half of when it happened."""
    timed = [at for at, column in columns.items() if column == "event_time_us"]
    kinds = {"date", "time"}
    for at, name in enumerate(names):
        own = kinds & set(_words(name))
        first = kinds & set(_words(names[timed[0]])) if timed else set()
        if at not in columns and len(own) == 1 and len(first) == 1 and own != first:
            columns[at] = "event_time_us"
            return


def _by_look(table: str, column: str, shape: str) -> str:
    """The column when the cells may be of it, another that they are of instead, or none; "" for none."""
    if shape == NAME and column in _PEOPLE:
        return "user_name" if (table, column) == (AUDIT, "user_id") else ""
    if column in ("source_ip", "study_uid"):
        return column if shape in ("", _SHAPED[column]) else ""
    return "" if column == "event_time_us" and shape in (NUMBER, ADDRESS, UID, NAME) else column


def _add_looks(shapes: Sequence[str], columns: dict[int, str]) -> None:
    """Place headers that nobody knows by what their cells look like, where only one looks so."""

    def only(shape: str) -> list[int]:
        found = [at for at, look in enumerate(shapes) if look == shape and at not in columns]
        return found if len(found) == 1 else []

    for column, shape in _SHAPED.items():
        if column not in columns.values():
            columns.update(dict.fromkeys(only(shape), column))
    if "event_time_us" not in columns.values():
        when = only(TIME) or only(DATE)
        clock = only(CLOCK) if when and shapes[when[0]] == DATE else []
        columns.update(dict.fromkeys([*when, *clock], "event_time_us"))


@cache
def _phrases(table: str) -> Mapping[str, tuple[str, ...]]:
    others = _AUDIT_NAMES if table == AUDIT else _NAMES
    found = {}
    for column in TABLES[table].columns:
        own = " ".join(_words(column.name.removesuffix("_us")))
        if table == AUDIT and column.name not in _AUDIT_NAMES:
            continue
        found[column.name] = (own, *(" ".join(_words(name)) for name in others.get(column.name, ())))
    return found


@cache
def _words(name: str) -> tuple[str, ...]:
    parts = [part.casefold() for part in _SPLIT.split(name) if part]
    return tuple(_SHORT.get(part, part) for part in parts)


def _likeness(name: str, phrase: str) -> float:
    """How alike a header and a phrase are; of `User (login)` each part may be what is meant."""
    parts = (_BRACKETS.sub(" ", name), *_BRACKETS.findall(name))
    among = max(_alike(part, phrase) for part in parts)
    return max(_alike(name, phrase), min(among, PART))


@cache
def _alike(name: str, phrase: str) -> float:
    """1 for the same words, 0.95 for the same letters, less for others that are nearly the same."""
    words = _words(name)
    while len(words) > 1 and words[-1] in _QUALIFIERS:
        words = words[:-1]
    text = " ".join(words)
    if text == phrase:
        return 1.0
    if text.replace(" ", "") == phrase.replace(" ", ""):
        return 0.95
    if len(phrase) < 5 or len(text) > 60:  # noqa: PLR2004 - short names are alike by chance
        return 0.0
    return min(0.94, SequenceMatcher(None, text, phrase).ratio())
