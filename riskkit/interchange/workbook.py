"""Register, plan, findings, triage and what is due as one .xlsx: every cell is text that nothing runs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from riskkit.assess import queue_of
from riskkit.interchange import registers
from riskkit.model import Assessment

LONGEST = 32_767
"""Characters in one cell; a limit of the format."""

_WIDEST, _NARROWEST = 60, 8
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EPOCH = (1980, 1, 1, 0, 0, 0)

TRIAGE = ("rank", "day", "alert", "line", "family", "score", "reasons", "decision")
"""Of the review queue; who and which patient only with PHI."""


def workbook(assessment: Assessment, *, phi: bool = False) -> bytes:
    """An .xlsx with the sheets register, poam, findings, triage and due; the same input, the same bytes.

    Ids stay text, so that no program makes numbers or dates of them. Without `phi` people are shown
    under surrogates and the sheet triage names nobody.
    """
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    _sheet(book, "register", registers.REGISTER, registers.register_rows(assessment))
    _sheet(book, "poam", registers.POAM, registers.poam_rows(assessment))
    _sheet(book, "findings", registers.FINDINGS, registers.finding_rows(assessment, phi=phi))
    columns = (*TRIAGE, "user_id", "patient_id") if phi else TRIAGE
    _sheet(book, "triage", columns, _triage(assessment))
    _sheet(book, "due", registers.DUE, registers.due_rows(assessment))
    # The writer stamps the clock into the properties and the archive: both hold the moment of judging.
    moment = assessment.moment.as_of.replace(tzinfo=None, microsecond=0)
    book.properties.creator = f"riskkit {assessment.version}"
    book.properties.created = book.properties.modified = moment
    out = io.BytesIO()
    book.save(out)
    return _fixed(out.getvalue(), f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _sheet(book: Workbook, name: str, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    sheet: Worksheet = book.create_sheet(name)
    names = list(columns)
    lines: list[list[object]] = [[*names], *([row.get(title) for title in names] for row in rows)]
    widths = [_NARROWEST] * len(names)
    for line, cells in enumerate(lines, start=1):
        for number, value in enumerate(cells, start=1):
            cell = sheet.cell(line, number)
            text = _CONTROL.sub("\ufffd", "" if value is None else str(value))[:LONGEST]
            cell.value = text
            cell.data_type = "s"  # also of what looks like a formula, a number or a date
            cell.number_format = "@"
            cell.quotePrefix = text.startswith(registers.DANGEROUS)
            widths[number - 1] = max(widths[number - 1], min(len(text), _WIDEST))
            if line == 1:
                cell.font = Font(bold=True)
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width + 2
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _triage(assessment: Assessment) -> list[dict[str, object]]:
    """Alerts of the period, best first, and what matched a rule; nothing without a trail."""
    frame = queue_of(assessment).rows("alert", "matched")
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _fixed(data: bytes, moment: str) -> bytes:
    """The same archive with one fixed time for every member, and the moment as time of change."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + moment.encode(), content)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
