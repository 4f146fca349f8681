"""network/endpoints.yaml: the listeners that may be probed, and by whose authority."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.yaml_list import read_list
from riskkit.tables import TABLES


def _recognize(head: bytes, _name: str) -> bool:
    return re.search(rb"(?m)^endpoints\s*:", head) is not None


@reader(
    id="endpoints_yaml",
    title="Endpoints and authority (endpoints.yaml)",
    version=1,
    tables=("endpoints",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per entry of `endpoints`."""
    yield from read_list(member, context, TABLES["endpoints"], "endpoints")
