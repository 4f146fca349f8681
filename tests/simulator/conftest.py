from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.simulator import simulate
from tests.simulator.packs import Message, messages


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with everything at its default."""
    return simulate(tmp_path_factory.mktemp("simulated") / "pack", seed=7)


@pytest.fixture(scope="session")
def trail(pack: Path) -> list[Message]:
    """Every whole audit message of the pack."""
    return list(messages(pack))
