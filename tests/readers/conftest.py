"""Fixtures for tests that follow what was read to a verdict."""

from __future__ import annotations

from tests.checks.conftest import ask

__all__ = ["ask"]
