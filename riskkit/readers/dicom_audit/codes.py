"""Coded values in the two dialects of audit messages."""

from __future__ import annotations

from collections.abc import Mapping


def code(value: Mapping[str, str]) -> str:
    """The code of a coded value in either dialect: `csd-code` (DICOM) or `code` (RFC 3881)."""
    return (value.get("csd-code") or value.get("code") or "").strip()
