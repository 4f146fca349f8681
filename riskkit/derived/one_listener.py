"""Which listeners that were looked at under several names are one, by the inventory.

A scan names a listener by the name or the address that was typed, a configuration by the name of its file.
The inventory says which names are one system's. On the same port of one host they are one listener; what was
seen of them must agree wherever both tell it, else they stay apart, so no finding gets lost. A system of
several addresses or host names may be several hosts: then nothing is put together. In either case what
endpoints.yaml says of the listener holds for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from riskkit.derived.drift import UNKNOWN, WITHOUT_TLS
from riskkit.derived.inventory import address_of, system_names
from riskkit.tables import records

Row = dict[str, Any]
Place = tuple[str, int]

PLAIN = "without TLS"
_DECLARED = ("endpoint_id", "system_id", "declared", "ephi")
_SINGLE = ("exchange_keys", "any_aet", "chain_strict", "chain_openssl", "chain_public", "stapled", "outside",
           "client_auth")  # fmt: skip
_FILLED = ("connectivity", "connectivity_reason", "client_auth_reason", "chain_reason", "software", "leaf",
           *_SINGLE)  # fmt: skip
_SETS = {"accepted": "not_known", "vulnerable": "holes_not_known", "features": "features_not_known"}
"""Columns of what is there, and of what is not known; whatever is in neither is not there."""


def one_listener(
    rows: Sequence[Row], systems: Any, leaves: Mapping[Place, str]
) -> list[tuple[Row, list[Place]]]:
    """Rows of `channels` with those put together that are one, each with the other places of its host.

    leaves: the fingerprint of the certificate by place, host case folded.
    """
    names, by_id = system_names(systems), {one.system_id.casefold(): one for one in records(systems)}
    for row in rows:
        row["leaf"] = leaves.get(_place(row))
    joined: list[tuple[Row, list[Place]]] = []
    for system, mine in _groups(rows, names):
        if system is None:
            joined += [(row, []) for row in mine]
            continue
        one_host = _is_one_host(by_id[system], mine)
        places = [_place(row) for row in mine] if one_host else []
        kept = _together(mine) if one_host else _looked_at(by_id[system], mine)
        said = min((row for row in mine if row["endpoint_id"]), key=_worst_said, default=None)
        for row in kept:
            if said is not None and not row["endpoint_id"]:
                row.update({name: said[name] for name in _DECLARED})
            row["system_id"] = row["system_id"] or by_id[system].system_id
            joined.append((row, places))
    return joined


def _place(row: Mapping[str, Any]) -> Place:
    return row["host"].casefold(), row["port"]


def _worst_said(row: Row) -> tuple[Any, ...]:
    return row["ephi"] is not True, row["ephi"] is False, row["endpoint_id"]


def _groups(rows: Sequence[Row], names: Mapping[str, str]) -> Iterator[tuple[str | None, list[Row]]]:
    """Rows by system and port; those whose host the inventory does not know stand for themselves.

    Of a system whose inventory knows no declared host of that port the only declared one belongs to it.
    """
    groups: dict[tuple[str, int], list[Row]] = {}
    others: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if system := names.get(row["host"].casefold()):
            groups.setdefault((system.casefold(), row["port"]), []).append(row)
        else:
            system = names.get((row["system_id"] or "").casefold(), "")
            others.setdefault((system.casefold(), row["port"]), []).append(row)
    for key, strange in others.items():
        mine = groups.get(key, [])
        if len(strange) == 1 and mine and not any(row["endpoint_id"] for row in mine):
            mine.insert(0, strange[0])
        else:
            yield None, strange
    for (system, _), mine in groups.items():
        yield system, mine


def _hosts(system: Any) -> tuple[list[Any], set[str]]:
    """Addresses of a system, and its full host names."""
    aliases = [name.strip().casefold() for name in (system.aliases or "").split(";") if name.strip()]
    addresses = [found for name in aliases if (found := address_of(name))]
    return addresses, {name for name in aliases if "." in name and not address_of(name)}


def _is_one_host(system: Any, rows: Sequence[Row]) -> bool:
    addresses, names = _hosts(system)
    short = {name.partition(".")[0] for name in names} | {system.system_id.casefold()}
    seen = {host for row in rows if not address_of(host := row["host"].casefold())}
    several = any(sum(one.version == version for one in addresses) > 1 for version in (4, 6))
    return not several and len(names | (seen - short)) <= 1


def _looked_at(system: Any, rows: list[Row]) -> list[Row]:
    """Of several hosts all rows, without a declared name that nobody looked at if all addresses were seen."""
    addresses, names = _hosts(system)
    seen = {address_of(row["host"]) for row in rows if row["observations"]}
    if not addresses or len(names) > len(addresses) or not set(addresses) <= seen:
        return rows
    return [row for row in rows if row["observations"] or row["leaf"] or not row["endpoint_id"]]


def _together(rows: list[Row]) -> list[Row]:
    """Rows of one host, those put together that agree; declared names first, then names, then addresses."""
    ordered = sorted(
        rows, key=lambda row: (not row["endpoint_id"], address_of(row["host"]) is not None, row["host"])
    )
    kept: list[Row] = []
    for row in sorted(ordered, key=lambda row: not row["observations"]):
        match = next((number for number, one in enumerate(kept) if _agree(one, row)), None)
        if match is None:
            kept.append(row)
        else:
            first, second = sorted((kept[match], row), key=lambda one: not one["endpoint_id"])
            kept[match] = _combined(first, second)
    return kept


def _agree(one: Row, other: Row) -> bool:
    """Whether two rows tell the same wherever both tell something."""
    if one["leaf"] and other["leaf"] and one["leaf"] != other["leaf"]:
        return False
    if not one["observations"] or not other["observations"]:
        return True
    simple = [(_known(one, key), _known(other, key)) for key in _SINGLE]
    simple.append((_spoken(one), _spoken(other)))
    suites = _set(one, "suites"), _set(other, "suites")
    return (
        not any(first and second and first != second for first, second in simple)
        and all(_agree_in(one, other, there, unknown) for there, unknown in _SETS.items())
        and (suites[0] == suites[1] or not all(suites))
        and _lists_groups(one, other)
        and _lists_groups(other, one)
    )


def _lists_groups(one: Row, other: Row) -> bool:
    """Whether the first row does not deny a group that the other one accepts."""
    accepted = _set(other, "groups")
    missing = accepted - _set(one, "groups") if one["groups_known"] else set()
    return not missing and not accepted & _set(one, "groups_refused")


def _agree_in(one: Row, other: Row, there: str, unknown: str) -> bool:
    """Whether what is there in one row is there in the other, unless that one does not know."""
    return not any(
        _set(first, there) - _set(second, there) - _set(second, unknown)
        for first, second in ((one, other), (other, one))
    )


def _combined(one: Row, other: Row) -> Row:
    """Everything that two rows know of one listener; the first gives it its name."""
    row = dict(one)
    for key in _FILLED:
        row[key] = one[key] if _known(one, key) else other[key]
    if _known(one, "connectivity"):
        row["connectivity_reason"] = one["connectivity_reason"]
    for there, unknown in _SETS.items():
        row[there] = _joined(_set(one, there) | _set(other, there))
        row[unknown] = _joined((_set(one, unknown) & _set(other, unknown)) - _set(row, there))
    for key in ("suites", "groups", "groups_refused"):
        row[key] = _joined(_set(one, key) | _set(other, key))
    told = [told for told in (one, other) if told["suites"]] or [one, other]
    row["suites_not_known"] = _joined(set.intersection(*(_set(each, "suites_not_known") for each in told)))
    accepted = sorted(_set(row, "accepted"))
    row["worst"], row["best"] = (accepted[0], accepted[-1]) if accepted else (None, None)
    row["groups_known"] = one["groups_known"] or other["groups_known"]
    row["observations"] = one["observations"] + other["observations"]
    row["observed_at"] = max(filter(None, (one["observed_at"], other["observed_at"])), default=None)
    ages = [each["old_days"] for each in (one, other) if each["observations"]]
    row["old_days"] = None if None in ages or not ages else min(ages)
    row["scanned"] = one["scanned"] | other["scanned"]
    configured = _set(one, "configured") | _set(other, "configured")
    row["configured"] = _joined(configured - row["scanned"])
    for key in ("rests_on", "configured_in"):
        row[key] = [*one[key], *(place for place in other[key] if place not in one[key])]
    row["names"] = f"{one['names']}|{other['names']}"
    return row


def _known(row: Row, key: str) -> Any:
    """A value of a row; None for one that says that it is not known."""
    value = row[key]
    return None if value is None or str(value).casefold() == UNKNOWN else value


def _spoken(row: Row) -> str | None:
    value = _known(row, "connectivity")
    return PLAIN if value in WITHOUT_TLS else value


def _set(row: Row, key: str) -> set[str]:
    return set(filter(None, (row[key] or "").split("|")))


def _joined(names: set[str]) -> str:
    """Joined by |, sorted, as versions of protocols are from worst to best."""
    return "|".join(sorted(names))
