"""Security training among all that the learning system lists, as the checks recognise it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from riskkit.derived.courses import teaches_security
from riskkit.model import Assessment
from riskkit.tables import records


def security_training(assessment: Assessment) -> Iterator[Any]:
    """The rows of courses on security, by the column, the site's own list, or their titles."""
    named = str(assessment.outcome("people.training_overdue").parameters.get("courses", ""))
    return (row for row in records(assessment.table("training")) if teaches_security(row, named))
