"""What a classification says of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 16 << 10
"""What is read of a file to classify it."""

Readable = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Kind:
    """The class of a file, whether it is readable, the cipher if the envelope tells, and a remark."""

    file_class: str
    readable: Readable
    cipher: str | None = None
    remark: str | None = None
