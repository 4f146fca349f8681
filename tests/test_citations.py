"""How people cite the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.catalog import load_catalog
from riskkit.tables import TABLES, cited, cites

ONE = "45 CFR 164.308(a)(1)(ii)(A)"


@pytest.mark.parametrize(
    "written",
    [
        "164.308(a)(1)(ii)(A)", "§164.308(a)(1)(ii)(A)", "§ 164.308 (a)(1)(ii)(A)",
        "45 CFR § 164.308(a)(1)(ii)(A)", "45CFR164.308(a)(1)(ii)(A)", "45 C.F.R. §164.308(a)(1)(ii)(a)",
        "45 cfr 164.308(A)(1)(II)(A)",
        "45 CFR Part 164, § 164.308(a)(1)(ii)(A)", "Section 164.308( a )(1)(ii)(A)", ONE,
    ],
)  # fmt: skip
def test_one_citation_in_many_spellings(written: str) -> None:
    """Section sign, missing title, blanks and case make no other citation."""
    assert cited(written) == ONE


@pytest.mark.parametrize("text", ["theft.loss", "access.own_record", "1164.308", "164.3080", "", "a1b2"])
def test_what_is_no_citation_stays(text: str) -> None:
    """Ids of risks and checks and fingerprints are kept as they are."""
    assert cited(text) == text


def test_several_and_among_words() -> None:
    """Several are kept in their order; among words they are found and the words are kept."""
    assert cited("164.308(a)(7)(i), §164.310(b)") == "45 CFR 164.308(a)(7)(i); 45 CFR 164.310(b)"
    said = "164.308(a)(7)(i) Contingency plan"
    assert cited(said) == said
    assert cites(said) == ("45 CFR 164.308(a)(7)(i)",)


@given(st.sampled_from(sorted(load_catalog().controls)))
def test_the_catalogue_cites_as_it_is_read(citation: str) -> None:
    """Every citation of the catalogue, with and without its title, is read as the catalogue writes it."""
    assert cited(citation) == cited(citation.removeprefix("45 CFR ")) == citation


def test_every_column_of_citations_is_marked() -> None:
    """A column whose description speaks of a citation is normalized."""
    for table in TABLES.values():
        for column in table.columns:
            if "citation" in column.doc:
                assert column.cites, (table.name, column.name)
