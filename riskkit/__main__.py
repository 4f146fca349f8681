"""`python -m riskkit`."""

from __future__ import annotations

from riskkit.cli import main

if __name__ == "__main__":
    main()
