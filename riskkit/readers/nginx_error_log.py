"""Error logs of nginx: known, counted, and no audit trail.

What they say of a request (a refused password, a file that is missing, a broken upstream) stands in the
access log of the same server with its status; the rest is about the server itself. Read as events, requests
would count twice, and a server whose access log was not handed over would pass for one that is audited. So
every record is ignored with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.events import Book, read_lines
from riskkit.readers.text_log import Line

_PREFIX = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:debug|info|notice|warn|error|crit|alert|emerg)\] \d+#\d+: "
_HEAD = re.compile(_PREFIX.encode())
_LINE = re.compile(_PREFIX)
_REQUEST = re.compile(r", client: \S{1,255}, server: ")


def _recognize(head: bytes, _name: str) -> bool:
    return _HEAD.match(head.lstrip()) is not None


@reader(
    id="nginx_error_log",
    title="Error log of nginx, which is no audit trail",
    version=1,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    evidence=False,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line, all of them ignored."""
    return read_lines(member, context, _take, lambda _book: (NOTE,))


NOTE = "an error log is no audit trail: who asked for what, and how it ended, tells the access log"


def _take(book: Book, _line: Line, text: str) -> None:
    if not _LINE.match(text):
        book.events.ignore("continuation_line")
    else:
        book.events.ignore("told_by_the_access_log" if _REQUEST.search(text) else "about_the_server")
