"""Names of accounts that products are delivered with."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

from riskkit.catalog.loading import FOLDER


@cache
def default_accounts() -> Mapping[str, str]:
    """Names in lower case, each with the products that are documented to have it, joined by `, `."""
    found: dict[str, list[str]] = {}
    with (FOLDER / "default_accounts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["account"].casefold(), []).append(row["product"])
    return {name: ", ".join(sorted(set(products))) for name, products in sorted(found.items())}
