"""Identifiers for records whose producer gives none, so that a copy of one can be told."""

from __future__ import annotations

import hashlib
import re

_FINE = re.compile(r":\d\d[.,](?!0+(?!\d))\d{3}")


class Digests:
    """SHA-256 of what is written, for the records of one file in their order.

    An equal record elsewhere, in another file or among other times, is a copy. Equal records of one
    time that follow one another may be two events, unless the time is told to the millisecond: from the
    second on they have no identifier, and nobody can say whether they are copies.
    """

    def __init__(self) -> None:
        self._time = ""
        self._seen: set[bytes] = set()

    def of(self, written: str, time: str) -> str | None:
        """The identifier of a record, or none; `time` is as written."""
        digest = hashlib.sha256(written.encode("utf-8", "surrogatepass"))
        if time != self._time:
            self._time, self._seen = time, set()
        if digest.digest() in self._seen and not _FINE.search(time):
            return None
        self._seen.add(digest.digest())
        return digest.hexdigest()
