"""The dates of support: read strictly, matched by name and release."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from riskkit.catalog.support_dates import FILE, read_support_dates, support_of
from riskkit.errors import CatalogError


@pytest.mark.parametrize(
    ("name", "version", "until"),
    [
        ("Microsoft Windows Server 2012 R2 Standard", "6.3.9600", date(2023, 10, 10)),
        ("Windows Server", "2016", date(2027, 1, 12)),
        ("Windows 10 Enterprise LTSC 2019", None, date(2029, 1, 9)),
        ("Windows 10", "22H2", date(2025, 10, 14)),
        ("restic on Debian", "12", date(2028, 6, 30)),
        ("openssl", "1.1.1w", date(2023, 9, 11)),
        ("PostgreSQL", "14.2", date(2026, 11, 12)),
        ("redhat", "8.10", date(2029, 5, 31)),
        ("Orthanc", "1.12.4", None),
        ("WildFly", "30.0.1.Final", date(2024, 1, 25)),
        ("Apache Tomcat", "8.5.100", date(2024, 3, 31)),
        ("Windows XP", "SP3", date(2014, 4, 8)),
    ],
)
def test_a_release_is_found(name: str, version: str | None, until: date | None) -> None:
    """The longest name and the longest release count; a rolling product is known and has no date."""
    found = support_of(name, version)
    assert found is not None
    assert found.until == until


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("PostgreSQL", "1"),
        ("PostgreSQL", "140"),
        ("python3-openssl", "3.0"),
        ("Heronview", "8"),
        (None, None),
    ],
)
def test_what_is_not_known_stays_so(name: str | None, version: str | None) -> None:
    """No release is guessed from a part of a number, no product from a part of a word."""
    assert support_of(name, version) is None


def test_every_entry_names_its_source() -> None:
    """Names are unique, so that no product hides another; each has a page to look at."""
    checked, products = read_support_dates(FILE)
    names = [name for product in products for name in product.names]
    assert len(set(names)) == len(names)
    assert checked >= date(2026, 1, 1)


def test_every_date_was_read_somewhere() -> None:
    """Only products without dates are left from memory; what was read elsewhere names a fixed version."""
    _, products = read_support_dates(FILE)
    assert [product.product for product in products if product.read == "memory" and product.until] == []
    for product in products:
        assert product.read_in is None or "/blob/" in product.read_in or "MicrosoftDocs" in product.read_in


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "checked: 2026-01-01\nproducts: [{product: a, names: [a], source: 'https://a', read: seen}]",
        "checked: 2026-01-01\nproducts: [{product: a, names: [A], source: 'https://a', read: seen, rolling: on}]",  # noqa: E501
        "checked: 2026-01-01\nproducts: [{product: a, names: [a], source: a, read: seen, rolling: true}]",
        ": :",
    ],
)
def test_a_wrong_file_is_an_error(content: str, tmp_path: Path) -> None:
    """Without a date, a source or lower case, the file is refused and named."""
    path = tmp_path / "support_dates.yaml"
    path.write_text(content)
    with pytest.raises(CatalogError, match="support_dates"):
        read_support_dates(path)
