"""Spans of time in which somebody, or a department, had to do with a patient."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.explanations import windows


@derive(
    name="care_windows",
    doc="One row per distinct relationship: `related` (a user) or `department`, `valid_from_us` and "
    "`valid_to_us` (far away while it lasts), and `power`, the bit of its kind in the order of TEMPLATES.",
    phi=("patient_id", "related"),
)
def care_windows(relationships: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Made once: every turn of the trail is joined with all of them."""
    return windows(relationships)
