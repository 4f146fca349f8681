"""Keycloak: realms as `kc.sh export` writes them (one file, or a realm and files of users), and users
as `kcadm.sh get users` lists them. Keycloak is what dcm4chee asks who somebody is.

Of credentials only their kind and day are taken: no hash, seed or secret of a client leaves the file.
What a realm export does not set has Keycloak's documented meaning only where the export is whole (it
holds the flows and the clients); anything else stays unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.keycloak_realm.flows import Asked, second_factor
from riskkit.readers.keycloak_realm.roles import Roles
from riskkit.readers.keycloak_realm.settings import expires, settings
from riskkit.readers.keycloak_realm.shape import day, mappings
from riskkit.readers.system_names import system_of
from riskkit.tables import TABLES
from riskkit.words import be, count

_ACCOUNTS, _GRANTS, _CONFIGURATIONS = TABLES["accounts"], TABLES["grants"], TABLES["configurations"]

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{")
_REALM = re.compile(rb'"realm"\s*:\s*"')
_OF_REALMS = re.compile(
    rb'"(sslRequired|registrationAllowed|ssoSessionIdleTimeout|bruteForceProtected|accessTokenLifespan'
    rb'|loginWithEmailAllowed|users)"\s*:'
)
_OF_USERS = re.compile(rb'"(username|emailVerified|createdTimestamp|enabled)"\s*:')
_ALL = 4
_OWN_NAMES = r"keycloak|realm|realm[-_]export|export|users|users[-_]\d+"
_SECOND_FACTORS = frozenset({"otp", "totp", "hotp", "webauthn", "webauthn-passwordless"})


@dataclass(frozen=True, slots=True)
class _Realm:
    """One realm: its system and what concerns all of its users."""

    document: Mapping[str, Any]
    system: str
    asked: Asked | None
    roles: Roles
    expires: bool | None


def _recognize(head: bytes, _name: str) -> bool:
    if not _START.match(head):
        return False
    if _REALM.search(head) and _OF_REALMS.search(head):
        return len(set(_OF_REALMS.findall(head))) > 1 or b'"username"' in head
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") and len(set(_OF_USERS.findall(head))) == _ALL


@reader(
    id="keycloak_realm",
    title="Keycloak realm export, and lists of its users",
    version=3,
    tables=("configurations", "accounts", "grants"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per realm for its settings; one per user for accounts, and again for grants.

    The file names the system, its realm where the file is named as Keycloak names it; of several
    realms in one file each is a system of its own name. A second factor is required of an account
    when the browser flow asks everybody, or asks whoever has one and the account has. Where the flows
    are not in the file, an account with a second factor counts as asked for it, as built in.
    """
    try:
        realms = _realms(load_json(member), member.name)
    except DocumentError as error:
        yield refused("accounts", error, member)
        return
    yield from _configurations(realms, member)
    yield from _people(realms, member, context.zone)


def _realms(document: Any, name: str) -> list[_Realm]:
    if isinstance(document, dict):
        documents = [document]
    elif isinstance(document, list) and all(isinstance(item, dict) for item in document):
        listed = any("realm" in item for item in document)
        documents = document if listed else [{"users": document}]
    else:
        raise DocumentError("json_malformed", "neither a realm nor a list of realms or users")
    return [_realm(one, name, alone=len(documents) == 1) for one in documents]


def _realm(document: Mapping[str, Any], name: str, *, alone: bool) -> _Realm:
    own = document.get("realm")
    inside = own if isinstance(own, str) else ""
    system = system_of(name, _OWN_NAMES, inside=inside) if alone else inside or "unnamed"
    return _Realm(document, system, second_factor(document), Roles(document), expires(document))


def _configurations(realms: list[_Realm], member: Member) -> Iterator[Batch]:
    rows, silent = [], 0
    for number, realm in enumerate(realms):
        found = settings(realm.document, realm.asked)
        silent += not found
        rows += [
            {
                "system_id": realm.system,
                "part": realm.document.get("realm") if isinstance(realm.document.get("realm"), str) else None,
                "key": key,
                "value": value,
                "source": member.name,
                "offset": number,
                "n": n,
            }
            for n, (key, value) in enumerate(found.items())
        ]
    ignored = {"no setting of log-in": silent} if silent else {}
    table = _CONFIGURATIONS.rows(rows)
    yield Batch("configurations", table, len(realms), len(realms) - silent, ignored=ignored)


def _people(realms: list[_Realm], member: Member, zone: ZoneInfo) -> Iterator[Batch]:
    accounts: list[dict[str, Any]] = []
    grants: list[dict[str, Any]] = []
    faults: list[Quarantined] = []
    number = holders = assumed = 0
    for realm in realms:
        users = realm.document.get("users")
        if users is not None and not isinstance(users, list):
            faults.append(Quarantined(number, "json_malformed", "users are no list"))
            number += 1
        for user in users if isinstance(users, list) else ():
            place = {"source": member.name, "offset": number}
            number += 1
            fault = _fault(user)
            if fault:
                faults.append(Quarantined(number - 1, *fault))
                continue
            held = realm.roles.of(user)
            row = _account(realm, user, held, zone)
            assumed += bool(row["mfa"]) and realm.asked is None
            accounts.append(row | place | {"n": 0})
            holders += bool(held)
            grants += [
                {"system_id": realm.system, "account": row["account"], "permission": role, **place, "n": n}
                for n, role in enumerate(held or ())
            ]
    notes = (
        f"the file holds no flows: {count(assumed, 'account')} with a second factor "
        f"{be(assumed, 'counts', 'count')} as asked for it",
    )  # fmt: skip
    yield Batch(
        "accounts",
        _ACCOUNTS.rows(accounts),
        number,
        len(accounts),
        tuple(faults),
        notes=notes[: bool(assumed)],
    )
    if number:
        idle = number - len(faults) - holders
        ignored = {"no role listed": idle} if idle else {}
        yield Batch("grants", _GRANTS.rows(grants), number, holders, tuple(faults), ignored=ignored)


def _fault(user: Any) -> tuple[str, str] | None:
    if not isinstance(user, dict):
        return "bad_value", "a user is no object"
    if not (isinstance(user.get("username"), str) and user["username"].strip()):
        return "missing_required", "username"
    return None if isinstance(user.get("enabled"), bool) else ("missing_required", "enabled")


def _account(
    realm: _Realm, user: Mapping[str, Any], held: list[str] | None, zone: ZoneInfo
) -> dict[str, Any]:
    service = bool(user.get("serviceAccountClientId"))
    named = not service and all(
        isinstance(user.get(key), str) and user[key] for key in ("firstName", "lastName")
    )
    passwords = [one for one in mappings(user.get("credentials")) if one.get("type") == "password"]
    changed = [when for one in passwords if (when := day(one.get("createdDate"), zone))]
    return {
        "system_id": realm.system,
        "account": user["username"],
        "user_id": user["username"] if named else None,
        "enabled": user["enabled"],
        "mfa": _mfa(realm.asked, user),
        "privileged": realm.roles.privileged(user, held),
        "kind": "service" if service else "person" if named else None,
        "created_on": day(user.get("createdTimestamp"), zone),
        "password_changed_on": max(changed, default=None),
        "password_never_expires": None if realm.expires is None or not passwords else not realm.expires,
    }


def _mfa(asked: Asked | None, user: Mapping[str, Any]) -> bool | None:
    listed = user.get("credentials")
    kinds = {str(one.get("type")) for one in mappings(listed)}
    has = bool(kinds & _SECOND_FACTORS) or user.get("totp") is True
    if user.get("federatedIdentities"):
        return None  # who comes from another identity provider is not asked by this flow
    if asked == "all":
        return True
    if has and asked in ("enrolled", None):
        return True
    # A password kept here shows how the account opens; without one that is decided elsewhere.
    own = "password" in kinds and not user.get("federationLink")
    return False if asked in ("enrolled", "none") and own else None
