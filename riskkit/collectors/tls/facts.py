"""One observation of a listener, as the scan file writes it."""

from __future__ import annotations

from typing import Literal, TypedDict


class Fact(TypedDict):
    """The columns of `channel_observations` that say what was seen; `key` is listed in the package."""

    key: str
    value: str
    reason: str
    detail: str
    confidence: str


def fact(
    key: str,
    value: str,
    *,
    reason: str = "",
    detail: str = "",
    confidence: Literal["high", "medium", "low"] = "high",
) -> Fact:
    """`reason` says why a value is unknown, `detail` more of what was seen."""
    return Fact(key=key, value=value, reason=reason, detail=detail, confidence=confidence)
