"""Everything that only people can say has a question, and no question stands for data."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.catalog import ATTESTATION, load_catalog
from riskkit.catalog.questions import load_questions
from riskkit.errors import CatalogError

CATALOG = load_catalog()


def test_every_attested_specification_has_a_question() -> None:
    """Each control of mode attest, and each that an answer shows; nothing that data can show by itself."""
    attested = {citation for citation, control in CATALOG.controls.items() if control.mode == "attest"}
    answered = {row.control for row in CATALOG.sufficiency.values() if ATTESTATION in row.kinds}
    assert attested | answered == set(load_questions())


def test_an_answer_never_suffices_by_more_than_an_interview() -> None:
    """Where an answer is the evidence, the method is INTERVIEW."""
    methods = {row.method for row in CATALOG.sufficiency.values() if ATTESTATION in row.kinds}
    assert methods == {"INTERVIEW"}


@pytest.mark.parametrize(
    "text",
    [
        "45 CFR 164.312(d): {question: Is it so., who: Somebody, basis: Paper}",
        "45 CFR 164.312(d): {question: Is it so?, who: Somebody}",
        "45 CFR 164.312(z): {question: Is it so?, who: Somebody, basis: Paper}",
        "- a list",
        "a: [",
    ],
)
def test_what_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    """A sentence that asks nothing, a missing key, a citation that does not exist, no mapping, no YAML."""
    path = tmp_path / "questions.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError):
        load_questions(path)
