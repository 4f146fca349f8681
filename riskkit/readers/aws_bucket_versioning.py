"""AWS CLI: `s3api get-bucket-versioning`: known, counted, and no evidence of encryption or of a lock.

Earlier versions of an object can be deleted like the object itself; what cannot be deleted shows Object
Lock, or the vault of AWS Backup. So the record is ignored with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.texts import outline
from riskkit.tables import TABLES

REASON = "earlier versions of objects are no encryption and no lock"
_KEYS = frozenset({"Status", "MFADelete"})


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    return kind == "object" and "Status" in keys <= _KEYS and (b'"Enabled"' in head or b'"Suspended"' in head)


@reader(
    id="aws_bucket_versioning",
    title="AWS CLI: s3api get-bucket-versioning, which shows no lock",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
    evidence=False,
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record, ignored."""
    try:
        if not isinstance(load_json(member), dict):
            raise DocumentError("json_malformed", "no object")
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    yield Batch(
        "storage_assets", TABLES["storage_assets"].rows([]), records=1, accepted=0, ignored={REASON: 1}
    )
