"""Whether bytes look like ciphertext: what a format says of itself is no proof without that."""

from __future__ import annotations

import math
from collections import Counter

PIECE = 2048
LEAST = 512
"""Bytes; fewer tell nothing."""

_BITS_OF_PIECE, _BITS_OF_LESS = 7.8, 7.4
"""Per byte. 2048 random bytes have 7.91 on average and 512 have 7.59, within 0.05; text has 6 at most."""

NOT_SEEN = "what follows was not found to be encrypted"


def is_random(sample: bytes) -> bool:
    """Whether every piece of 2 KiB has nearly all the entropy it can have, or all of a shorter sample."""
    if len(sample) < PIECE:
        return len(sample) >= LEAST and bits_of(sample) > _BITS_OF_LESS
    whole = len(sample) // PIECE * PIECE
    return all(bits_of(sample[at : at + PIECE]) > _BITS_OF_PIECE for at in range(0, whole, PIECE))


def bits_of(sample: bytes) -> float:
    """Entropy per byte, of the bytes as they are."""
    total = len(sample)
    return -sum(n / total * math.log2(n / total) for n in Counter(sample).values())
