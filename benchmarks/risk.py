"""The same inputs through FAIR as pyfair computes it and through riskkit, and how long scoring takes.

python -m benchmarks.risk [--pyfair PATH]

PATH is the Python of an environment in which pyfair 0.1a13 is installed (`python -m venv fair && fair/bin/pip
install pyfair==0.1a13`). Without it, pyfair's formula is computed here, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from riskkit.catalog import load_catalog
from riskkit.model import Band, Check, Layer, Outcome, Prior, Verdict
from riskkit.scoring import DRAWS, score
from riskkit.scoring.chance import Array
from riskkit.scoring.simulation import drawn, passing, play
from riskkit.settings import Settings

ATTEMPTS, LOSS = (0.02, 0.1, 0.5), (10_000, 100_000, 1_000_000)
"""Lowest, likeliest and highest; as FAIR asks for them."""

CAPABILITY, STRONG, WEAK = (0.2, 0.5, 0.8), (0.5, 0.75, 0.95), (0.05, 0.15, 0.3)

REPLICA = "the formula of pyfair 0.1a13, computed here: Risk = frequency x one magnitude"

THEIRS = """
import json, pyfair
def model(**inputs):
    found = pyfair.FairModel("made", n_simulations={draws}, random_seed=42)
    for name, (low, mode, high) in inputs.items():
        found.input_data(name.replace("_", " "), low=low, mode=mode, high=high)
    found.calculate_all()
    return found.export_results()
bare = model(Loss_Event_Frequency={attempts}, Loss_Magnitude={loss})
one, two = (model(Threat_Event_Frequency={attempts}, Threat_Capability={capability}, Loss_Magnitude={loss},
                  Control_Strength=strength) for strength in ({strong}, {both}))
print(json.dumps({{"quiet": float((bare["Risk"] == 0).mean()), "least": float(bare["Risk"].min()),
                  "vulnerability": [float(run["Vulnerability"].mean()) for run in (one, two)],
                  "values": int(one["Vulnerability"].nunique())}}))
"""


def main() -> None:
    """Print three tables: years without loss, a weak control beside a strong one, time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pyfair", metavar="PATH")
    path = parser.parse_args().pyfair
    theirs = _pyfair(path) if path else _replica()
    print(f"pyfair: {'pyfair 0.1a13 itself' if path else REPLICA}; {DRAWS:,} runs each\n")
    quiet, least, chance = _quiet()
    print("Years without loss (attempts 0.02 / 0.1 / 0.5 a year, loss 10,000 / 100,000 / 1,000,000)")
    print(f"  {'':<10}{'without loss':>14}{'smallest year':>16}")
    print(f"  {'pyfair':<10}{theirs['quiet']:>14.1%}{theirs['least']:>16,.0f}")
    print(f"  {'riskkit':<10}{quiet:>14.1%}{least:>16,.0f}   (1 - chance of an event: {1 - chance:.1%})\n")
    ours = _layers()
    print("Share of attempts that get through, with a weak control added to a strong one")
    print(f"  {'':<34}{'strong alone':>14}{'with the weak':>16}")
    before, after = theirs["vulnerability"]
    print(f"  {'mean of strengths, by pyfair':<34}{before:>14.3f}{after:>16.3f}")
    print(f"  {'product of layers (riskkit)':<34}{ours[0]:>14.3f}{ours[1]:>16.3f}")
    print(f"  different values of pyfair's Vulnerability over all runs: {theirs['values']}\n")
    assert theirs["quiet"] == 0 < quiet, "a year without an event costs nothing"
    assert after > before
    assert ours[1] < ours[0]
    _time()


def _quiet() -> tuple[float, float, float]:
    """Share of years without loss, the smallest year and the chance of an event, without any control."""
    attempts, loss = (_pert(what, name) for what, name in ((ATTEMPTS, "attempts"), (LOSS, "loss")))
    events, each = (Band(*map(float, np.quantile(row, (0.05, 0.95)))) for row in (attempts, loss))
    year = play(Prior("made", events, each, None, ()), {}, {}).high
    return (
        float(np.mean(year.year == 0)), float(np.min(year.year)), float(np.mean(-np.expm1(-year.events))),
    )  # fmt: skip


def _layers() -> tuple[float, float]:
    """What one and two layers let through; their effects are the strengths above."""
    bands = [Band(strength[0], strength[2]) for strength in (STRONG, WEAK)]
    through = []
    for number in (1, 2):
        layers = tuple(Layer(f"control {place}", bands[place]) for place in range(number))
        found = drawn(Prior("made", Band(0.02, 0.5), Band(10_000.0, 1_000_000.0), None, layers), DRAWS)
        through.append(float(np.mean(passing(found.prevents, dict.fromkeys(found.prevents, 0.0), DRAWS))))
    return through[0], through[1]


def _pyfair(path: str) -> dict[str, Any]:
    both = tuple((a + b) / 2 for a, b in zip(STRONG, WEAK, strict=True))
    code = THEIRS.format(
        draws=DRAWS, attempts=ATTEMPTS, capability=CAPABILITY, loss=LOSS, strong=STRONG, both=both
    )
    done = subprocess.run([path, "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _replica() -> dict[str, Any]:
    """Vulnerability is the share of runs in which capability exceeds strength: one number for all runs."""
    attempts, loss, capability = (
        _pert(what, name) for what, name in ((ATTEMPTS, "a"), (LOSS, "l"), (CAPABILITY, "c"))
    )
    strengths = _pert(STRONG, "s"), (_pert(STRONG, "s") + _pert(WEAK, "w")) / 2
    vulnerability = [float(np.mean(capability > strength)) for strength in strengths]
    risk = attempts * loss
    return {
        "quiet": float(np.mean(risk == 0)),
        "least": float(np.min(risk)),
        "values": 1,
        "vulnerability": vulnerability,
    }


def _pert(what: tuple[float, float, float], name: str) -> Array:
    """PERT (a beta on [low, high] with weight 4 on the mode), by a seed of its own."""
    low, mode, high = what
    first = 1 + 4 * (mode - low) / (high - low)
    seed = np.random.default_rng(sum(map(ord, name)))
    return np.asarray(low + (high - low) * seed.beta(first, 6 - first, DRAWS), dtype=np.float64)


def _time() -> None:
    """10 scenarios, 71 standards and specifications, 10,000 units, 10,000 draws."""
    full = load_catalog()
    kept = [control for control in full.controls.values() if control.kind in ("standard", "spec")]
    scenarios = tuple(
        one for one in full.scenarios if all("164.5" not in citation for citation in one.controls)
    )[:10]
    needed = {citation for one in scenarios for citation in one.controls}
    assert (len(kept), len(scenarios)) == (71, 10)
    assert needed <= {one.citation for one in kept}
    catalog = replace(
        full, scenarios=scenarios, controls={one.citation: one for one in kept},
        sufficiency={
            one.citation: full.sufficiency[one.citation] for one in kept if one.citation in full.sufficiency
        },
    )  # fmt: skip
    outcomes = [_outcome(number, kept[number % len(kept)].citation) for number in range(100)]
    times = []
    for fresh in (True, False):
        if fresh:
            drawn.cache_clear()
        begin = time.perf_counter()
        found = score(outcomes, catalog, Settings())
        times.append(time.perf_counter() - begin)
    units = sum(outcome.population for outcome in outcomes)
    assert found.portfolio is not None
    effects = len(found.portfolio.remedies) + len(found.portfolio.learning)
    print(
        f"Scoring {len(scenarios)} scenarios, {len(kept)} standards and specifications, {units:,} units, "
        f"{DRAWS:,} draws,\n{effects} remedies and pieces of evidence: {times[0]:.2f} s the first time, "
        f"{times[1]:.2f} s with the draws kept"
    )


def _outcome(number: int, citation: str) -> Outcome:
    """A check of 100 units, of which 2 fail and 3 are unknown."""
    results = ("FAIL", "FAIL", "UNKNOWN", "UNKNOWN", "UNKNOWN", *["PASS"] * 95)
    check = Check(
        id=f"made.of_{number}", title="Made", question="Made?", subject="system", controls=(citation,),
        severity="medium", method="EXAMINE", remediation="", look_first="", usual_cause="",
        needs=("systems",), optional=(), parameters={}, run=lambda: (), worst="high",
    )  # fmt: skip
    at = datetime(2026, 10, 31, tzinfo=UTC)
    said = (Verdict(f"unit {n}", result, "made", collected_at=at) for n, result in enumerate(results))  # type: ignore[arg-type]
    return Outcome(check, "FINDINGS", "made", tuple(said))


if __name__ == "__main__":
    main()
