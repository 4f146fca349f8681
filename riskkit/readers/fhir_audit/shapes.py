"""What differs between the releases of FHIR AuditEvent, told by its elements and not by a version.

| | DSTU2 | STU3 | R4, R4B | R5 | ballots of R5 |
|---|---|---|---|---|---|
| type | event.type | type | type | category, code | type, subtype as CodeableConcept |
| time | event.dateTime | recorded | recorded | recorded | recorded |
| outcome | event.outcome | outcome | outcome | outcome.code | outcome.coding |
| who | participant.userId | agent.userId | agent.who | agent.who | agent.who |
| network | network.identifier | network.address | network.address | networkString, networkUri | either |
| what | object | entity.identifier | entity.what | entity.what, patient | entity.what |
| source | source.identifier | source.identifier | source.observer | source.observer | source.observer |

Elements of a wrong type raise AttributeError or TypeError.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from riskkit.readers.json_events import Json, text_of

_NOTHING: Json = {}


def codes_of(value: Any) -> list[str]:
    """The codes of a Coding, a CodeableConcept, or a list of either, in their order."""
    if not value:
        return []
    found = []
    for one in value if value.__class__ is list else (value,):
        for coding in one.get("coding", (one,)):
            code = text_of(coding.get("code"))
            if code:
                found.append(code)
    return found


class Name(NamedTuple):
    """Who or what a reference means: an id, how it is told, and the kind of resource that it names."""

    id: str | None
    told_by: str
    kind: str
    issuer: str | None
    display: str | None


NOBODY = Name(None, "", "", None, None)


def name_of(reference: Json | None, contained: Json = _NOTHING) -> Name:
    """By identifier, else by reference, else by display name.

    A reference into the resource itself (`#x`) is followed to the identifier of what it contains.
    """
    if not reference:
        return NOBODY
    written = text_of(reference.get("reference"))
    kind, base = text_of(reference.get("type")) or "", None
    if written:
        if written[0] == "#":
            return _inside(contained.get(written[1:]), written)
        kind, base, written = _parsed(written, kind)
    display = text_of(reference.get("display"))
    identifier = reference.get("identifier")
    if identifier:
        if identifier.__class__ is list:
            identifier = identifier[0]
        value = text_of(identifier.get("value"))
        if value:
            return Name(value, "identifier", kind, text_of(identifier.get("system")), display)
    if written:
        return Name(written, "reference", kind, base, display)
    return Name(display, "display" if display else "", kind, None, display)


def _inside(resource: Any, written: str) -> Name:
    if not resource:
        return Name(written, "reference", "", None, None)
    identifier = resource.get("identifier") or _NOTHING
    found = name_of({"identifier": identifier} if identifier else None)
    return (
        found._replace(kind=text_of(resource.get("resourceType")) or "")
        if found.id
        else Name(written, "reference", text_of(resource.get("resourceType")) or "", None, None)
    )


def _parsed(written: str, kind: str) -> tuple[str, str | None, str]:
    """Kind, server and `Kind/id` of a reference, without its version."""
    parts = written.partition("/_history/")[0].split("/")
    if len(parts) < 2 or not parts[-2][:1].isupper():  # noqa: PLR2004 - "Kind/id" at least
        return kind, None, written
    return parts[-2], "/".join(parts[:-2]) or None, f"{parts[-2]}/{parts[-1]}"


class Agent(NamedTuple):
    """A participant, the same for all releases; `requestor` is None where nothing is said of it."""

    id: str | None
    told_by: str
    kind: str
    name: str | None
    display: str | None
    alternative_id: str | None
    requestor: bool | None
    types: tuple[str, ...]
    roles: tuple[str, ...]
    address: str | None
    address_type: str | None
    media: str | None
    policy: tuple[str, ...]


def agent_of(agent: Json, contained: Json) -> Agent:
    """A participant of any release."""
    get = agent.get
    who = get("who")
    if who is None:  # DSTU2 and STU3: an identifier, and a reference beside it
        user = get("userId")
        who = {"identifier": user, **(get("reference") or _NOTHING)} if user else get("reference")
    found = name_of(who, contained)
    network, address, address_type = get("network"), None, None
    if network is None:
        address = text_of(get("networkString")) or text_of(get("networkUri"))
    elif network.__class__ is str:
        address = text_of(network)
    else:
        address = text_of(network.get("address")) or text_of(network.get("identifier"))
        address_type = text_of(network.get("type"))
    requestor, policy, media, roles = get("requestor"), get("policy"), get("media"), get("role")
    return Agent(
        found.id,
        found.told_by,
        found.kind,
        text_of(get("name")),
        found.display,
        text_of(get("altId")),
        requestor if requestor.__class__ is bool else None,
        tuple(codes_of(get("type"))),
        tuple(codes_of(roles)) if roles else (),
        address,
        address_type,
        codes_of(media)[0] if media and codes_of(media) else None,
        tuple(filter(None, map(text_of, policy))) if policy else (),
    )


def purposes_of(event: Any, agents: Iterable[Json]) -> list[str]:
    """Codes of purpose: those of the event, and of each of its agents."""
    found = codes_of(event)
    for agent in agents:
        purpose = agent.get("purposeOfUse") or agent.get("authorization")
        if purpose:
            found += codes_of(purpose)
    return list(dict.fromkeys(found)) if found else found


def outcome_of(outcome: Any, description: Any, contained: Json) -> tuple[str | None, str | None]:
    """Code of the outcome, and what is said of it.

    Of a contained OperationOutcome only the codes of its issues: its texts may tell of a patient.
    """
    if outcome is None or outcome.__class__ is str:
        code, reason = text_of(outcome), text_of(description)
    else:
        codes = codes_of(outcome.get("code") or outcome.get("coding"))
        said = [text_of(outcome.get("text"))]
        for detail in outcome.get("detail") or ():
            said.append(text_of(detail.get("text")) or "|".join(codes_of(detail.get("coding"))))
        code, reason = codes[0] if codes else None, "; ".join(filter(None, said)) or None
    if reason is None and contained:
        issues = [
            text_of(issue.get("code"))
            for resource in contained.values()
            if resource.get("resourceType") == "OperationOutcome"
            for issue in resource.get("issue") or ()
        ]
        reason = "; ".join(filter(None, issues)) or None
    return code, reason


def contained_of(event: Json) -> Json:
    """What the resource contains, by its id."""
    inside = event.get("contained")
    return {str(one.get("id")): one for one in inside} if inside else _NOTHING
