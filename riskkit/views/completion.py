"""The mark that a notebook leaves at its end, so that a report can tell an end from a halt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskkit.model import Assessment
from riskkit.views.html import Html, paragraph

MEDIA_TYPE = "application/vnd.riskkit.completed+json"


@dataclass(frozen=True)
class Completed:
    """Shown as one line; the media type tells the report that the last cell was reached."""

    line: Html

    def __repr__(self) -> str:
        return "<Completed>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.line._repr_html_(), MEDIA_TYPE: {"completed": True}}


def completed(assessment: Assessment) -> Completed:
    """Say that the notebook ran to its end; its last cell."""
    moment = assessment.moment
    return Completed(paragraph(f"End of this part, period {moment.period.name}.", note=True))
