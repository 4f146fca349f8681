"""AWS CLI: who beyond its account can reach a bucket or snapshot, and whether reading is recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.aws import PROVIDER, in_file_name
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, named, optional, stated
from riskkit.readers.texts import outline

COMMANDS = (
    r"get-bucket-(?:policy-status|policy|acl|logging)|get-public-access-block|s3_Get(?:BucketPolicyStatus|"
    r"BucketPolicy|BucketAcl|BucketLogging|PublicAccessBlock)|bucket"
)
EVERYBODY = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""Groups of which anybody with an AWS account, or without one, is a member."""

BLOCKS = ("IgnorePublicAcls", "RestrictPublicBuckets")
"""The two of the four switches that also take back access that was granted before."""

MAY_BE_OWN = "a policy does not tell whose bucket it is: one of the accounts may be its own"

_DELETED = re.compile(r"A[A-Z]{3}[A-Z0-9]{10,28}", re.ASCII)
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(\d{12})(?::.*)?", re.ASCII)

Fact = Mapping[str, object]


def _fact(asset: str, asked: str, question: str, answer: str, **more: object) -> Fact:
    return {
        "asset_id": asset,
        "asked": asked,
        "question": question,
        "answer": answer,
        "provider": PROVIDER,
        **more,
    }


def _status(bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    public = stated(content["PolicyStatus"].get("IsPublic"))
    return [_fact(bucket, "policy status", "public", public)]


def _block(bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    switches = content["PublicAccessBlockConfiguration"]
    blocked = all(switches.get(name) is True for name in BLOCKS)
    detail = None if blocked else "public access is not blocked; whether anything is public is said elsewhere"
    return [_fact(bucket, "access block", "public", "no" if blocked else "unknown", detail=detail)]


def _acl(bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    owner, grantees = named(content["Owner"], "ID"), [grant["Grantee"] for grant in content["Grants"]]
    groups = [optional(grantee, "URI") or "" for grantee in grantees]
    others = sorted({name for grantee in grantees if (name := optional(grantee, "ID")) and name != owner})
    public = any(group.endswith(EVERYBODY) for group in groups)
    return [_fact(bucket, "acl", "public", _yes(public)), _shared(bucket, "acl", others)]


def _policy(bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    try:
        statements = json.loads(named(content, "Policy"))["Statement"]
    except RecursionError as error:
        raise ValueError from error
    listed = statements if isinstance(statements, list) else [statements]
    allowed = [statement for statement in listed if statement["Effect"] == "Allow"]
    everybody = [statement for statement in allowed if "*" in _principals(statement)]
    open_ = [statement for statement in everybody if not statement.get("Condition")]
    answer = "yes" if open_ else "unknown" if everybody else "no"
    detail = "everybody is let in under conditions" if answer == "unknown" else None
    others = sorted({_outside(name) for statement in allowed for name in _principals(statement)} - {""})
    public = _fact(bucket, "policy", "public", answer, detail=detail)
    shared = _fact(bucket, "policy", "shared_outside", "no")
    if others:
        shared = {**shared, "answer": "unknown", "shared_with": ";".join(others), "detail": MAY_BE_OWN}
    return [public, shared]


def _logging(bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    target = content["LoggingEnabled"]
    if target is not None:
        named(target, "TargetBucket")
    return [_fact(bucket, "logging", "object_logging", _yes(target is not None))]


def _snapshot(_bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    name, granted = named(content, "SnapshotId"), content["CreateVolumePermissions"]
    everybody = any(optional(grant, "Group") == "all" for grant in granted)
    others = sorted({account for grant in granted if (account := optional(grant, "UserId"))})
    public = _fact(name, "snapshot attribute", "public", _yes(everybody))
    return [public, _shared(name, "snapshot attribute", others)]


def _database_snapshot(_bucket: str, content: Mapping[str, Any]) -> Sequence[Fact]:
    result = content["DBSnapshotAttributesResult"]
    name = named(result, "DBSnapshotIdentifier")
    granted = {
        str(value)
        for attribute in result["DBSnapshotAttributes"]
        if attribute["AttributeName"] == "restore"
        for value in attribute["AttributeValues"]
    }
    public = _fact(name, "snapshot attribute", "public", _yes("all" in granted))
    return [public, _shared(name, "snapshot attribute", sorted(granted - {"all"}))]


ANSWERS: Mapping[str, Callable[[str, Mapping[str, Any]], Sequence[Fact]]] = {
    "PolicyStatus": _status,
    "PublicAccessBlockConfiguration": _block,
    "Grants": _acl,
    "Policy": _policy,
    "LoggingEnabled": _logging,
    "CreateVolumePermissions": _snapshot,
    "DBSnapshotAttributesResult": _database_snapshot,
}
"""Key of the document, and what it says."""


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    found = keys & ANSWERS.keys()
    return kind == "object" and len(found) == 1 and ("Grants" not in found or "Owner" in keys)


@reader(
    id="aws_exposure",
    title="AWS CLI: get-bucket-policy-status, -policy, -acl, -logging, access blocks, snapshot attributes",
    version=2,
    tables=("storage_exposures",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per question that the answer bears on. A bucket is named only by its file:
    `get-bucket-acl-BUCKET.json`.

    Who is let in under a condition is unknown: conditions are not understood here.
    """
    try:
        content = load_json(member)
        key = next((key for key in ANSWERS if isinstance(content, dict) and key in content), None)
        if key is None:
            raise DocumentError("json_malformed", "none of the answers that are known")
        facts = ANSWERS[key](in_file_name(member.name, COMMANDS), content)
    except DocumentError as error:
        yield refused("storage_exposures", error, member)
        return
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        reason = "missing_required" if isinstance(error, KeyError) else "bad_value"
        yield refused("storage_exposures", DocumentError(reason, "not as the command writes it"), member)
        return
    yield gather("storage_exposures", member, facts, dict)


def _principals(statement: Mapping[str, Any]) -> set[str]:
    """Accounts, users, roles or `*` that a statement lets in; services are none of these.

    Who is excepted (NotPrincipal) leaves all others in.
    """
    if "NotPrincipal" in statement:
        return {"*"}
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        principal = {"AWS": principal or []}
    found = [principal.get(kind, []) for kind in ("AWS", "CanonicalUser", "Federated")]
    return {str(name) for names in found for name in ([names] if isinstance(names, str) else names)}


def _outside(principal: str) -> str:
    """The account of a principal, or itself where it tells none; empty for everybody, and for what is gone.

    AWS writes the bare id of a user or role that was deleted.
    """
    account = _ACCOUNT.fullmatch(principal)
    gone = principal == "*" or _DELETED.fullmatch(principal)
    return account[1] if account else "" if gone else principal.replace(";", " ")


def _shared(asset: str, asked: str, accounts: Sequence[str]) -> Fact:
    with_ = ";".join(accounts) or None
    return _fact(asset, asked, "shared_outside", _yes(bool(accounts)), shared_with=with_)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
