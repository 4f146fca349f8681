"""How each kind of evidence is exported from which product: what `riskkit request` asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from riskkit.catalog.loading import FOLDER
from riskkit.errors import CatalogError
from riskkit.tables import of_kind

REQUESTS = FOLDER / "requests"
"""Where the files lie, one per kind of evidence, named as its table."""

Words = Annotated[str, Field(min_length=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Way(_Strict):
    """How one product exports it: `do` in words, or `command` to type; `file` where it goes in the pack.

    `matches` is a regular expression that finds the product in the inventory. `source` is where its
    documentation lies; unless `verified` it was not compared with it, and pages say so.
    """

    product: Words
    matches: Words
    do: str = ""
    command: str = ""
    file: str = ""
    source: Annotated[str, Field(pattern=r"^$|^https://")] = ""
    verified: bool = False

    @field_validator("matches")
    @classmethod
    def _expression(cls, text: str) -> str:
        re.compile(text)
        return text

    def fits(self, product: str) -> bool:
        """Whether a product of the inventory is meant."""
        return re.search(self.matches, product, re.IGNORECASE) is not None


class Export(_Strict):
    """How a kind of evidence is had. `systems` are kinds of systems that each give one export, `*` for all.

    Without `systems` the organisation gives one. `otherwise` is what to do where no way fits.
    """

    systems: tuple[str, ...] = ()
    otherwise: Words
    redact: Words
    ways: tuple[Way, ...] = ()

    def ways_of(self, product: str | None) -> tuple[Way, ...]:
        """The first way that fits a system's product; of the organisation (None) all."""
        if product is None:
            return () if self.systems else self.ways
        return tuple(way for way in self.ways if way.fits(product))[:1]

    def is_of(self, kind: str) -> bool:
        """Whether a kind of system gives this evidence; a word that nobody knows is asked for all."""
        return of_kind(kind, self.systems)


@cache
def load_exports(folder: Path = REQUESTS) -> Mapping[str, Export]:
    """Every export by the name of its table; raises CatalogError naming the file."""
    found: dict[str, Export] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path.stem] = Export.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError, re.error, ValidationError) as error:
            raise CatalogError(f"is no export: {error}", file=path) from error
    return found
