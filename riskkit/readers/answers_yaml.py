"""programme/answers.yaml: attestations, one per specification that data cannot show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.yaml_list import read_list
from riskkit.tables import TABLES


def _recognize(head: bytes, _name: str) -> bool:
    if re.search(rb"(?m)^answers\s*:", head):
        return True
    return all(
        re.search(pattern, head) for pattern in (rb"(?m)^[\s-]*control\s*:", rb"(?m)^[\s-]*answer\s*:")
    )


@reader(
    id="answers_yaml",
    title="Attestations (answers.yaml)",
    version=1,
    tables=("answers",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per entry of `answers`."""
    yield from read_list(member, context, TABLES["answers"], "answers")
