"""Who shares patients with whom: how new a user is to the circle of a record, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.derived.clock_days import day_number
from riskkit.derived.volumes import FEWEST_DAYS
from riskkit.model import Moment
from riskkit.statistics.calibration import empirical_tail
from riskkit.statistics.novelty import novelty, tf_idf
from riskkit.tables import to_arrow

STEP_DAYS = 7
"""A window moves on by so many days: every day of a step is set beside the window that ends with it."""
ENOUGH_OF_A_ROLE = 200
"""User-days from which a role has a tail of its own."""


@dataclass(frozen=True, slots=True)
class NewDay:
    """A user-day of the period: the sum of novelties, what its role had on average, and how rare."""

    user: str
    day: int
    observed: float
    expected: float
    p: float


@dataclass(frozen=True, slots=True)
class Novelties:
    """Days of the period, and how many days before it there were."""

    found: list[NewDay]
    earlier_days: int


def novelties(
    patient_days: nw.LazyFrame[Any],
    asked: pd.DataFrame | None,
    roles: Mapping[str, str],
    at: Moment,
    window_days: int,
    fewest_others: int,
) -> Novelties:
    """Score the user-days of `asked` (user_id, day, patient_id), or all when it is None.

    Days of a user without anything asked count as 0 in what is usual.
    """
    first = day_number(at.period.first_day)
    last = day_number(at.today)
    worked, parts = [], []
    low = first - STEP_DAYS * (56 // STEP_DAYS)
    for end in range(last, low - 1, -STEP_DAYS):
        begin = end - window_days + 1
        window = to_arrow(patient_days.filter(nw.col("day") >= begin, nw.col("day") <= end)).to_pandas()
        if window.empty:
            continue
        step = window[window["day"] > end - STEP_DAYS]
        worked.append(step[["user_id", "day"]].drop_duplicates())
        some = step if asked is None else asked[(asked["day"] <= end) & (asked["day"] > end - STEP_DAYS)]
        parts.append(_scored(window, some[["user_id", "day", "patient_id"]], fewest_others))
    if not worked:
        return Novelties([], 0)
    days = pd.concat(worked).drop_duplicates()
    sums = pd.concat(parts).groupby(["user_id", "day"], as_index=False)["new"].sum()
    days = days.merge(sums, on=["user_id", "day"], how="left").fillna({"new": 0.0})
    days = days.sort_values(["user_id", "day"]).reset_index(drop=True)
    earlier = int(days["day"][days["day"] < first].nunique())
    return Novelties(list(_rare(days, roles, first, degraded=earlier < FEWEST_DAYS)), earlier)


def _scored(window: pd.DataFrame, some: pd.DataFrame, fewest_others: int) -> pd.DataFrame:
    """The novelty of each user to each patient of `some`, 0 where it cannot be told."""
    user, users = pd.factorize(window["user_id"], sort=True)
    patient, patients = pd.factorize(window["patient_id"], sort=True)
    count = window["accesses"].to_numpy(np.int64)
    weights = tf_idf(user, patient, count, len(users), len(patients))
    rows = pd.Index(users).get_indexer(pd.Index(some["user_id"])) if len(some) else np.empty(0, np.int64)
    columns = (
        pd.Index(patients).get_indexer(pd.Index(some["patient_id"])) if len(some) else np.empty(0, np.int64)
    )
    known = (rows >= 0) & (columns >= 0)
    new = np.zeros(len(some))
    new[known] = novelty(weights, rows[known], columns[known], fewest_others)
    return some.assign(new=np.nan_to_num(new))


def _rare(days: pd.DataFrame, roles: Mapping[str, str], first: int, *, degraded: bool) -> Iterator[NewDay]:
    period = (days["day"] >= first).to_numpy()
    base = period if degraded else ~period
    role = days["user_id"].map(lambda user: roles.get(user, "")).to_numpy(object)
    new = days["new"].to_numpy(float)
    users, numbers = days["user_id"].tolist(), days["day"].tolist()
    for name in sorted(set(role)):
        mine = role == name
        enough = np.count_nonzero(mine & base) >= ENOUGH_OF_A_ROLE
        usual = mine & base if enough else base
        p = empirical_tail(new[usual], new)
        mean = float(new[usual].mean()) if usual.any() else 0.0
        for at in np.flatnonzero(mine & period & (new > 0)):
            yield NewDay(users[at], numbers[at], float(new[at]), mean, float(p[at]))
