"""Records opened one after the other in the order of their numbers, without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P, ONE_IN, Case, Manner, examined, verdicts
from riskkit.derived.targets import Opened, opened
from riskkit.derived.trail import MINUTE_US
from riskkit.model import Moment, Verdict
from riskkit.statistics.tails import poisson_tail
from riskkit.tables import to_arrow
from riskkit.words import count

FAR = 1000


@check(
    id="access.sequential_records",
    title="Nobody browses records in the order of their numbers",
    question="Who opened, without a known reason, records with neighbouring numbers within minutes?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether a worklist was in the order of record numbers.",
    usual_cause="A worklist or a clean-up that goes by number.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A11",),
    joins=("patients", "relationships", "carers", "roster"),
)
def access_sequential_records(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any] | None,
    patient_days: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    gap: int = 2,
    within_minutes: int = 30,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Unexplained patients of a day in order of time: steps to a record at most `gap` places away in the
    order of all record numbers, within the minutes, against a Poisson count of 2 gap (n - 1) / N for n
    patients of N. The expectation is raised by as much as steps came up oftener in the earlier days.
    """
    found = opened(unexplained_patients, at)
    places = _places(patient_days if patients is None else patients)
    steps = _steps(found, places, gap, within_minutes)
    seen = found.hits_of_day(steps)
    chance = 2 * gap * (found.trials - 1) / max(len(places), 1)
    once = np.zeros(len(seen), bool)
    once[np.unique(found.user_day, return_index=True)[1]] = True
    base = found.base & once
    more = max(1.0, float((seen[base].sum() + 0.5) / (chance[base].sum() + 0.5)))
    p = poisson_tail(seen, chance * more)
    days = np.flatnonzero(found.period & once & (seen > 0) & (p <= LARGEST_P))
    stepped = np.flatnonzero(steps & np.isin(found.user_day, found.user_day[days]))
    of_day: dict[int, list[tuple[str, int]]] = {}
    for unit, keys in found.keys(stepped).items():
        of_day.setdefault(int(found.user_day[unit]), []).append(keys[0])
    cases = []
    for unit, (user, day, _) in zip(days.tolist(), found.names(days), strict=True):
        expected = float(chance[unit] * more)
        told = f"{count(int(seen[unit]), 'step')} to a neighbouring record number vs {expected:.2f} expected"
        rows = tuple(sorted(of_day[int(found.user_day[unit])]))
        cases.append(Case(user, day, float(p[unit]), float(seen[unit]), expected, told, rows))
    unknown = found.unknown("Record numbers are not numbers. ", [] if places else found.active())
    manner = Manner("neighbouring record numbers", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.sequential_records", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)


def _places(frame: nw.LazyFrame[Any]) -> dict[str, int]:
    """The place of each record number in the order of all that end in digits, within equal beginnings."""
    numbers = pd.Series(to_arrow(frame.select("patient_id").unique())["patient_id"].to_pylist(), dtype=object)
    parts = numbers.str.extract(r"^(?P<begin>.*?)(?P<number>\d{1,18})$").assign(patient=numbers).dropna()
    parts["number"] = parts["number"].astype("int64")
    parts = parts.sort_values(["begin", "number", "patient"]).reset_index(drop=True)
    # Numbers of another beginning are no neighbours: each beginning starts far behind the last one.
    far = parts.groupby("begin", sort=False).ngroup() * FAR
    return dict(zip(parts["patient"].tolist(), (parts.index + far).tolist(), strict=True))


def _steps(found: Opened, places: dict[str, int], gap: int, within_minutes: int) -> NDArray[np.bool_]:
    """Units that stand at most `gap` places from the one that the user opened before, minutes earlier."""
    place = found.of_patients(places, -FAR)
    order = np.lexsort((found.patient, found.first_us, found.user_day))
    sorted_place, day, time = place[order], found.user_day[order], found.first_us[order]
    near = np.abs(np.diff(sorted_place)) <= gap
    known = (sorted_place[1:] >= 0) & (sorted_place[:-1] >= 0)
    soon = (np.diff(time) <= within_minutes * MINUTE_US) & (np.diff(day) == 0)
    steps = np.zeros(len(order), bool)
    steps[order[1:]] = near & soon & known
    return steps
