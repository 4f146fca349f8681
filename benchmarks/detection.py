"""How many planted incidents the review queue finds within a daily budget, beside what others would find.

python -m benchmarks.detection              10 seeds of the version tag: about 20 minutes on two idle cores
python -m benchmarks.detection --quick      2 seeds
python -m benchmarks.detection --dev        seeds to choose weights by; never the ones above
python -m benchmarks.detection --large      time and memory at 1e6 and 1e7 events too
python -m benchmarks.detection --growth     time and memory alone; the seeds stay closed
python -m benchmarks.detection --write      also puts the figures into docs/detection.md

Every seed is a simulated hospital of 500 people and 77 days (`riskkit simulate`), two incidents of each
kind and as many hard negatives in the last month; the days before are the baseline of all methods. An
incident counts as found when one of its user-days (and patient, where the alert names one) is alerted.
The simulator and the detectors have the same authors: the order of methods tells more than the figures.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.made import figures, growth, hospitals, queues, userdays
from benchmarks.made.baselines import BASELINES, OWN_FACTS
from benchmarks.made.figures import Alert, Hits, markdown, shown
from benchmarks.made.hospitals import Case, Truth
from riskkit import __version__

BUDGETS = (3, 5, 10)
BUDGET = 5
VARIANTS = ("missing", "no schedule", "events alone")
RISKKIT, SURNAME = "riskkit", "access.same_surname"
PERMUTATIONS = 20
WORKERS = 2
OUT = Path(__file__).parents[1] / "docs" / "detection.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
"""What lies between is written by `--write`."""


@dataclass
class Found:
    """What one seed gave."""

    seed: int
    period: str
    truth: Truth
    days: int
    hits: dict[tuple[str, int], Hits] = field(default_factory=dict)
    variants: dict[tuple[str, str], Hits] = field(default_factory=dict)
    not_run: dict[str, int] = field(default_factory=dict)
    on_clean: dict[int, float] = field(default_factory=dict)
    without_surname: Hits = field(default_factory=Hits)
    rates: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    permuted: float = 0.0


def one_seed(seed: int, *, folder: Path) -> Found:
    """Everything that is asked of one hospital."""
    here = folder / str(seed)
    here.mkdir(parents=True)
    case = hospitals.make(here, seed)
    trail = userdays.events(case.pack)
    days = userdays.read(case, trail)
    month = days.table[days.table["day"] >= days.first]
    found = Found(seed, case.period, case.truth, month["day"].nunique())
    for name, baseline in BASELINES.items():
        scores = baseline(days, seed)
        for budget in BUDGETS:
            alerts = queues.top(days.table, scores, days.first, budget)
            found.hits[name, budget] = figures.judge(alerts, case.truth)
    queue = queues.run(case, here / "work")
    found.not_run["everything"] = len(queue.not_run)
    for budget in BUDGETS:
        found.hits[RISKKIT, budget] = figures.judge(queue.alerts(budget), case.truth)
    alerts, bare = queue.alerts(BUDGET), queue.alerts(BUDGET, without={SURNAME})
    found.without_surname = figures.judge(bare, case.truth)
    found.rates = [*_rates(month, case, alerts, "on"), *_rates(month, case, bare, "off")]
    found.permuted = _permuted(alerts, case.truth, month, seed)
    for what in VARIANTS:
        _variant(found, hospitals.poorer(case, here, what), what, here / "work", trail)
    clean = hospitals.make(here / "clean", seed, each=0)
    quiet = queues.run(clean, here / "work")
    for budget in BUDGETS:
        count = sum(alert.rank > 0 for alert in quiet.alerts(budget))
        found.on_clean[budget] = count / found.days
    found.on_clean[0] = sum(alert.rank == 0 for alert in quiet.alerts(BUDGET)) / found.days
    shutil.rmtree(here)
    return found


def _variant(found: Found, case: Case, what: str, work: Path, trail: pd.DataFrame) -> None:
    """The same events with poorer evidence, for riskkit and the baselines that rest on evidence."""
    queue = queues.run(case, work)
    found.not_run[what] = len(queue.not_run)
    found.variants[RISKKIT, what] = figures.judge(queue.alerts(BUDGET), case.truth)
    days = userdays.read(case, trail)
    for name in ("isolation forest, rich", "z per peer, rich", OWN_FACTS, "unexplained count (EBAS)"):
        scores = BASELINES[name](days, found.seed)
        alerts = queues.top(days.table, scores, days.first, BUDGET)
        found.variants[name, what] = figures.judge(alerts, case.truth)


def _rates(
    month: pd.DataFrame, case: Case, alerts: Iterable[Alert], surname: str
) -> Iterable[tuple[str, str, str, int, int]]:
    """Alerts and days of users who did nothing wrong, by role and by how common their surname is."""
    guilty = {user for _, user in case.truth.user_days}
    innocent = month[~month["person"].isin(guilty) & month["role"].notna()]
    alerted = {(pd.Timestamp(alert.day), alert.user) for alert in alerts if alert.rank}
    names = pd.read_csv(case.pack / "care/patients.csv", dtype=str)["family_name"].value_counts()
    common = innocent["family_name"].map(names).fillna(0)
    people = innocent.assign(common=common).drop_duplicates("person").set_index("person")["common"]
    fifth = pd.qcut(people.rank(method="first"), 5, labels=["1 (rare)", "2", "3", "4", "5 (common)"])
    hit = [key in alerted for key in zip(innocent["day"], innocent["person"], strict=True)]
    for label, groups in (("surname", innocent["person"].map(fifth)), ("role", innocent["role"])):
        for group, rows in pd.Series(hit).groupby(groups.to_numpy()):
            yield surname, label, str(group), int(rows.sum()), len(rows)


def _permuted(alerts: list[Alert], truth: Truth, month: pd.DataFrame, seed: int) -> float:
    """Recall when incidents are moved to other users who were active: what chance and leaks would give."""
    people, dice, shares = month["person"].unique(), np.random.default_rng(seed), []
    for _ in range(PERMUTATIONS):
        other = dict(zip(people, dice.permutation(people), strict=True))
        moved = Truth(dict(truth.kinds))
        for incident, keys in truth.keys.items():
            moved.keys[incident] = {(day, other.get(user, user), "") for day, user, _ in keys}
        nameless = [Alert(alert.day, alert.user, "", alert.rank) for alert in alerts if alert.rank]
        shares.append(figures.recall(figures.judge(nameless, moved), moved))
    return float(np.mean(shares))


def report(found: list[Found]) -> str:
    """All tables."""
    parts = [_overall(found), _paired(found), _kinds(found), _per_seed(found), _poorer(found)]
    return "\n".join([*parts, _clean(found), _innocent(found), _leaks(found)])


def _recalls(found: list[Found], name: str, budget: int, *, rules: bool = True) -> list[float]:
    return [figures.recall(one.hits[name, budget], one.truth, rules=rules) for one in found]


def _overall(found: list[Found]) -> str:
    rows = []
    for name in (RISKKIT, *BASELINES):
        precision = [one.hits[name, BUDGET].precision for one in found]
        held = [figures.recall(one.hits[name, BUDGET], one.truth, one.truth.sealed) for one in found]
        rows.append([name, *(shown(_recalls(found, name, budget)) for budget in BUDGETS),
                     shown(precision), shown(held)])  # fmt: skip
    alone = _recalls(found, RISKKIT, BUDGET, rules=False)
    once = [len(one.hits[RISKKIT, BUDGET].found) / one.hits[RISKKIT, BUDGET].alerts for one in found]
    top = [figures.ceiling(one.truth, BUDGET, one.days) for one in found]
    note = (
        f"Means over {len(found)} seeds with 95 % intervals. What matched a rule (a leaver's account in use "
        f"...) stands apart from the budget and counts here; without it, riskkit finds {shown(alone)} at "
        f"{BUDGET} a day. The highest precision that the incidents allow is {np.mean(top):.2f}: no more days "
        f"have one. Several alerts of one incident may be right; were each counted once, precision would be "
        f"{shown(once)}. "
        f"`z per peer, rich` knows explanations and relations, as no baseline of the literature does."
    )
    head = ["method", *(f"recall at {budget} a day" for budget in BUDGETS), f"precision at {BUDGET}",
            f"recall of sealed kinds at {BUDGET}"]  # fmt: skip
    return markdown("Incidents found within the budget", head, rows, note)


def _paired(found: list[Found]) -> str:
    ours, rows = np.array(_recalls(found, RISKKIT, BUDGET)), []
    for name in BASELINES:
        difference = ours - np.array(_recalls(found, name, BUDGET))
        rows.append([name, shown(list(difference)), f"{(difference > 0).sum()} of {len(found)}"])
    rivals = [name for name in BASELINES if name != OWN_FACTS]
    best = max(rivals, key=lambda name: float(np.mean(_recalls(found, name, BUDGET))))
    note = (
        f"Recall at {BUDGET} a day, riskkit less the baseline, seed by seed. The best baseline is {best}. "
        f"`{OWN_FACTS}` is given what riskkit knows beside an unexplained access, ward and nobody's "
        f"care: what riskkit is ahead of it is the worth of its statistics and its queue alone."
    )
    return markdown("Paired differences", ["baseline", "difference", "seeds ahead"], rows, note)


def _kinds(found: list[Found]) -> str:
    names = (RISKKIT, "z per peer, rich", OWN_FACTS, "unexplained count (EBAS)", "isolation forest, rich")
    tally: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    sealed = {one.truth.kinds[incident] for one in found for incident in one.truth.sealed}
    for one in found:
        for name in names:
            hits = one.hits[name, BUDGET]
            for incident, kind in one.truth.kinds.items():
                tally[kind][name][0] += incident in hits.found | hits.matched
                tally[kind][name][1] += 1
    rows = [
        [
            kind + (" (sealed)" if kind in sealed else ""),
            of[RISKKIT][1],
            *(of[name][0] / of[name][1] for name in names),
        ]
        for kind, of in sorted(tally.items())
    ]
    ours = [of[RISKKIT][0] / of[RISKKIT][1] for of in tally.values()]
    note = f"riskkit: mean over kinds {np.mean(ours):.3f}, lowest {min(ours):.3f}."
    return markdown(f"By kind, at {BUDGET} a day", ["kind", "incidents", *names], rows, note)


def _per_seed(found: list[Found]) -> str:
    names = (RISKKIT, *BASELINES)
    rows = [
        [one.seed, one.period, *(figures.recall(one.hits[name, BUDGET], one.truth) for name in names)]
        for one in found
    ]
    return markdown(f"By seed: recall at {BUDGET} a day", ["seed", "month", *names], rows)


def _poorer(found: list[Found]) -> str:
    names = sorted({name for name, _ in found[0].variants}, key=lambda name: (name != RISKKIT, name))
    rows = []
    for name in names:
        whole = _recalls(found, name, BUDGET)
        row = [name, shown(whole)]
        for what in VARIANTS:
            recalls = [figures.recall(one.variants[name, what], one.truth) for one in found]
            row.append(f"{np.mean(recalls):.3f}; change {shown(list(np.array(recalls) - np.array(whole)))}")
        rows.append(row)
    silent = ", ".join(
        f"{what}: {np.mean([one.not_run[what] for one in found]):.0f}" for what in ("everything", *VARIANTS)
    )
    head = ["method", "everything", "15 % of relationships missing", "no schedule", "audit events alone"]
    return markdown(f"With less evidence: recall at {BUDGET} a day", head, rows,
                    f"Detectors of riskkit that said NOT RUN: {silent}.")  # fmt: skip


def _clean(found: list[Found]) -> str:
    rows = [[budget, shown([one.on_clean[budget] for one in found])] for budget in BUDGETS]
    rows.append(["outside the budget", shown([one.on_clean[0] for one in found])])
    note = (
        "Hospitals without any incident, hard negatives included: a budget is filled whether or not anything "
        "is wrong, so every alert here is a false one."
    )
    return markdown("Alerts a day when nothing is wrong", ["budget", "alerts a day"], rows, note)


def _innocent(found: list[Found]) -> str:
    tally: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in found:
        for surname, label, group, alerts, days in one.rates:
            tally[label, group][surname][0] += alerts
            tally[label, group][surname][1] += days
    rows = [
        [label, group, of["on"][1], *(f"{1000 * of[state][0] / of[state][1]:.1f}" for state in ("on", "off"))]
        for (label, group), of in sorted(tally.items(), key=lambda item: (item[0][0] != "surname", item[0]))
    ]
    recalls = [figures.recall(one.without_surname, one.truth) for one in found]
    kinds = [
        [i in hits.found | hits.matched for one in found for hits in [pick(one)]
         for i, kind in one.truth.kinds.items() if kind == "surname"]
        for pick in (lambda one: one.hits[RISKKIT, BUDGET], lambda one: one.without_surname)
    ]  # fmt: skip
    note = (
        f"Alerts per 1,000 days of users who did nothing wrong, at {BUDGET} a day. Recall with the surname "
        f"detector {shown(_recalls(found, RISKKIT, BUDGET))}, without it {shown(recalls)}; of relatives' "
        f"records {np.mean(kinds[0]):.2f} and {np.mean(kinds[1]):.2f}."
    )
    head = ["group", "which", "days", "alert rate, surname on", "alert rate, surname off"]
    return markdown("Who is alerted without having done anything", head, rows, note)


def _leaks(found: list[Found]) -> str:
    rows = [["recall of the planted incidents", shown(_recalls(found, RISKKIT, BUDGET, rules=False))],
            ["of incidents moved to other users", shown([one.permuted for one in found])],
            ["of random alerts", shown(_recalls(found, "random", BUDGET))]]  # fmt: skip
    note = (
        "Labels lie outside of the pack that detectors get, and no detector may import the simulator "
        "(import-linter). Were labels to leak otherwise, moved ones would be found more often than by chance."
    )
    return markdown("Label leakage", ["labels", "recall"], rows, note)


def main() -> None:
    """Run the seeds and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="2 seeds")
    parser.add_argument("--dev", action="store_true", help="seeds to choose weights by")
    parser.add_argument("--large", action="store_true", help="1e6 and 1e7 events too")
    parser.add_argument("--growth", action="store_true", help="time and memory alone")
    parser.add_argument("--write", action="store_true", help="write docs/detection.md")
    given = parser.parse_args()
    if given.growth:
        with tempfile.TemporaryDirectory() as scratch:
            cost = growth.table(Path(scratch), large=given.large)
        print(cost)
        if given.write:
            _write(cost, begin=growth.TITLE)
        return
    begins = time.perf_counter()
    tag = "riskkit detection dev" if given.dev else f"riskkit detection {__version__}"
    chosen = hospitals.seeds(tag, 2 if given.quick else given.seeds)
    with tempfile.TemporaryDirectory() as scratch:
        with ProcessPoolExecutor(WORKERS) as pool:
            found = list(pool.map(partial(one_seed, folder=Path(scratch)), chosen))
        tables = report(found)
        print(tables, flush=True)
        cost = growth.table(Path(scratch), large=given.large)
    minutes = (time.perf_counter() - begins) / 60
    today = datetime.datetime.now(datetime.UTC).date()
    command = " ".join(["python -m benchmarks.detection", *(a for a in sys.argv[1:] if a != "--write")])
    head = (
        f"riskkit {__version__}, {today}, `{command}`, {minutes:.0f} min on {platform.machine()}, Python "
        f"{platform.python_version()}; seeds of the tag `{tag}`.\n"
    )
    print(cost)
    if given.write:
        _write("\n".join([BEGIN, head, tables, cost]), begin=BEGIN)


def _write(figures_: str, *, begin: str) -> None:
    """Put the figures where docs/detection.md has room for them; the rest of it is written by hand."""
    text = OUT.read_text(encoding="utf-8")
    before, after = text[: text.index(begin)], text[text.index(END) :]
    OUT.write_text(f"{before}{figures_.rstrip()}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
