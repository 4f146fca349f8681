"""Parts of events that come again and again: the same people at the same places, the same kinds of event."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

LIMIT = 8192
"""Answers that are kept of each function: our own cap."""

_FORMAT = 2  # of marshal: the last in which equal values are written equally

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def remembered(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Ask a function of JSON values once for equal values; what it answers must not be changed.

    Raises ValueError for values that nest too deep.
    """
    answers: dict[bytes, Answer] = {}

    @wraps(function)
    def ask(*given: Given.args, **_none: Given.kwargs) -> Answer:
        key = marshal.dumps(given, _FORMAT)  # type: ignore[arg-type]
        if key in answers:
            return answers[key]
        if len(answers) >= LIMIT:
            answers.clear()
        answer = answers[key] = function(*given)  # type: ignore[call-arg]
        return answer

    return ask
