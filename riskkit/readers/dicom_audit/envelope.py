"""What lies between messages: syslog headers, XML declarations, other lines, and strays.

Everything that is not the envelope of a message or blank is given out as a `Remainder`, so that no
byte of a file vanishes without a count.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

BOM = codecs.BOM_UTF8

_HEADER_LIMIT = 4096
_BESIDE_LIMIT = 1024

_SPACES = re.compile(rb"[\s\x00]++")
_BLANK = re.compile(rb"(?:[\s\x00]++|\xef\xbb\xbf)*+")
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._\-]{1,40})["']""")

# <PRI> as in RFC 5424 section 6 and RFC 3164 section 4, an octet count before it as in RFC 6587
# section 3.4.1; files that rsyslog writes have no <PRI>.
_CLOCK = rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:Z+\-]{0,20})"
_PRI = rb"<\d{1,3}>(?:1 (?P<time>-|\d[^\s<]{9,40}) |" + _CLOCK + rb" )"
_HEADER = re.compile(_PRI)
_BARE_HEADER = re.compile(_CLOCK + rb" (?=\S)")
_OCTETS = re.compile(rb"(?<!\d)(\d{1,10}) \Z")
_LOG_LINE = re.compile(rb"(?:\d{1,10} )?" + _PRI + rb"|" + _CLOCK + rb" (?=\S)")
_BOUNDARY = re.compile(_PRI + rb"|<\?xml\s|\n(?=" + _CLOCK + rb" \S)")

# What stands before nearly every message: nothing, or a header as in _PRI with byte order mark and XML
# declaration at will, all on one line. `Gaps.before_message` says the same of it, at more length.
USUAL = re.compile(
    rb"\r?\n?(?:(?:(?P<octets>\d{1,10}) (?=<))?(?P<header><\d{1,3}>1 (?P<time>-|\d[^\s<]{9,40}) )"
    rb"(?:[^\s<\[\]]{1,64} ){4}- ?"
    rb"(?P<bom>\xef\xbb\xbf)?"
    rb"(?:<\?xml version=\"1\.0\"(?: encoding=\"(?:UTF|utf)-8\")?\?>)? ?)?"
    rb"(?=<AuditMessage[> ])"
)

# A header without a message of its own: the message stands on the next line.
_HEADER_ALONE = re.compile(
    rb"<\d{1,3}>(?:1 (?:[^\s<]{1,255} ){5}"
    rb'(?:-|(?:\[(?:[^\]"\\]++|"(?:[^"\\]++|\\.)*+")*+\])++)|' + _CLOCK + rb" \S{1,255} \S{1,255})\s*\Z"
)
_WRAPPER = re.compile(rb"(?:\s*</?[A-Za-z_][\w.:\-]{0,63}(?:\s[^<>]{0,512})?>)+\s*\Z")
_VOCABULARY = re.compile(rb"AuditMessage|EventIdentification|ActiveParticipant|AuditSource|ParticipantObject")


@dataclass(slots=True)
class Remainder:
    """Bytes that are no message: ignored or quarantined, and why."""

    offset: int
    length: int
    reason: str
    ignored: bool
    detail: str = ""


@dataclass(slots=True)
class Envelope:
    """What the bytes before a message say of it.

    `received` is the time of a syslog header as written, `octets` and `counted_from` the octet count of
    a frame and the file offset from which it counts.
    """

    encoding: str = ""
    received: str = ""
    repaired: str = ""
    dtd: bool = False
    commented: bool = False
    octets: int | None = None
    counted_from: int = 0
    bom: bool = False


class Gaps:
    """Reads the gaps of one file in order; knows whether an XML comment is still open."""

    def __init__(self) -> None:
        self._commented = False

    def before_message(self, gap: bytes, offset: int, after: bool) -> tuple[Envelope, list[Remainder]]:
        """The envelope of the message that follows a gap, and what else the gap holds.

        `offset` is the gap's own; `after` tells that a message ends where the gap begins.
        """
        envelope = Envelope()
        if _BLANK.fullmatch(gap):
            envelope.commented = self._commented
            return envelope, []
        # Seen from the message backwards: document type, XML declaration, byte order mark, header.
        tail = _trimmed(gap, len(gap))
        doctype = gap.rfind(b"<!DOCTYPE", 0, tail)
        if doctype >= 0 and not _HEADER.search(gap, doctype, tail):
            envelope.dtd = True
            tail = _trimmed(gap, doctype)
        declaration = gap.rfind(b"<?xml", 0, tail)
        declared = declaration >= 0 and gap.find(b"?>", declaration, tail) == tail - 2
        if declared:
            named = _DECLARED.match(gap, declaration, tail)
            envelope.encoding = named[1].decode("ascii") if named else ""
            tail = _trimmed(gap, declaration)
        header = _header_ending(gap, tail)
        if header is not None:
            between = gap[tail : declaration if declared else tail]
            if between.strip(b" " + BOM):
                envelope.repaired = "blank lines before the XML declaration"
            envelope.bom = BOM in gap[tail:]
            tail = self._read_header(gap, header, offset, envelope)
        before = header is None and b"\n" not in gap[tail:]
        remainders = list(self._remainders(gap[:tail], offset, after, before))
        envelope.commented = self._commented
        return envelope, remainders

    def usual(self, buffer: bytes, start: int) -> re.Match[bytes] | None:
        """The gap before a message from `start` on when it is of the usual kind, else None.

        It has the groups of USUAL, and holds nothing that `before_message` would give out besides.
        """
        return None if self._commented else USUAL.match(buffer, start)

    def leftover(self, gap: bytes, offset: int, after: bool) -> Iterator[Remainder]:
        """What a gap holds that no message follows directly."""
        return self._remainders(gap, offset, after, before=False)

    def _read_header(self, gap: bytes, header: re.Match[bytes], offset: int, envelope: Envelope) -> int:
        """Take over what a header says; returns where it begins, its octet count included."""
        self._commented = False
        if header.re is _BARE_HEADER:
            return header.start()
        if header["time"]:
            envelope.received = header["time"].decode("ascii", "replace")
        counted = _octets_before(gap, header.start())
        if counted is None:
            return header.start()
        envelope.octets, envelope.counted_from = int(counted[1]), offset + header.start()
        return counted.start()

    def _remainders(self, gap: bytes, offset: int, after: bool, before: bool) -> Iterator[Remainder]:
        """Comments and lines by kind; strays that touch each other are one.

        `after` and `before` tell that the first and the last line also hold a message.
        """
        stray: Remainder | None = None
        first_line = len(gap) if (line := gap.find(b"\n")) < 0 else line
        for start, end, comment in self._pieces(gap):
            piece = gap[start:end]
            beside = (after and start < first_line) or (
                before and end == len(gap) and not piece.endswith(b"\n")
            )
            kind = "xml_comment" if comment else _kind(piece, beside)
            if kind == "blank":
                continue
            if kind == "stray":
                if stray is None:
                    stray = Remainder(offset + start, 0, "bad_framing", ignored=False)
                    stray.detail = "bytes that belong to no message"
                stray.length = offset + end - stray.offset
                continue
            if stray:
                yield stray
                stray = None
            yield Remainder(offset + start, end - start, kind, ignored=True)
        if stray:
            yield stray

    def _pieces(self, gap: bytes) -> Iterator[tuple[int, int, bool]]:
        """Comments (True) and lines of a gap; time grows with its length only."""
        start, end = 0, len(gap)
        while start < end:
            if self._commented:
                close = gap.find(b"-->", start)
                stop = end if close < 0 else close + 3
                self._commented = close < 0
                yield start, stop, True
                start = stop
                continue
            if spaces := _SPACES.match(gap, start):
                start = spaces.end()
                continue
            line = gap.find(b"\n", start)
            stop = end if line < 0 else line + 1
            opened = gap.find(b"<!--", start, stop)
            if opened == start:
                self._commented = True
                continue
            stop = stop if opened < 0 else opened
            yield start, stop, False
            start = stop


def next_envelope(buffer: bytes, start: int, end: int) -> int:
    """Where the next header or XML declaration begins; `end` when there is none."""
    found = _BOUNDARY.search(buffer, start, end)
    if found is None:
        return end
    counted = _octets_before(buffer, found.start())
    return max(start, counted.start() if counted else found.start())


def _octets_before(buffer: bytes, header: int) -> re.Match[bytes] | None:
    return _OCTETS.search(buffer, max(0, header - 12), header)


def _header_ending(gap: bytes, tail: int) -> re.Match[bytes] | None:
    """The syslog header that ends at `tail`; on a line above the message only if it carries nothing else."""
    line = max(gap.rfind(b"\n", 0, tail) + 1, tail - _HEADER_LIMIT)
    header = None
    for header in _HEADER.finditer(gap, line, tail):  # noqa: B007 - the last one is wanted
        pass
    header = header or _BARE_HEADER.match(gap, line, tail)
    if header and b"\n" in gap[tail:] and not _HEADER_ALONE.match(gap, header.start(), tail):
        return None
    return header


def _kind(piece: bytes, beside: bool) -> str:
    bare = piece.strip().removeprefix(BOM)
    kinds = (
        ("blank", _BLANK.fullmatch(piece)),
        ("stray", _VOCABULARY.search(piece)),
        ("other_log_line", _LOG_LINE.match(bare)),
        ("xml_declaration", bare.startswith(b"<?") and bare.endswith(b"?>")),
        ("xml_wrapper", _WRAPPER.match(bare)),
        ("text_beside_message", beside and b"<" not in piece and len(piece) <= _BESIDE_LIMIT),
    )
    return next((kind for kind, fits in kinds if fits), "stray")


def _trimmed(gap: bytes, end: int) -> int:
    """The index after the last byte before `end` that is neither blank nor a byte order mark."""
    while end > 0:
        if gap[end - 1] in b" \t\r\n\x0b\x0c\x00":
            end -= 1
        elif gap.endswith(BOM, 0, end):
            end -= len(BOM)
        else:
            break
    return end
