"""Messages that are written alike: one of them, parsed with care, shows where the others keep their values.

Split at its double quotes, a message is markup and attribute values in turn. Messages of one `Shape`
have the same markup, so when one is well-formed all are, if only their values are (`alike` sees to
that). Of the values some decide what a message means (codes, roles, flags); messages that agree in
these follow one `Plan` (`plans`), and what remains is copied from its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from riskkit.readers.dicom_audit.parsing import (
    DESCRIBED,
    STARTERS,
    Attributes,
    Parser,
    UnreadableError,
)

Pick = Callable[[Sequence[bytes]], tuple[bytes, ...]]

# Text of an element, whole: no reference, no line end, no blank in front, so that it can hold no markup.
TEXT = re.compile(rb'>([^<>"&\x00-\x20][^<>"&\x00-\x1f]*)<')
NO_TEXT = b">\xff<"  # a byte that no UTF-8 holds

OPEN, _CLOSE = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"
MARK = re.compile(f"{OPEN}(\\d+){_CLOSE}")
_BRACKET = re.compile(f"{OPEN}|{_CLOSE}|&#".encode())  # also as a reference
_UNUSUAL = re.compile(rb"<[!?]|'")
_VARIANTS = 64

_CODED = frozenset(
    {
        "EventID", "EventTypeCode", "PurposeOfUse", "RoleIDCode", "UserIDTypeCode", "MediaType",
        "ParticipantObjectIDTypeCode",
    }
)  # fmt: skip
_DESCRIPTIONS = frozenset({"ParticipantObjectDescription", "ParticipantObjectDescriptionType"})
PARTS = frozenset({"MPPS", "Accession", "SOPClass", "Instance", "StudyIDs", "Encrypted", "Anonymized"})
_TAKEN = {
    "EventIdentification": {"EventDateTime"},
    "ActiveParticipant": {"UserID", "AlternativeUserID", "UserName", "NetworkAccessPointID"},
    "AuditSourceIdentification": {"AuditSourceID", "AuditEnterpriseSiteID"},
    "ParticipantObjectIdentification": {"ParticipantObjectID"},
    "ParticipantObjectDetail": {"value"},
    "ParticipantObjecntObjectDetail": {"value"},
}
"""Attributes whose values are copied. All others of elements that are read decide, but for names of codes."""


class NoPlanError(Exception):
    """The message is of a kind that is read one by one."""


def markup(pieces: Sequence[bytes]) -> bytes:
    """What stands outside the double quotes of a split message; equal for messages of one shape."""
    return b'"'.join(pieces[::2])


@lru_cache(maxsize=4096)  # a name comes again with the next event of the patient
def without_texts(written: bytes) -> bytes:
    """Markup with the texts of elements left out."""
    return TEXT.sub(NO_TEXT, written)


@dataclass(slots=True, eq=False)
class Shape:
    """Messages with the same markup.

    `width` is the number of their pieces; one more is empty and stands for what a message lacks.
    `decides` and `taken` pick the values that decide and those that are copied. `plans` has the plan for
    each way to decide that was seen, None where there is none.
    """

    width: int
    decides: Pick
    taken: Pick
    taken_at: tuple[int, ...]
    places: tuple[tuple[int, str, str], ...]
    texts_left_out: bool
    declares_xsi: bool
    plans: dict[object, Any] = field(default_factory=dict)
    usual: tuple[object, Any] = (None, None)

    @property
    def full(self) -> bool:
        """Whether so many variants were seen that another one is read without a plan."""
        return len(self.plans) >= _VARIANTS


class Watcher(Parser):
    """A parser that notes where marks come out.

    `places` has the number of the element, its name and the attribute of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, tuple[int, str, str]] = {}
        self._elements = 0

    def _started(self, name: str, attributes: Attributes) -> None:
        self._elements += 1
        for attribute, value in attributes.items():
            if value.startswith(OPEN):
                self.places[value] = (self._elements, name.rpartition(":")[2], attribute)
        super()._started(name, attributes)


def shape_of(pieces: Sequence[bytes], texts_left_out: bool) -> Shape | None:
    """The shape of a message that is split at its double quotes; None when it is not a simple one."""
    written = markup(pieces)
    if (
        _UNUSUAL.search(written)
        or (b"xsi:" in written and b"xmlns:xsi" not in written)
        or not may_be_marked([written])
    ):
        return None
    marked = list(pieces)
    numbers = range(1, len(pieces), 2)
    for number in numbers:
        marked[number] = mark(number)
    watcher = Watcher()
    try:
        watcher.parse_body(b'"'.join(marked))
    except (NoPlanError, UnreadableError):
        return None
    # A quote that does not bound a value of an attribute would leave its mark nowhere.
    if len(pieces) % 2 == 0 or any(mark(number).decode() not in watcher.places for number in numbers):
        return None
    places = tuple(watcher.places[mark(number).decode()] for number in numbers)
    kinds = {number: _kind(*place[1:]) for number, place in zip(numbers, places, strict=True)}
    taken = tuple(number for number in numbers if kinds[number] == "taken")
    decides = tuple(number for number in numbers if kinds[number] == "decides")
    return Shape(
        len(pieces), picker(decides), picker(taken), taken, places, texts_left_out, b"xmlns:xsi" in written
    )


def _kind(element: str, attribute: str) -> str:
    """Whether a value is passed over, taken as it is, or decides."""
    if element not in STARTERS:
        return "passed over"
    if element in _CODED:
        return "decides" if attribute in ("csd-code", "code") else "passed over"
    if element in _DESCRIPTIONS:
        return "decides" if attribute in DESCRIBED else "passed over"
    if element in PARTS or attribute in _TAKEN.get(element, ()):
        return "taken"
    return "decides"


def mark(number: int) -> bytes:
    """What stands for the value in a place while a plan is made."""
    return f"{OPEN}{number}{_CLOSE}".encode()


def may_be_marked(pieces: Sequence[bytes]) -> bool:
    """Whether no piece holds a bracket of a mark: it would pass for one."""
    return not any(_BRACKET.search(piece) for piece in pieces)


def picker(places: tuple[int, ...]) -> Pick:
    """A function that gives what stands in these places."""
    if len(places) > 1:
        return itemgetter(*places)
    if places:
        (only,) = places
        return lambda pieces: (pieces[only],)
    return lambda _pieces: ()
