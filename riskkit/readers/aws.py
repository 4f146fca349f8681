"""What readers of the AWS command line share: names out of ARNs, and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from riskkit.readers.items import optional

KEY_SERVICE = "AWS KMS"
PROVIDER = "Amazon Web Services"


def last_name(arn: str) -> str:
    """The resource's own name: `vol-1` of `arn:aws:ec2:eu-west-1:123:volume/vol-1`; a plain name stays."""
    return re.split(r"[:/]", arn.rstrip(":/"))[-1] or arn if arn.startswith("arn:") else arn


def key_name(arn: str | None) -> str | None:
    """A key's id or alias, as `encryption_keys` names it."""
    if not arn:
        return None
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
    return resource.removeprefix("key/")


def key_of(item: Mapping[str, Any], *keys: str) -> Mapping[str, object]:
    """The columns that name the key of an asset; none where no key is named."""
    arn = optional(item, *(keys or ("KmsKeyId",)))
    return {"key_id": key_name(arn), "key_manager": KEY_SERVICE, "key_location": KEY_SERVICE} if arn else {}


def tagged_name(item: Mapping[str, Any]) -> str | None:
    """The value of the tag `Name`."""
    tags = item.get("Tags") or ()
    return next((str(tag["Value"]) for tag in tags if tag.get("Key") == "Name" and tag.get("Value")), None)


def in_file_name(name: str, command: str) -> str:
    """What a command was asked about, told by its file: `COMMAND-NAME.json`, else the file's stem."""
    stem = PurePosixPath(name.replace("!", "/")).name.removesuffix(".gz").removesuffix(".json")
    named = re.fullmatch(rf"(?i)(?:{command})[-_.](.+)", stem)
    return named[1] if named else stem
