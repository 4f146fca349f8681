"""What the checks of data said of each control: filled in by the judge when all of them have spoken."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit.declare import derive

JUDGEMENTS = "judgements"
COLUMNS = ("control", "check", "method", "passed", "failed", "unknown")


@derive(
    name=JUDGEMENTS,
    doc="Per control, check and method (EXAMINE or TEST): how many subjects passed, failed and are unknown. "
    "Interviews and signals for review are not in it.",
)
def judgements(answers: Any) -> pd.DataFrame:
    """One row per control and check; without rows until the judge has heard the other checks.

    Only somebody's answer can be contradicted, so without answers there is nothing to compare.
    """
    return pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS})
