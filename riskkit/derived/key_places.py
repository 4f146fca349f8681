"""Where the key of an encrypted place lies, from the words of an inventory: apart only if that is plain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from riskkit.derived.inventory import system_of
from riskkit.words import folded

KeyPlace = Literal["apart", "beside", "wrapped", "unknown"]

WRAPPED = "under a passphrase"
TYPED = "prompt"
"""What ZFS says of a key that is typed, or unwrapped by what is typed."""

_DEVICES = "device|disk|drive|volume|bucket|tape|cartridge|medium|media|laptop|server|host|nas|system|machine"
_PLACES = f"{_DEVICES}|account|site|location|building|place"

_SERVICE = re.compile(
    r"(?:(?:in|on|by) )?(?:the |an? )?"
    r"(?:(?:(?:aws|amazon|google|gcp|azure|oracle|oci|ibm|alibaba|cloud|central|external|network) ){0,2}"
    r"(?:kms|cloudhsm|hsm|managed hsm|key vault|key server|key service|key manager"
    r"|key management (?:service|server|system|appliance)|kmip server|tang server)"
    r"|hashicorp vault|tpm ?(?:with|and|\+) ?(?:a )?pin"
    rf"|(?:another|(?:a )?separate) (?:{_PLACES}))"
)
_CLOUD_KEY = re.compile(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]*:\d*:(?:key|alias)/\S+"
    r"|(?://cloudkms\.googleapis\.com/)?projects/\S+/locations/\S+/keyrings/\S+/cryptokeys/\S+"
    r"|https://[a-z0-9-]+\.(?:vault|managedhsm)\.azure\.net(?:[:/]\S*)?"
)

_PATH = re.compile(r"/(?!/)|\\(?!\\)|~|\.{1,2}[/\\]|[a-z]:[/\\]|file:/")
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]+://(?:[^/@]*@)?|//|\\\\)([^\s:/\\]+)"  # an address or a share
    r"|([^\s:/\\]{2,}):(?=/(?!/)|~|[a-z]:[/\\])"  # host:/path
)
_THIS_HOST = re.compile(r"localhost(?:\..*)?|127\.\d+\.\d+\.\d+|::1")

_HERE = frozenset(
    {
        "same",
        "own",
        "local",
        "locally",
        "itself",
        "embedded",
        "internal",
        "beside",
        "alongside",
        "data",
        "tpm",
    }
)
_AROUND = frozenset({*_DEVICES.split("|"), "place", "as", "at", "chip", "in", "inside", "its", "on", "stored",
                     "the", "to", "with", "within", "images"})  # fmt: skip
_ON_THE_HOST = frozenset({"host", "on host", "on the host"})


def key_place(asset: Any, names: Mapping[str, str]) -> KeyPlace:
    """Where the key of a row of `storage_assets` lies; `names` is that of `inventory.system_names`.

    `wrapped` is beside the data under a passphrase. What is not understood in full is `unknown`. HHS guidance
    on unsecured PHI (74 FR 19006, 2009-04-27): keys are to be kept on a device or at a location separate
    from the data.
    """
    where = folded(asset.key_location or "")
    if not where:
        return "unknown"
    if where == TYPED or where.endswith(WRAPPED):
        return "wrapped"
    if where in _own_names(asset):
        return "beside"
    if _SERVICE.fullmatch(where) or _CLOUD_KEY.fullmatch(where):
        return "apart"
    if _PATH.match(where) or _is_here(where):
        return "beside"
    host = _HOST.match(where)
    return _by_system((host[1] or host[2]) if host else where, asset, names)


def _own_names(asset: Any) -> set[str]:
    own = (asset.asset_id, asset.system_id, asset.mountpoint, asset.container, asset.device)
    return {name.casefold() for name in own if name}


def _is_here(where: str) -> bool:
    """Whether every word speaks of the device itself, or of the data that lies there."""
    words = set(re.split(r"[^a-z0-9]+", where)) - {""}
    return where in _ON_THE_HOST or (bool(words & _HERE) and words <= _HERE | _AROUND)


def _by_system(name: str, asset: Any, names: Mapping[str, str]) -> KeyPlace:
    """By whose name it is; another system's says something only where the place's own system is listed."""
    own = {system_of(one, names).casefold() for one in (asset.system_id, asset.device) if one}
    if _THIS_HOST.fullmatch(name) or system_of(name, names).casefold() in own:
        return "beside"
    return "apart" if name in names and (asset.system_id or "").casefold() in names else "unknown"
