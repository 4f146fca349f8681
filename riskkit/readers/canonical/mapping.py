"""Mapping files: what the columns of somebody else's CSV mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from riskkit.errors import EvidenceError
from riskkit.readers.canonical.header import CANONICAL, normal
from riskkit.readers.values import text_of

_YAML_BOOLEANS: Mapping[bool, tuple[str, ...]] = {True: ("yes", "true", "on"), False: ("no", "false", "off")}

Text = Annotated[str, BeforeValidator(text_of)]


class FileMapping(BaseModel):
    """The content of a `*.mapping.yaml`.

    `columns` maps headers of the file to columns of a table, `values` cells to values by column of
    the table, `constants` gives columns that the file lacks. `date_format` is a strptime format.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, Text]] = Field(default_factory=dict)
    constants: Mapping[str, Text] = Field(default_factory=dict)
    date_format: str | None = None
    encoding: str | None = None
    delimiter: Annotated[str, Field(pattern=r"^[,;\t| :^~]$")] | None = None
    skip_rows: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0

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
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc'][:2]))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise EvidenceError(
            f"its mapping file is wrong: {wrong}", file=file, do="Correct the mapping file"
        ) from None
