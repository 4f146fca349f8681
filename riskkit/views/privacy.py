"""Who may be seen: surrogates for people, and no count small enough to point at one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from riskkit.assess.registry import all_derived
from riskkit.errors import ReportError
from riskkit.model import Assessment
from riskkit.tables import TABLES, records
from riskkit.views.html import RENDERING, rendering

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALL = 10
"""Counts of people from 1 to 10 are not shown: the cell size policy of CMS."""

WITHHELD = "withheld"
"""Stands for a count that is small, or that would give a small one away."""

IDENTIFYING = frozenset(name for table in TABLES.values() for name in table.phi)
"""Names of all columns that identify a person in any table: hidden wherever they turn up."""

_KINDS = {
    "user_id": "user", "user_name": "user", "decided_by": "user", "performed_by": "user",
    "account": "account", "patient_id": "patient", "study_uid": "study", "source_ip": "address",
}  # fmt: skip


def permit(identities: bool) -> None:
    """Raise ReportError when identities are asked for while a report is made."""
    if identities and rendering():
        raise ReportError(
            f"a report shows nobody by name, and {RENDERING} says that one is made",
            do="Ask for identities by hand, in JupyterLab",
        )


def kind_of(column: str) -> str:
    """The kind of surrogate for an identifying column, such as `user` for user_id."""
    return _KINDS.get(column, column.replace("_", "-"))


def covered(assessment: Assessment, frame: pd.DataFrame, *, identities: bool = False) -> pd.DataFrame:
    """The frame with a surrogate for every value of an identifying column.

    Raises ReportError when identities are asked for while a report is made.
    """
    permit(identities)
    hidden = [name for name in frame.columns if name in _identifying()]
    if identities or not hidden:
        return frame
    return frame.assign(
        **{
            name: pd.Series(
                [_surrogate(assessment, name, value[0]) for value in records(frame[[name]])],
                index=frame.index, dtype="string",
            )
            for name in hidden
        }
    )  # fmt: skip


def suppress(counts: pd.DataFrame, *, total: str = "people") -> pd.DataFrame:
    """Counts of people by group, made safe to show: groups × exclusive categories, as text.

    `counts` has one row per group (its index) and one column per category; every person stands in
    exactly one cell. Groups are joined as `pools` says. When even all groups together have a count
    of 1 to 10, it and the next smallest are withheld, as many as it takes, and the total too
    where that is not enough. A column of totals comes last.
    """
    rows = {
        name: _withhold([int(count) for count in counts.loc[list(groups)].sum()])
        for name, groups in pools(counts).items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*counts.columns, total], dtype="string")


def pools(counts: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Which groups may be shown by themselves, and which only together; by the name to show.

    Groups with a count of 1 to 10 are joined, with the next smallest until the sums have no such
    count: a total over all rows then tells nothing of a group that is not shown.
    """
    names = list(counts.index)
    if len(set(names)) != len(names):
        raise ValueError("a group stands twice")
    sizes = counts.sum(axis=1)
    # Ties are broken by name, so that the order of the rows does not choose who is shown.
    order = sorted(names, key=lambda name: (not _has_small(counts.loc[name]), sizes[name], name))
    small = sum(_has_small(counts.loc[name]) for name in order)
    taken = max(small, 2) if small else 0
    while 0 < taken < len(order) and _has_small(counts.loc[order[:taken]].sum()):
        taken += 1
    joined = tuple(sorted(order[:taken]))
    shown = {name: (name,) for name in names if name not in joined}
    return shown | (
        {f"together: {', '.join(joined)}" if len(joined) > 1 else joined[0]: joined} if joined else {}
    )


def _has_small(counts: Iterable[Any]) -> bool:
    return any(0 < count <= SMALL for count in counts)


def _withhold(counts: list[int]) -> list[str]:
    """The counts of one row and their sum, with the small ones and their complements withheld.

    What is withheld must sum to more than if each of its counts were small at most: else who knows
    the rule could tell that every one of them is 10. Equal counts are withheld together: were the first
    chosen, its place would tell which of the withheld ones is the small one. So whatever is withheld may
    stand in any order, and it is never the same count throughout.
    """
    hidden: list[int] = []
    for count, index in sorted((count, index) for index, count in enumerate(counts) if count):
        if count <= SMALL or (hidden and (not _safe(counts, hidden) or count == counts[hidden[-1]])):
            hidden.append(index)
    texts = [WITHHELD if index in hidden else f"{count:,}" for index, count in enumerate(counts)]
    return [*texts, WITHHELD if hidden and not _safe(counts, hidden) else f"{sum(counts):,}"]


def _safe(counts: list[int], hidden: list[int]) -> bool:
    return sum(counts[index] for index in hidden) > SMALL * len(hidden)


def _identifying() -> frozenset[str]:
    """Identifying columns of tables and derived tables alike."""
    return IDENTIFYING.union(*(derived.phi for derived in all_derived().values()))


def _surrogate(assessment: Assessment, column: str, value: object) -> str | None:
    return None if value is None else assessment.surrogate(kind_of(column), str(value))
