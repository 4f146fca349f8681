"""The certificate that was seen last at each host and port."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from riskkit.tables import records

NEVER = datetime(1, 1, 1, tzinfo=UTC)


def newest_leaves(
    certificates: Any, exported: Callable[[str], datetime | None]
) -> dict[tuple[str, int], Any]:
    """Rows of `certificates` by host (case folded) and port; evidence.csv dates what names no date."""
    newest: dict[tuple[str, int], Any] = {}
    for one in sorted(
        records(certificates), key=lambda one: _oldest_and_farthest_first(one, exported(one.source))
    ):
        newest[one.host.casefold(), one.port] = one
    return newest


def _oldest_and_farthest_first(certificate: Any, exported_at: datetime | None) -> tuple[Any, ...]:
    at = certificate.observed_at or exported_at or NEVER
    place = certificate.source or "", certificate.offset or 0, certificate.n or 0
    # Of several leaves, of other keys or other addresses of the name, the one that ends first.
    return at, -certificate.position, -certificate.not_after.timestamp(), certificate.sha256 or "", place
