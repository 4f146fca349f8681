"""Words of DICOM, of security and of the rule with one sentence each: `glossary.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import yaml

from riskkit.catalog.loading import FOLDER
from riskkit.errors import CatalogError

FILE = FOLDER / "glossary.yaml"


@cache
def glossary() -> Mapping[str, str]:
    """Terms with their sentences, without a full stop; raises CatalogError when the file is no such list."""
    terms = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    if not isinstance(terms, dict) or not all(
        isinstance(term, str) and isinstance(words, str) and words and not words.endswith(".")
        for term, words in terms.items()
    ):
        raise CatalogError("must map each term to one sentence without full stop", file=FILE)
    return terms
