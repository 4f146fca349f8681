"""Rights that one person should not hold together: `conflicting_duties.yaml`, read strictly."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskkit.catalog.loading import FOLDER
from riskkit.errors import CatalogError

FILE = FOLDER / "conflicting_duties.yaml"
Patterns = Annotated[tuple[str, ...], Field(min_length=1)]


class Pair(BaseModel):
    """Two duties by the names of their rights, and why nobody should have both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]
    one: Patterns
    other: Patterns

    def held(self, rights: Iterable[str]) -> bool:
        """Whether somebody with these rights has both duties."""
        held = list(rights)
        return all(any(matches(right, side) for right in held) for side in (self.one, self.other))

    def knows(self, right: str) -> bool:
        """Whether a right is part of either duty."""
        return matches(right, self.one) or matches(right, self.other)


class Duties(BaseModel):
    """The pairs, and the rights that carry no duty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pairs: Annotated[tuple[Pair, ...], Field(min_length=1)]
    plain: tuple[str, ...] = ()


def matches(right: str, patterns: Iterable[str]) -> bool:
    """Whether a right has one of these names, upper and lower case the same."""
    return any(fnmatchcase(right.strip().casefold(), pattern.casefold()) for pattern in patterns)


def read_duties(path: Path) -> Duties:
    """Read such a file; raises CatalogError."""
    try:
        return Duties.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogError("cannot be read as YAML", file=path) from error
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))
        raise CatalogError(f"has a wrong value in: {wrong}", file=path) from error


@cache
def conflicting_duties() -> Duties:
    """The pairs that ship with riskkit."""
    return read_duties(FILE)
