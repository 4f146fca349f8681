"""Prowler's maps from frameworks to its checks: known, counted, and no finding.

Such a map says which checks belong to a requirement, and nothing of what they found: that stands in the
CSV or OCSF output. So every requirement is ignored with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import listed_in
from riskkit.readers.texts import has_keys
from riskkit.tables import TABLES

REASON = "which checks belong to a requirement, not what they found"


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "Framework", "Provider", "Requirements")


@reader(
    id="prowler_map",
    title="Prowler's map of a framework, which holds no finding",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
    evidence=False,
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per requirement, all of them ignored."""
    try:
        count = len(listed_in(load_json(member), "Requirements"))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    yield Batch(
        "storage_assets",
        TABLES["storage_assets"].rows([]),
        records=count,
        accepted=0,
        ignored={REASON: count} if count else {},
    )
