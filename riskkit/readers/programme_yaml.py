"""Actions, exceptions, decisions and sign-offs as people write them: lists in YAML, a fault with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.yaml_list import LARGEST, read_list
from riskkit.tables import TABLES

LISTS = ("actions", "exceptions", "decisions", "signoff")
"""Keys at the top of a file; each is the name of the table that it fills."""


def _begins(data: bytes, table: str) -> bool:
    return re.search(rb"""(?m)^["']?%s["']?[ \t]*:""" % table.encode(), data) is not None


def _fits(head: bytes, table: str) -> bool:
    """Whether the list stands at the top, and an entry has the column that is the table's first."""
    first = TABLES[table].columns[0].name.encode()
    return (
        _begins(head, table) and re.search(rb"""(?m)[-{\s,]["']?%s["']?[ \t]*:""" % first, head) is not None
    )


def _recognize(head: bytes, _name: str) -> bool:
    return any(_fits(head, table) for table in LISTS)


@reader(
    id="programme_yaml",
    title="Actions, exceptions, decisions and sign-offs (YAML)",
    version=1,
    tables=LISTS,
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per entry of each list that the file holds; one file may hold all four.

    Who approves an exception is not who asks for it: such an entry is refused, with its line.
    """
    with member.open() as file:
        data = file.read(LARGEST + 1)
    for table in [table for table in LISTS if _begins(data, table)]:
        yield from read_list(member, context, TABLES[table], table, by_line=True)
