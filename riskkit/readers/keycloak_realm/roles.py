"""What a user of a realm may do: roles given directly, by groups, and inside of other roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from riskkit.readers.keycloak_realm.shape import mapping, mappings, texts

_ADMINISTERS = re.compile(
    r"(?:.*[/_\-. ])?(?:root|superuser|admin|administrator|realm-admin|create-realm|impersonation"
    r"|manage-(?:users|realm|clients|identity-providers|authorization|events))",
    re.IGNORECASE,
)
"""Keycloak's administrative roles, and the names that applications such as dcm4chee give theirs."""

_LISTED = ("realmRoles", "clientRoles", "groups")


def administers(permission: str) -> bool:
    """Whether a role is one of administration, by its name."""
    return _ADMINISTERS.fullmatch(permission) is not None


class Roles:
    """The roles of a realm and its groups; `of(user)` resolves them."""

    def __init__(self, realm: Mapping[str, Any]) -> None:
        known = mapping(realm.get("roles"))
        self._whole = "roles" in realm
        self._inside: dict[str, list[str]] = {}
        for role in mappings(known.get("realm")):
            self._add(role.get("name"), role)
        for client, roles in mapping(known.get("client")).items():
            for role in mappings(roles):
                self._add(f"{client}/{role.get('name')}", role)
        self._groups: dict[str, list[str]] = {}
        self._descend(realm.get("groups"), "", [])

    def of(self, user: Mapping[str, Any]) -> list[str] | None:
        """All roles of a user, sorted; None when the export tells of none of them."""
        if not any(key in user for key in _LISTED):
            return None
        given = _given(user)
        for group in texts(user.get("groups")):
            given += self._groups.get(group, [])
        return sorted(self._resolved(given))

    def privileged(self, user: Mapping[str, Any], held: list[str] | None) -> bool | None:
        """Whether a user administers; None where a role or group that may give it is not in the file."""
        if held is not None and any(map(administers, held)):
            return True
        seen = self._whole and self._groups.keys() >= set(texts(user.get("groups")))
        return False if seen and held is not None else None

    def _add(self, name: object, role: Mapping[str, Any]) -> None:
        inside = mapping(role.get("composites"))
        self._inside[str(name)] = _given(
            {"realmRoles": inside.get("realm"), "clientRoles": inside.get("client")}
        )

    def _descend(self, groups: object, path: str, inherited: list[str]) -> None:
        waiting = [(group, path, inherited) for group in mappings(groups)]
        while waiting:
            group, above, roles = waiting.pop()
            here = f"{above}/{group.get('name')}"
            held = [*roles, *_given(group)]
            self._groups[here] = held
            waiting += [(below, here, held) for below in mappings(group.get("subGroups"))]

    def _resolved(self, given: Iterable[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(given)
        while waiting:
            role = waiting.pop()
            if role not in found:
                found.add(role)
                waiting += self._inside.get(role, [])
        return found


def _given(holder: Mapping[str, Any]) -> list[str]:
    of_clients = mapping(holder.get("clientRoles"))
    return texts(holder.get("realmRoles")) + [
        f"{client}/{role}" for client, roles in of_clients.items() for role in texts(roles)
    ]
