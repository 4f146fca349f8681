"""Until when makers support what runs a PACS: `support_dates.yaml`, read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskkit.catalog.loading import FOLDER
from riskkit.errors import CatalogError
from riskkit.words import folded

FILE = FOLDER / "support_dates.yaml"
_BETWEEN = r"[\s:/_-]*(?:version|release|v)?[\s:._-]*"


class Product(BaseModel):
    """One product: what it is called, and the last day of support of each release."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: Annotated[str, Field(min_length=1)]
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    source: Annotated[str, Field(pattern="^https://")]
    read: Literal["seen", "month", "memory"]
    read_in: Annotated[str, Field(pattern="^https://")] | None = None
    until: Mapping[str, date] = Field(default_factory=dict)
    rolling: bool = False

    @model_validator(mode="after")
    def _dated_or_rolling(self) -> Product:
        if bool(self.until) == self.rolling:
            raise ValueError("needs dates, or to be rolling, and not both")
        if any(name != name.casefold() for name in (*self.names, *self.until)):
            raise ValueError("names and releases are written in lower case")
        if self.read_in and self.read == "memory":
            raise ValueError("was read somewhere, or was not")
        return self

    def support(self, release: str, checked: date) -> Support:
        """What is told of one release; "" of a rolling product."""
        until = self.until.get(release)
        return Support(self.product, release, until, self.read_in or self.source, self.read, checked)


class _Dates(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: date
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """What the catalogue tells of one release; `until` is None where there are no dates.

    `quotable` is False where nobody read the date anywhere: nothing is judged by it.
    """

    product: str
    release: str
    until: date | None
    source: str
    read: str
    checked: date

    @property
    def quotable(self) -> bool:
        """Whether the date was read in a publication."""
        return self.read != "memory"

    @property
    def told(self) -> str:
        """Where the date comes from, in words."""
        how = {
            "seen": f"read on {self.checked}",
            "month": f"the month was read on {self.checked}",
            "memory": "not looked up",
        }
        return f"{self.source}, {how[self.read]}"


def read_support_dates(path: Path) -> tuple[date, tuple[Product, ...]]:
    """The day on which the dates were looked up, and the products; raises CatalogError."""
    try:
        content = _Dates.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogError("cannot be read as YAML", file=path) from error
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))
        raise CatalogError(f"has a wrong value in: {wrong}", file=path) from error
    return content.checked, content.products


@cache
def _catalogue() -> tuple[date, tuple[Product, ...]]:
    return read_support_dates(FILE)


def support_of(name: str | None, version: str | None) -> Support | None:
    """What the catalogue knows of a product by its name and version; None when it knows neither.

    The longest name that stands in the text, and the longest release that follows it, count: `Windows
    Server 2012 R2` is not `Windows Server 2012`.
    """
    text = folded(f"{name or ''} {version or ''}")
    checked, products = _catalogue()
    named = [
        (len(known), product, rest) for product in products for known, rest in _after(text, product.names)
    ]
    for _, product, rest in sorted(named, key=lambda one: (-one[0], one[1].product)):
        if product.rolling:
            return product.support("", checked)
        found = [release for release in product.until if _begins(rest, release)]
        if found:
            return product.support(max(found, key=len), checked)
    return None


def _after(text: str, names: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Names that stand in a text as words of their own, each with what follows it."""
    for known in names:
        found = re.search(rf"(?<![\w.-]){re.escape(known)}(?![\w-])", text)
        if found:
            yield known, text[found.end() :]


def _begins(rest: str, release: str) -> bool:
    return re.match(rf"{_BETWEEN}{re.escape(release)}(?!\d)", rest) is not None
