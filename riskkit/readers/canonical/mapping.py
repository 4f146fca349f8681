"""Mapping files: what the columns of somebody else's CSV mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from riskkit.errors import EvidenceError
from riskkit.readers.canonical.header import CANONICAL, Fit, normal
from riskkit.readers.origin import ZoneName, wrong_mapping
from riskkit.readers.values import NULLS, Dates, text_of

_YAML_BOOLEANS: Mapping[bool, tuple[str, ...]] = {True: ("yes", "true", "on"), False: ("no", "false", "off")}

Text = Annotated[str, BeforeValidator(text_of)]
Formats = Annotated[tuple[str, ...], BeforeValidator(lambda one: (one,) if isinstance(one, str) else one)]


class FileMapping(BaseModel):
    """The content of a `*.mapping.yaml`.

    `columns` maps headers of the file to columns of a table, `values` cells to values by column of
    the table, `constants` gives columns that the file lacks. `date_format` is a strptime format, or
    several; `day_first`, `excel_dates` and `timezone` say how other times are written. `nulls` are cells
    that mean nothing. `skip_rows` lines stand before the header, `skip_end` records after the last row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, Text]] = Field(default_factory=dict)
    constants: Mapping[str, Text] = Field(default_factory=dict)
    date_format: Formats = ()
    day_first: bool | None = None
    excel_dates: bool = False
    timezone: ZoneName | None = None
    nulls: tuple[Text, ...] = ()
    encoding: str | None = None
    delimiter: Annotated[str, Field(pattern=r"^[,;\t| :^~]$")] | None = None
    skip_rows: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    skip_end: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0

    @property
    def dates(self) -> Dates:
        """How the file writes dates and times."""
        return Dates(self.date_format, self.day_first, self.excel_dates)

    @property
    def nothing(self) -> frozenset[str]:
        """Cells that mean nothing."""
        return NULLS.union(self.nulls)

    def zone(self, site: ZoneInfo) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.timezone) if self.timezone else site

    @field_validator("table")
    @classmethod
    def _known_table(cls, name: str | None) -> str | None:
        if name is not None and name not in CANONICAL:
            raise ValueError(f"is none of {', '.join(sorted(CANONICAL))}")
        return name

    @field_validator("columns", mode="before")
    @classmethod
    def _headers(cls, columns: object) -> object:
        if not isinstance(columns, dict):
            return columns
        return {normal(text_of(header)): column for header, column in columns.items()}

    @field_validator("values", mode="before")
    @classmethod
    def _cells(cls, values: object) -> object:
        # YAML reads yes, no, on and off as booleans, also as keys.
        if not isinstance(values, dict):
            return values
        return {
            column: {
                cell.casefold(): value
                for key, value in cells.items()
                for cell in (_YAML_BOOLEANS[key] if isinstance(key, bool) else (text_of(key).strip(),))
            }
            if isinstance(cells, dict)
            else cells
            for column, cells in values.items()
        }

    @field_validator("encoding")
    @classmethod
    def _text_encoding(cls, name: str | None) -> str | None:
        try:
            if name is not None and not (re.fullmatch(r"[\w\-]{1,30}", name) and "".encode(name) is not None):
                raise LookupError
            if name is not None:
                codecs.getincrementaldecoder(name)
        except (LookupError, TypeError, UnicodeError):
            raise ValueError("is no text encoding such as cp1252") from None
        return name


def read_mapping(content: Mapping[str, object], file: str) -> FileMapping:
    """Check a mapping file's content; raises EvidenceError naming each wrong key."""
    try:
        return FileMapping.model_validate(dict(content))
    except ValidationError as error:
        raise wrong_mapping(error, file) from None


def check_fit(mapping: FileMapping, fitted: Fit, file: str) -> None:
    """A mapping that names what is not there would be read as silence; raises EvidenceError."""
    table = fitted.table
    named = {*mapping.columns.values(), *mapping.values, *mapping.constants}
    wrong = sorted(named - {column.name for column in table.columns})
    if wrong:
        problem = f"its mapping file names columns that {table.name} does not have: {', '.join(wrong)}"
        raise EvidenceError(problem, file=file, do="See docs/tables.md")
    both = sorted(fitted.places.keys() & mapping.constants.keys())
    if both:
        raise EvidenceError(
            f"its mapping file makes columns constant that it has: {', '.join(both)}", file=file
        )
    missing = sorted(table.required - fitted.places.keys() - mapping.constants.keys())
    if missing:
        raise EvidenceError(
            f"it lacks columns of {table.name}: {', '.join(missing)}",
            file=file,
            do="Name the columns that hold them in its mapping file",
        )
