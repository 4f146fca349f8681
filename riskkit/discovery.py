"""A folder is the registry: import every module of a package and take what it declares."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, TypeVar

from riskkit.errors import CatalogError


class Identified(Protocol):
    """Anything that has an id."""

    @property
    def id(self) -> str:
        """Unique among its kind."""


Kind = TypeVar("Kind", bound=Identified)


def find(package: str, kind: type[Kind]) -> tuple[Kind, ...]:
    """Instances of `kind` at module level in `package`, sorted by id.

    An import that fails is not swallowed: a check that vanishes is a false all-clear. Raises
    CatalogError when two share an id.
    """
    parent = importlib.import_module(package)
    found: dict[str, Kind] = {}
    for info in sorted(pkgutil.iter_modules(parent.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{info.name}")
        for thing in vars(module).values():
            if not isinstance(thing, kind):
                continue
            if found.get(thing.id, thing) is not thing:
                raise CatalogError(f"{thing.id} is declared twice", file=module.__name__)
            found[thing.id] = thing
    return tuple(found[name] for name in sorted(found))
