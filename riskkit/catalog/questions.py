"""What only people can say: one question per specification, with who can answer and on what basis."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from riskkit.catalog.loading import FOLDER, load_catalog
from riskkit.errors import CatalogError

Words = Annotated[str, Field(min_length=3)]


class Question(BaseModel):
    """`question` can be answered yes, no or not applicable; `basis` names the document that shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Annotated[str, Field(pattern=r"\?$")]
    who: Words
    basis: Words


@cache
def load_questions(path: Path = FOLDER / "questions.yaml") -> Mapping[str, Question]:
    """Questions by citation, in the order of controls.csv; raises CatalogError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = TypeAdapter(dict[str, Question]).validate_python(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise CatalogError(f"is no list of questions: {error}", file=path) from error
    controls = load_catalog().controls
    if unknown := sorted(found.keys() - controls.keys()):
        raise CatalogError(f"not in controls.csv: {', '.join(unknown)}", file=path)
    return {citation: found[citation] for citation in controls if citation in found}
