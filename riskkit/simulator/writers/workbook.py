"""Workbooks as an office leaves them: real dates, numbers that only look like identifiers, a cover sheet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import IO
from xml.etree.ElementTree import canonicalize
from zoneinfo import ZoneInfo

from openpyxl import Workbook

OLDEST_IN_ZIP = (1980, 1, 1, 0, 0, 0)
DIGITS = 6
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def write_workbook(
    file: IO[bytes], sheets: Mapping[str, Sequence[Sequence[object]]], at: datetime, zone: ZoneInfo
) -> None:
    """Write an .xlsx with a cover and these sheets, saved at an instant; the same bytes every time."""
    book = Workbook()
    cover = book.active or book.create_sheet()
    cover.title = "Read me"
    cover["A1"] = "Account list, made by the application's user export"
    cover["A3"] = "Enabled accounts are on the sheet Accounts, all others on the sheet Disabled."
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_cell(value, zone) for value in row])
        for cells in sheet.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str) and re.fullmatch(f"0\\d{{{DIGITS - 1}}}", cell.value):
                    # The number shown as 000417 is an identifier.
                    cell.value, cell.number_format = int(cell.value), "0" * DIGITS
    book.properties.creator = "user export"
    book.properties.created = at.astimezone(UTC).replace(tzinfo=None)
    saved = io.BytesIO()
    book.save(saved)
    file.write(_without_clock(saved, at))


def _cell(value: object, zone: ZoneInfo) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _without_clock(saved: io.BytesIO, at: datetime) -> bytes:
    """Openpyxl stamps the time of saving into the properties and the archive: replace both."""
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    result = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for info in sorted(old.infolist(), key=lambda info: info.filename):
            content = old.read(info)
            if info.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            # openpyxl writes declarations and spaces elsewhere where lxml happens to be installed.
            plain = canonicalize(content.decode(), qname_aware_attrs=[XSI_TYPE])
            fixed = zipfile.ZipInfo(info.filename, OLDEST_IN_ZIP)
            fixed.compress_type, fixed.create_system = zipfile.ZIP_DEFLATED, 3
            new.writestr(fixed, plain.encode())
    return result.getvalue()
