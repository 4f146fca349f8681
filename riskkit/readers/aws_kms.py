"""AWS CLI: keys of the key service (describe-key) and whether they are rotated (get-key-rotation-status)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.aws import in_file_name, key_name
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, instant, named, optional, stated
from riskkit.readers.texts import outline

MANAGERS = {"CUSTOMER": "customer", "AWS": "provider"}
YEARLY = {"rotation_enabled": "yes", "rotation_days": 365}
"""What AWS does with the keys that it manages (developer guide of AWS KMS, "Rotate keys")."""

LONGEST = 36_500


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    return kind == "object" and bool(keys & {"KeyMetadata", "KeyRotationEnabled"})


@reader(
    id="aws_kms",
    title="AWS CLI: kms describe-key, kms get-key-rotation-status",
    version=1,
    tables=("encryption_keys",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row. An older rotation status names no key: `get-key-rotation-status-KEY.json` does.

    Both answers about a key are needed: one says what it is, the other whether it is rotated.
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
    except DocumentError as error:
        yield refused("encryption_keys", error, member)
        return
    key = in_file_name(member.name, "get-key-rotation-status|kms_GetKeyRotationStatus")
    row_of = _key if "KeyMetadata" in content else lambda item: _rotation(key, item)
    yield gather("encryption_keys", member, [content], row_of)


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
