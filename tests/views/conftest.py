"""Assessments that the tests of views share."""

from __future__ import annotations

import pytest

from riskkit.model import Assessment
from tests.views import made


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """An assessment of no evidence at all."""
    return made.assessment(tmp_path_factory.mktemp("nothing"), {})


@pytest.fixture(scope="session")
def something(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """An assessment of rows of every table."""
    return made.assessment(tmp_path_factory.mktemp("something"), made.rows())


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """The same with markup, control characters and formulas in every free text."""
    return made.assessment(tmp_path_factory.mktemp("hostile"), made.rows(made.HOSTILE))
