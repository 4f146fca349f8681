"""Whether answers about storage in a cloud leave no way in: some tell of one way only."""

from __future__ import annotations

from collections.abc import Iterable

POLICIES = {
    "public": frozenset({"policy", "policy status"}),
    "shared_outside": frozenset({"policy", "Prowler s3_bucket_cross_account_access"}),
}
"""Answers about the policy of a bucket, by the question."""

ACL = "acl"
PARTS = frozenset({
    "Prowler s3_bucket_policy_public_write_access",
    "Prowler s3_bucket_public_list_acl",
    "Prowler s3_bucket_public_write_acl",
})  # fmt: skip
"""Answers about writing or listing alone, which never tell that nobody reads."""


def shut(question: str, asked: Iterable[str], *, silent: bool) -> bool:
    """Whether the commands and checks that answered no leave nobody in.

    A bucket is shut by its policy and its access list together, if nothing else stayed unknown
    (`silent`), or by one answer about all ways.
    """
    closed = set(asked)
    policies = POLICIES[question]
    if closed - policies - PARTS - {ACL}:
        return True
    return bool(closed & policies) and ACL in closed and not silent
