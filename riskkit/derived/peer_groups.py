"""Who is whose peer: people of the same role and shift, of the role, or all."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import derive
from riskkit.derived.employment import employments
from riskkit.model import Moment

FEWEST_PEERS = 8
"""A smaller group tells too little of what is usual; its people are set beside a wider one."""
EVERYONE = "all"


@derive(
    name="peer_groups",
    doc="One row per person of the roster: `role`, `shift` and `department` of the latest employment that "
    "began by the end of the period; `peer_group` is role and shift, the role where fewer than 8 people "
    "share both, or all; `peers` counts it.",
    phi=("user_id",),
)
def peer_groups(roster: pd.DataFrame, *, at: Moment) -> pd.DataFrame:
    """Small, so in memory; role and shift from human resources, not from what people did."""
    rows = []
    for user, spells in employments(roster).items():
        begun = [row for row in spells if (row.employed_from or date.min) <= at.today] or spells[:1]
        last = begun[-1]
        rows.append((user, last.role or "", last.shift or "", last.department or ""))
    both = Counter((role, shift) for _, role, shift, _ in rows)
    alone = Counter(role for _, role, _, _ in rows)

    def group(role: str, shift: str) -> tuple[str, int]:
        if both[role, shift] >= FEWEST_PEERS:
            return f"{role}, {shift}" if shift else role, both[role, shift]
        return (role, alone[role]) if alone[role] >= FEWEST_PEERS else (EVERYONE, len(rows))

    found: list[tuple[Any, ...]] = [(*row, *group(row[1], row[2])) for row in rows]
    names = ("user_id", "role", "shift", "department", "peer_group", "peers")
    return pd.DataFrame(found, columns=list(names)).astype(dict.fromkeys(names[:-1], "string"))
