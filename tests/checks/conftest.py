"""`ask(check, tables...)`: what a check says of rows made in a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from riskkit.model import Moment, Verdict
from tests import evidence

Ask = Callable[..., list[Verdict]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask one check about rows; each call has evidence of its own."""
    count = iter(range(1000))

    def asked(name: str, at: Moment = evidence.AT, **tables: Any) -> list[Verdict]:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        return evidence.ask(name, folder, at, **tables)

    return asked
