"""How long riskkit takes to start, beside a bare Python and `import pandas`, in one run.

python benchmarks/start.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 7
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import riskkit": ["-c", "import riskkit"],
    "riskkit --help": ["-m", "riskkit", "--help"],
    "import pandas": ["-c", "import pandas"],
    "import riskkit.assess": ["-c", "import riskkit.assess"],
}


def main() -> None:
    """Print the median wall time of each, and its ratio to a bare Python."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, arguments in COMMANDS.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    floor = statistics.median(seconds["python -c pass"])
    print(f"{'command':<24}{'median ms':>10}{'x bare Python':>15}")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:<24}{median * 1000:>10.0f}{median / floor:>15.1f}")


if __name__ == "__main__":
    main()
