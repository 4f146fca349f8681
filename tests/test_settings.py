"""site.yaml: defaults, and a clear word for every mistake."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from riskkit.errors import SettingsError
from riskkit.settings import Settings, read_settings


def write(pack: Path, text: str) -> Path:
    (pack / "site.yaml").write_text(text, encoding="utf-8")
    return pack


def test_no_file_gives_defaults(tmp_path: Path) -> None:
    """Everything is optional, the file too."""
    assert read_settings(tmp_path) == Settings()


def test_values_are_read(tmp_path: Path) -> None:
    """Zone, hours written as YAML clock times, and freshness per table are understood."""
    text = (
        "timezone: America/Chicago\nworking_hours: {start: 06:30, end: '18:00'}\n"
        "freshness_days: {accounts: 30}\nengine: spark\nmemory_limit: 1.5GB\n"
    )
    settings = read_settings(write(tmp_path, text))
    assert str(settings.timezone) == "America/Chicago"
    assert settings.stated_zone
    assert settings.working_hours.start == time(6, 30)
    assert settings.freshness("accounts") == 30
    assert settings.freshness("roster") == 90
    assert (settings.engine, settings.memory_limit) == ("spark", "1.5GB")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("organization: x", "organization: unknown key"),
        ("timezone: Mars/Base", "no IANA time zone"),
        ("retention_years: six", "retention_years"),
        ("freshness_days: {accounts: 0}", "freshness_days.accounts"),
        ("a: [", "not YAML at line 1"),
        ("- list", "not a mapping"),
        ("1: 2", "not text"),
        ("appetite: reckless", "appetite"),
        ("engine: pandas", "engine"),
        ("memory_limit: much", "memory_limit"),
        ("stated_zone: true", "unknown key"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, word: str) -> None:
    """The error names the file and the key."""
    with pytest.raises(SettingsError, match=word) as caught:
        read_settings(write(tmp_path, text))
    assert "site.yaml" in str(caught.value)
