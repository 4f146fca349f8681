"""AWS CLI: keys of the key service (list-keys, describe-key), and whether they are rotated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.aws import in_file_name, key_name
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, instant, listed_in, named, optional, stated
from riskkit.readers.texts import outline

MANAGERS = {"CUSTOMER": "customer", "AWS": "provider"}
YEARLY = {"rotation_enabled": "yes", "rotation_days": 365}
"""What AWS does with the keys that it manages (developer guide of AWS KMS, "Rotate keys")."""

LONGEST = 36_500


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    if kind != "object":
        return False
    return bool(keys & {"KeyMetadata", "KeyRotationEnabled"}) or ("Keys" in keys and b'"KeyArn"' in head)


@reader(
    id="aws_kms",
    title="AWS CLI: kms list-keys, describe-key, get-key-rotation-status",
    version=2,
    tables=("encryption_keys",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row, of a list one per key. An older rotation status names no key: its file's name does.

    Both answers about a key are needed: one says what it is, the other whether it is rotated
    (`get-key-rotation-status-KEY.json`). A list names keys of which nothing else may be known.
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
        if "Keys" in content and not content.keys() & {"KeyMetadata", "KeyRotationEnabled"}:
            yield gather("encryption_keys", member, listed_in(content, "Keys"), _listed, notes=_more(content))
            return
    except DocumentError as error:
        yield refused("encryption_keys", error, member)
        return
    key = in_file_name(member.name, "get-key-rotation-status|kms_GetKeyRotationStatus")
    row_of = _key if "KeyMetadata" in content else lambda item: _rotation(key, item)
    yield gather("encryption_keys", member, [content], row_of)


def _listed(item: Mapping[str, Any]) -> Mapping[str, object]:
    return {"key_id": key_name(named(item, "KeyId", "KeyArn")), "asked": "list", "key_manager": "unknown"}


def _more(content: Mapping[str, Any]) -> list[str]:
    return ["the list is cut: the account has more keys"] if content.get("Truncated") is True else []


def _key(content: Mapping[str, Any]) -> Mapping[str, object]:
    item = content["KeyMetadata"]
    manager = MANAGERS.get(optional(item, "KeyManager") or "", "unknown")
    return {
        "key_id": key_name(named(item, "KeyId", "Arn")),
        "asked": "key",
        "key_manager": manager,
        "key_usage": optional(item, "KeyUsage"),
        "key_spec": optional(item, "KeySpec", "CustomerMasterKeySpec"),
        "key_origin": optional(item, "Origin"),
        "key_state": optional(item, "KeyState"),
        "key_created_on": _day(item.get("CreationDate")),
        **(YEARLY if manager == "provider" else {}),
    }


def _rotation(key: str, item: Mapping[str, Any]) -> Mapping[str, object]:
    days = item.get("RotationPeriodInDays")
    return {
        "key_id": key_name(optional(item, "KeyId")) or key,
        "asked": "rotation",
        "key_manager": "unknown",
        "rotation_enabled": stated(item["KeyRotationEnabled"]),
        "rotation_days": days if type(days) is int and 0 < days <= LONGEST else None,
    }


def _day(value: object) -> date | None:
    return None if value is None else instant(value).date()
