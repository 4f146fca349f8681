"""The attributes that identify a person, from collectors/identifiers.csv.

Columns: tag, keyword, the action that the Basic Profile of PS3.15 table E.1-1 (edition 2026c) prescribes
(X remove, Z empty, D dummy, U replace the UID, K keep, C clean), `kind`, and the letter of
45 CFR 164.514(b)(2) that the attribute maps to, if any.

`direct` identifies the patient, a relative or the visit by itself; `quasi` helps to: dates, places,
devices, unique numbers, free text, and names of staff, who are not the individual of 164.514.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

EDITION = "PS3.15 2026c table E.1-1"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifying attribute."""

    tag: int
    keyword: str
    action: str
    kind: Literal["direct", "quasi"]
    safe_harbor: str


@cache
def identifiers() -> Mapping[int, Identifier]:
    """Every identifying attribute that is looked for, by tag."""
    text = files("riskkit.collectors").joinpath("identifiers.csv").read_text(encoding="ascii")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        kind: Literal["direct", "quasi"] = "direct" if row["kind"] == "direct" else "quasi"
        tag = int(row["tag"], 16)
        found[tag] = Identifier(tag, row["keyword"], row["action"], kind, row["safe_harbor"])
    return found
