"""`@reader`: declares the `read` function of one evidence format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from riskkit.errors import CatalogError
from riskkit.model import Batch, Context, Member, Reader
from riskkit.tables import TABLES

ReadFunction = Callable[[Member, Context], Iterator[Batch]]


def reader(
    *,
    id: str,
    title: str,
    version: int,
    tables: tuple[str, ...],
    recognize: Callable[[bytes, str], bool],
    offset_unit: Literal["byte", "line", "row", "item"],
    mapped: bool = False,
    evidence: bool = True,
) -> Callable[[ReadFunction], Reader]:
    """Declare a reader; the decorated `read(member, context)` becomes a `Reader`.

    `recognize(head, name)` sees the first 64 KiB of the decompressed content and decides by them;
    the name is for telling dialects apart, never for deciding alone. Raises CatalogError for a table
    that does not exist.
    """
    if unknown := set(tables) - TABLES.keys():
        raise CatalogError(f"reader {id} names tables that do not exist: {sorted(unknown)}")

    def declare(read: ReadFunction) -> Reader:
        return Reader(id, title, version, tables, recognize, read, offset_unit, mapped, evidence)

    return declare
