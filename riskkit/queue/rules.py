"""The fixed numbers of the review queue, read from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskkit.catalog import FOLDER
from riskkit.errors import CatalogError
from riskkit.model import Family

FAMILIES: tuple[Family, ...] = tuple(family for family in get_args(Family) if family)
"""Kinds of behaviour for which the queue keeps room."""

FILE = FOLDER / "triage.yaml"

Positive = Annotated[float, Field(gt=0)]


class QueueRules(BaseModel):
    """Weights, quotas and spans of the review queue; every weight is above 0.

    `weights` are by check id, 1 for a detector that is not named. `shared` names detectors of what many
    people do with one record.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cap: Positive
    largest_p: Annotated[float, Field(gt=0, le=1)]
    least_points: Annotated[float, Field(ge=0)]
    least_weight: Positive
    weights: Mapping[str, Positive]
    quotas: Mapping[Family, Annotated[int, Field(ge=0)]]
    quota_share: Annotated[float, Field(ge=0, le=1)]
    shared: frozenset[str]
    repeat_days: Annotated[int, Field(ge=0)]
    repeat_rise: Positive
    closed_days: Annotated[int, Field(ge=0)]

    def weight(self, check: str) -> float:
        """The weight of a detector."""
        return self.weights.get(check, 1.0)

    def rooms(self, budget: int) -> dict[Family, int]:
        """Room of each family in a day's budget: its share rounded down, then the largest remainders."""
        total = sum(self.quotas.values())
        if not total:
            return dict.fromkeys(self.quotas, 0)
        rooms = {family: budget * share // total for family, share in self.quotas.items()}
        left = budget - sum(rooms.values())
        by_remainder = sorted(
            self.quotas, key=lambda family: (-(budget * self.quotas[family] % total), FAMILIES.index(family))
        )
        return {family: rooms[family] + (family in by_remainder[:left]) for family in rooms}


@cache
def load_rules(file: Path = FILE) -> QueueRules:
    """Read triage.yaml; raises CatalogError naming the keys that are wrong."""
    try:
        rules = QueueRules(**yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise CatalogError("cannot be read as YAML", file=file) from error
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
        raise CatalogError(f"has a wrong value in: {wrong}", file=file) from error
    if low := sorted(name for name, weight in rules.weights.items() if weight < rules.least_weight):
        raise CatalogError(f"weighs less than least_weight: {', '.join(low)}", file=file)
    return rules
