"""benchmarks/year.py at a small size: the trend follows a script, and only new evidence is read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.year import MFA, PLAIN, VOLUME, Month, year

OPEN = {"still open": 1}


@pytest.mark.slow
def test_three_periods_follow_the_script(tmp_path: Path) -> None:
    """A listener is closed and reopened, an account gets its second factor, a volume stays open."""
    script = (
        Month(8, False, "plaintext"),
        Month(9, False, "tls", {MFA: OPEN, PLAIN: {"closed": 1}, VOLUME: OPEN}),
        Month(10, True, "plaintext", {MFA: {"closed": 1}, PLAIN: {"reopened": 1}, VOLUME: OPEN}),
    )
    told = list(year(script, tmp_path))
    assert [month.wrong for month in told] == [(), (), ()]
    assert told[0].new_bytes == told[0].pack_bytes
    for before, month in pairwise(told):
        grown = month.pack_bytes - before.pack_bytes
        assert grown <= month.new_bytes < grown + 5000, "evidence.csv alone is read again"
        assert month.records < 1.5 * told[0].records


@pytest.mark.slow
def test_a_trend_that_is_not_that_of_the_script_is_noticed(tmp_path: Path) -> None:
    """A benchmark that cannot fail shows nothing."""
    script = (Month(9, False, "tls"), Month(10, False, "plaintext", {PLAIN: {"reopened": 1}}))
    wrong = list(year(script, tmp_path))[1].wrong
    assert f"{PLAIN}: {{'new': 1}}, but the script says {{'reopened': 1}}" in wrong
    assert sum(MFA in one for one in wrong) == 1
