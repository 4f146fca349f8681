"""The canonical CSV tables: one reader for all, which knows them by their header.

A table fits when all of its required columns are there; of several, the one of which most columns are
there is taken, and on a tie none. `recognize` judges files as they are: a file that a mapping file
explains is sent here without being asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member
from riskkit.readers.canonical.header import CANONICAL, Fit, best_fit, fit, normal
from riskkit.readers.canonical.lines import (
    DELIMITERS,
    SKIPPED,
    cells_of,
    encoding_of,
    encoding_of_file,
    leads,
    split,
    text_lines,
    without_end,
)
from riskkit.readers.canonical.mapping import FileMapping, check_fit, read_mapping
from riskkit.readers.canonical.rows import Rows

BATCH_ROWS = 10_000


def _recognize(head: bytes, _name: str) -> bool:
    text = head.decode(encoding_of(head) or "utf-8", errors="replace")
    header = next((line for line in re.split(r"\r\n?|\n", text) if not leads(line)), "")
    return _by_header(header, FileMapping()) is not None


def _by_header(line: str, mapping: FileMapping) -> tuple[str, Fit] | None:
    """The delimiter and the fit of a header; of several delimiters the one that gives most columns."""
    found = []
    for delimiter in (mapping.delimiter,) if mapping.delimiter else DELIMITERS:
        header = [mapping.columns.get(normal(cell), cell) for cell in cells_of(line, delimiter) or ()]
        table = CANONICAL.get(mapping.table or "")
        fitted = fit(header, table) if table else best_fit(header, mapping.constants)
        if fitted and (table or fitted.places):
            found.append((delimiter, fitted))
    return max(found, key=lambda one: len(one[1].places), default=None)


@reader(
    id="canonical",
    title="Canonical CSV tables, and other CSV through a mapping file",
    version=1,
    tables=tuple(CANONICAL),
    recognize=_recognize,
    offset_unit="line",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line after the header; a quoted cell may span lines.

    No more is kept than a batch and, for a table with a key, 8 bytes a row. Nothing in a table says
    when it was exported, so `collected_at` is left to evidence.csv. Raises EvidenceError when a
    mapping file is wrong or does not fit.
    """
    mapping = FileMapping() if context.mapping is None else read_mapping(context.mapping, member.name)
    encoding = mapping.encoding or encoding_of_file(member)
    lines = text_lines(member, encoding)
    skipped = sum(1 for _ in islice(lines, mapping.skip_rows))
    header = next((line for _, line in lines if line is None or not leads(line)), None)
    found = header and _by_header(header, mapping)
    if not found:
        raise EvidenceError(
            "its header fits no table", file=member.name, do="Explain its columns in a mapping file"
        )
    delimiter, fitted = found
    check_fit(mapping, fitted, member.name)
    rows = Rows(member.name, fitted, mapping, context)
    if skipped:
        rows.ignore(SKIPPED, skipped)
    failure: EvidenceError | None = None
    try:
        for record in without_end(split(lines, delimiter), mapping.skip_end, rows.ignore):
            rows.add(record)
            if rows.records >= BATCH_ROWS:
                yield rows.batch()
    except EvidenceError as error:  # the compression broke: what came before it counts
        failure = error
    assumed = ("not UTF-8: read as cp1252",) if encoding == "cp1252" and not mapping.encoding else ()
    yield replace(rows.batch(), notes=(*rows.notes(), *assumed))
    if failure:
        raise failure
