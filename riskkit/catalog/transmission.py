"""Profiles that a channel is measured against, and what to change in which server: data, read strictly.

A profile is one file in `profiles/`, a list of demands on what a listener offers. What it prohibits and the
listener offers is risk; what it requires and the listener lacks is conformance; what the evidence does not
tell is neither, and never a pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskkit.errors import CatalogError

FOLDER = Path(__file__).parent
PROFILES = FOLDER / "profiles"
REMEDIATION = FOLDER / "remediation"

ANYTHING = "*"
"""Among what is unclear of a listener: something of which not even the name is known."""

About = Literal[
    "versions", "suites", "groups", "signatures", "keys", "exchange_keys", "client_certificate", "features",
    "certificate_days", "certificate_names",
]  # fmt: skip
Result = Literal["prohibited", "unknown", "incomplete", "met", "not applicable"]
RESULTS: tuple[Result, ...] = ("prohibited", "unknown", "incomplete", "met", "not applicable")
"""From worst to best; unknown comes before incomplete, because it may hide what is prohibited."""

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listener offers of one kind, and the names of which it is not known."""

    offered: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset({ANYTHING})

    @classmethod
    def of(cls, offered: Iterable[str], unclear: Iterable[str] = ()) -> Self:
        """From any names."""
        return cls(frozenset(offered), frozenset(unclear))


Offer = Mapping[str, Seen]
"""What a listener offers, by kind; a kind that is missing is unclear."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Demand(_Strict):
    """One sentence of a standard: what must not, must, should not or should be offered.

    Names may hold `*` and `?`. `at_least` and `at_most` bound the number in names such as `RSA-2048`; a
    kind that `at_least` does not name is prohibited. `where` limits a demand to listeners that offer one
    of these versions.
    """

    about: About
    prohibits: Names = ()
    allows_only: Names = ()
    requires: Names = ()
    requires_one: Names = ()
    discourages: Names = ()
    recommends: Names = ()
    at_least: Mapping[str, int] = Field(default_factory=dict)
    at_most: int | None = None
    where: Names = ()
    source: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if not any((self.prohibits, self.allows_only, self.requires, self.requires_one, self.discourages,
                    self.recommends, self.at_least, self.at_most is not None)):  # fmt: skip
            raise ValueError("demands nothing")
        return self

    def judge(self, offer: Offer) -> Judged:
        """What of this demand is broken, lacking or unclear."""
        versions = offer.get("versions", Seen())
        if self.where and not versions.offered & set(self.where):
            may = _may(versions.unclear, self.where)
            return Judged(unclear=(f"{self.about} of {_listed(self.where)}",) if may else ())
        seen = offer.get(self.about, Seen())
        prohibited = {name for name in seen.offered if self._forbids(name)}
        unclear = any(name == ANYTHING or self._forbids(name) for name in seen.unclear) and self._can_forbid
        missing, open_ = _missing(seen, self.requires)
        if self.requires_one and not _any(seen.offered, self.requires_one):
            may = _may(seen.unclear, self.requires_one)
            (open_ if may else missing).append(f"one of {_listed(self.requires_one)}")
        lacking, unsure = _missing(seen, self.recommends)
        return Judged(
            prohibited=tuple(sorted(prohibited)),
            missing=tuple(missing),
            unclear=tuple(dict.fromkeys([*open_, *([self.about.replace("_", " ")] if unclear else [])])),
            discouraged=tuple(sorted(name for name in seen.offered if _any([name], self.discourages))),
            not_recommended=tuple(lacking),
            unsure=tuple(unsure),
        )

    @property
    def _can_forbid(self) -> bool:
        return bool(self.prohibits or self.allows_only or self.at_least or self.at_most is not None)

    def _forbids(self, name: str) -> bool:
        if _any([name], self.prohibits) or (self.allows_only and not _any([name], self.allows_only)):
            return True
        kind, _, number = name.rpartition("-")
        if self.at_least:
            return kind not in self.at_least or not number.isdigit() or int(number) < self.at_least[kind]
        return self.at_most is not None and number.isdigit() and int(number) > self.at_most


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a demand, or of all demands of a profile, by names."""

    prohibited: Names = ()
    missing: Names = ()
    unclear: Names = ()
    discouraged: Names = ()
    not_recommended: Names = ()
    unsure: Names = ()

    @property
    def result(self) -> Result:
        """The worst of it; advice does not enter."""
        if self.prohibited:
            return "prohibited"
        return "unknown" if self.unclear else "incomplete" if self.missing else "met"


class _Example(_Strict):
    offer: Mapping[About, Names]
    unclear: Mapping[About, Names] = Field(default_factory=dict)
    prohibited: Names = ()
    missing: Names = ()


class Profile(_Strict):
    """A published profile of TLS: its document, what was read of it, and its demands.

    `protocols` are those of endpoints.yaml that it is about; empty means every listener.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]
    order: int = 100
    title: str
    short: Annotated[str, Field(max_length=16)]
    document: str
    status: str
    checked: str
    protocols: Names = ()
    demands: Annotated[tuple[Demand, ...], Field(min_length=1)]
    examples: Mapping[Result, tuple[_Example, ...]]

    def concerns(self, protocol: str | None) -> bool:
        """Whether a listener that is declared as this is meant; one that nobody declared always is."""
        return not self.protocols or protocol is None or protocol in self.protocols

    def judge(self, offer: Offer) -> Judged:
        """All demands together, each name once."""
        found = [demand.judge(offer) for demand in self.demands]
        return Judged(*(tuple(dict.fromkeys(name for one in found for name in getattr(one, part)))
                        for part in Judged.__dataclass_fields__))  # fmt: skip

    def told(self, example: _Example) -> Judged:
        """What this profile says of one of its examples."""
        kinds = {*example.offer, *example.unclear}
        return self.judge(
            {kind: Seen.of(example.offer.get(kind, ()), example.unclear.get(kind, ())) for kind in kinds}
        )


class Change(_Strict):
    """What to change in a server for one check: where, and the lines to write."""

    check: str
    do: str
    file: str
    lines: Annotated[tuple[str, ...], Field(min_length=1)]
    note: str = ""


class Product(_Strict):
    """A server product: by what it is known, and what to change in it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]
    name: str
    versions: str
    readers: Names = ()
    pattern: str = ""
    restart: str
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]

    def matches(self, text: str) -> bool:
        """Whether a name or a version string of software is of this product."""
        return bool(self.pattern) and re.search(self.pattern, text, re.IGNORECASE) is not None

    def change(self, check: str) -> Change | None:
        """What to change for a check, if anything is known."""
        return next((one for one in self.changes if one.check == check), None)


@cache
def load_profiles() -> tuple[Profile, ...]:
    """The profiles that ship with riskkit, in their order; raises CatalogError."""
    return read_profiles(PROFILES)


@cache
def load_products() -> tuple[Product, ...]:
    """The products of which riskkit knows what to change, by id; raises CatalogError."""
    return _all(REMEDIATION, Product)


def read_profiles(folder: Path) -> tuple[Profile, ...]:
    """Read a folder of profiles; raises CatalogError for one that does not hold its own examples."""
    found = _all(folder, Profile)
    for profile in found:
        for result in ("met", "prohibited", "unknown"):
            if not profile.examples.get(result):
                raise CatalogError(f"a profile needs an example that is {result}", file=folder / profile.id)
        for result, examples in profile.examples.items():
            for number, example in enumerate(examples, 1):
                told = profile.told(example)
                wanted = (result, set(example.prohibited), set(example.missing))
                if (told.result, set(told.prohibited), set(told.missing)) != wanted:
                    raise CatalogError(
                        f"example {number} of {result} is judged {told.result} "
                        f"({', '.join(told.prohibited + told.missing + told.unclear)})",
                        file=folder / f"{profile.id}.yaml",
                    )
    return tuple(sorted(found, key=lambda profile: (profile.order, profile.id)))


Kind = TypeVar("Kind", Profile, Product)


def _all(folder: Path, kind: type[Kind]) -> tuple[Kind, ...]:
    return tuple(_one(path, kind) for path in sorted(folder.glob("*.yaml")))


def _one(path: Path, kind: type[Kind]) -> Kind:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = kind.model_validate(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise CatalogError(f"is no {kind.__name__.lower()}: {error}", file=path) from error
    if found.id != path.stem:
        raise CatalogError(f"the file of {found.id} must be named {found.id}.yaml", file=path)
    return found


def _any(names: Iterable[str], patterns: Names) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _may(unclear: Iterable[str], patterns: Names) -> bool:
    """Whether one of the unclear names may be among these."""
    return any(name == ANYTHING or _any([name], patterns) for name in unclear)


def _missing(seen: Seen, patterns: Names) -> tuple[list[str], list[str]]:
    """Which are not offered, and of which that is not known."""
    absent = [pattern for pattern in patterns if not _any(seen.offered, (pattern,))]
    unsure = [pattern for pattern in absent if _may(seen.unclear, (pattern,))]
    return [pattern for pattern in absent if pattern not in unsure], unsure


def _listed(names: Names) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")  # noqa: PLR2004
