"""When files were exported."""

from __future__ import annotations

from typing import Any

from riskkit.derived.custody_dates import exported
from riskkit.tables import TABLES
from tests.evidence import instant


def frame(*rows: dict[str, Any]) -> Any:
    return TABLES["custody"].rows([{"source": "f", "offset": 0, "n": 0, **row} for row in rows])


def test_dates_of_files() -> None:
    """An exact name goes before a pattern, a member has the date of its file, the later of two counts."""
    when = exported(
        frame(
            {"file": "people/*", "exported_by": "a", "exported_at": instant("2026-10-30 08:00")},
            {"file": "people/roster.csv", "exported_by": "a", "exported_at": instant("2026-10-01 08:00")},
            {"file": "people/roster.csv", "exported_by": "a", "exported_at": instant("2026-10-02 08:00")},
        )
    )
    assert when("people/roster.csv") == instant("2026-10-02 08:00")
    assert when("people/accounts.zip!a.csv") == instant("2026-10-30 08:00")
    assert when("backup/jobs.csv") is None
    assert exported(None)("people/roster.csv") is None
