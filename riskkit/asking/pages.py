"""One page of requests per owner, as HTML and as Markdown, with an index. They hold no personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from riskkit.asking.items import UNASSIGNED, Ask, Request
from riskkit.catalog.exports import Way
from riskkit.errors import ReportError
from riskkit.model import Assessment
from riskkit.store import private_folder, replace_file
from riskkit.views.html import Content, Html, bullets, clean, facts, join, paragraph, tag
from riskkit.words import be, count, have

INDEX = "requests.json"
"""The last file that is written: it names the others, so that a later run can replace them."""

SHOWN = 8
"""Questions and citations that a page shows of one request."""

# fmt: off
STYLE = """
:root{color-scheme:light dark}
body{max-width:56rem;margin:2rem auto;padding:0 1.25rem;font:1rem/1.5 system-ui,sans-serif}
h1{margin-bottom:.2rem}h2{margin-top:2.2rem;border-top:1px solid #8a94a0;padding-top:1rem}
.lead{font-size:1.1rem}.note{opacity:.8;font-size:.92rem}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}
.facts dt{font-weight:600}.facts dd{margin:0}.facts ul{margin:0;padding-left:1.1rem}
.ask{border-left:4px solid #7f93a8;padding:.1rem 1rem;margin:1rem 0}.ask h3{margin:.3rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.6rem .8rem;
background:color-mix(in srgb,currentColor 8%,transparent)}
p,dd,code{overflow-wrap:anywhere}
table{border-collapse:collapse}th,td{text-align:left;padding:.3rem .9rem .3rem 0}
@media print{body{margin:0}.ask{break-inside:avoid}}
"""
# fmt: on

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")
_UNVERIFIED = "This command was not compared with the product's documentation: try it first."


def write_requests(assessment: Assessment, requests: Sequence[Request], out: Path) -> tuple[Path, ...]:
    """Write the pages of all owners and the index; returns the paths, the index page first.

    Pages of an earlier run in the same folder are replaced, and those that nobody is asked for any
    more go. Raises ReportError when the folder holds anything that such a run did not write.
    """
    if out.exists():
        _clear(out)
    folder = private_folder(out)
    owners: dict[str, list[Request]] = {}
    for request in requests:
        owners.setdefault(request.owner, []).append(request)
    pages = {
        owner: f"{number:02}-{_slug(owner)}"
        for number, owner in enumerate(sorted(owners, key=_last), start=1)
    }
    texts: dict[str, str] = {}
    for owner, stem in pages.items():
        title = f"Evidence asked of {owner}" if owner != UNASSIGNED else "Evidence that nobody is asked for"
        texts[f"{stem}.md"] = _markdown(assessment, title, owners[owner])
        texts[f"{stem}.html"] = _page(assessment, title, _body(owners[owner]))
    texts["index.md"] = _index_markdown(assessment, owners, pages)
    texts["index.html"] = _page(assessment, "Evidence asked for", _index(owners, pages))
    # Named before they are written: a run that is stopped leaves nothing that the next one does not know.
    names = [*texts, INDEX]
    content = {"files": names, "requests": [_as_json(one, pages[one.owner]) for one in requests]}
    replace_file(folder / INDEX, json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    for name, text in texts.items():
        replace_file(folder / name, text)
    return (folder / "index.html", *(folder / name for name in texts if name != "index.html"))


def _clear(out: Path) -> None:
    there = {path.name for path in out.iterdir()} if out.is_dir() else {""}
    try:
        known = set(json.loads((out / INDEX).read_text(encoding="utf-8"))["files"]) if there else set()
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    if there - known:
        raise ReportError("holds what `riskkit request` did not write", file=out, do="Name another --out")
    for name in there:
        (out / name).unlink()


def _last(owner: str) -> tuple[bool, str]:
    """What nobody owns comes last."""
    return owner == UNASSIGNED, owner.casefold()


def _slug(owner: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", owner.casefold()).strip("-")[:40].strip("-") or "owner"


def _as_json(request: Request, page: str) -> Mapping[str, Any]:
    return {
        "owner": request.owner,
        "page": f"{page}.html",
        "kind": request.kind,
        "due": request.due.isoformat(),
        "controls": [citation for citation, _ in request.controls],
        "asks": [
            {
                "system": ask.system.id if ask.system else None,
                "reason": ask.reason,
                "due": ask.due.isoformat(),
                "target": ask.target,
            }
            for ask in request.asks
        ],
    }


# ---------------------------------------------------------------- HTML


def _page(assessment: Assessment, title: str, body: Html) -> str:
    settings, moment = assessment.settings, assessment.moment
    head = f"{settings.organisation}, {moment.period.name}"
    foot = "Simulated evidence." if settings.synthetic else settings.confidentiality
    content = tag(
        "main",
        tag("h1", title),
        paragraph(f"{head}. How the evidence stood at the end of {moment.today}.", note=True),
        body,
        paragraph(foot, note=True) if foot else None,
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(clean(f'{title}, {head}'))}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{content.markup}\n</body>\n</html>\n"
    )


def _body(requests: Sequence[Request]) -> Html:
    lead = paragraph(_lead(requests), lead=True)
    return join([lead, *(_section(request) for request in requests)])


def _section(request: Request) -> Html:
    why: list[Content] = [f"{citation} {title}" for citation, title in request.controls[:SHOWN]]
    if len(request.controls) > SHOWN:
        why.append(f"and {len(request.controls) - SHOWN} more")
    questions = [*request.questions[:SHOWN], *_more(request.questions)]
    return tag(
        "section",
        tag("h2", request.title),
        paragraph(request.what),
        facts(
            [
                ("Why", bullets(why)),
                ("It answers" if questions else "", bullets(questions) if questions else ""),
                ("How", request.how),
                ("Leave out", request.redact),
            ]
        ),
        [_ask(ask) for ask in request.asks],
    )


def _ask(ask: Ask) -> Html:
    return tag(
        "div",
        tag("h3", _of(ask)),
        facts(
            [
                ("Reason", ask.reason),
                ("Due", ask.due.isoformat()),
                ("Put it under", tag("code", ask.target)),
            ]
        ),
        [_way(way) for way in ask.ways],
        class_="ask",
    )


def _way(way: Way) -> Html:
    return tag(
        "div",
        facts([("With", way.product)]),
        paragraph(way.do) if way.do else None,
        tag("pre", tag("code", *_lines(way.command))) if way.command else None,
        paragraph(_documented(way), note=True),
    )


def _lines(command: str) -> Iterator[Content]:
    """A command line by line: the text of one element never holds a line end."""
    for number, line in enumerate(command.strip().splitlines()):
        yield Html("\n") if number else ""
        yield line


def _index(owners: Mapping[str, Sequence[Request]], pages: Mapping[str, str]) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", tag("a", owner, href=f"{pages[owner]}.html")),
            tag("td", len(owners[owner])),
            tag("td", _due(owners[owner]).isoformat()),
        )
        for owner in pages
    ]
    if not rows:
        return paragraph("There is nothing to ask for.", lead=True)
    head = tag("tr", [tag("th", name, scope="col") for name in ("owner", "requests", "first due")])
    return join(
        [paragraph(_summary(owners), lead=True), tag("table", tag("thead", head), tag("tbody", rows))]
    )


# ---------------------------------------------------------------- Markdown


def _plain(text: str) -> str:
    """Text that Markdown shows as it is; what stands in an inventory may hold anything."""
    return _SPECIAL.sub(r"\\\1", clean(text)).replace("&", "&amp;").replace("<", "&lt;")


def _markdown(assessment: Assessment, title: str, requests: Sequence[Request]) -> str:
    lines = [*_top(assessment, title), _plain(_lead(requests)), ""]
    for request in requests:
        lines += [f"## {_plain(request.title)}", "", _plain(request.what), "", "**Why**", ""]
        lines += [f"- {_plain(f'{citation} {name}')}" for citation, name in request.controls[:SHOWN]]
        lines += [f"- and {len(request.controls) - SHOWN} more"] if len(request.controls) > SHOWN else []
        if request.questions:
            questions = [*request.questions[:SHOWN], *_more(request.questions)]
            lines += ["", "**It answers**", "", *(f"- {_plain(question)}" for question in questions)]
        lines += ["", f"**How** {_plain(request.how)}", "", f"**Leave out** {_plain(request.redact)}", ""]
        for ask in request.asks:
            lines += _ask_markdown(ask)
    return "\n".join(lines).rstrip() + "\n"


def _ask_markdown(ask: Ask) -> Iterator[str]:
    yield f"### {_plain(_of(ask))}"
    yield ""
    yield f"- Reason: {_plain(ask.reason)}"
    yield f"- Due: {ask.due}"
    yield f"- Put it under: {_plain(ask.target)}"
    yield ""
    for way in ask.ways:
        yield from (f"With: {_plain(way.product)}", "")
        if way.do:
            yield from (_plain(way.do), "")
        if way.command:
            yield from ("```", *way.command.strip().splitlines(), "```", "")
        yield from (_plain(_documented(way)), "")


def _index_markdown(
    assessment: Assessment, owners: Mapping[str, Sequence[Request]], pages: Mapping[str, str]
) -> str:
    lines = _top(assessment, "Evidence asked for")
    if not owners:
        return "\n".join([*lines, "There is nothing to ask for."]) + "\n"
    lines += [_plain(_summary(owners)), "", "| owner | requests | first due |", "|---|---|---|"]
    lines += [
        f"| [{_plain(owner)}]({stem}.md) | {len(owners[owner])} | {_due(owners[owner])} |"
        for owner, stem in pages.items()
    ]
    return "\n".join(lines) + "\n"


def _top(assessment: Assessment, title: str) -> list[str]:
    settings, moment = assessment.settings, assessment.moment
    told = (
        f"{settings.organisation}, {moment.period.name}. How the evidence stood at the end of {moment.today}."
    )
    foot = "Simulated evidence." if settings.synthetic else settings.confidentiality
    return [f"# {_plain(title)}", "", _plain(told), "", *([_plain(foot), ""] if foot else [])]


# ---------------------------------------------------------------- words


def _of(ask: Ask) -> str:
    if ask.system is None:
        return "For the organisation"
    about = ", ".join(filter(None, (ask.system.name, ask.system.product)))
    return f"{ask.system.id}{f' ({about})' if about else ''}"


def _documented(way: Way) -> str:
    where = f"Documented at {way.source}" if way.source else ""
    if way.verified:
        return where
    return f"{_UNVERIFIED} {where}".strip()


def _more(questions: Sequence[str]) -> Iterator[str]:
    if len(questions) > SHOWN:
        yield f"and {len(questions) - SHOWN} more questions"


def _due(requests: Iterable[Request]) -> date:
    return min(request.due for request in requests)


def _lead(requests: Sequence[Request]) -> str:
    parts = sum(len(request.asks) for request in requests)
    kinds = len({request.kind for request in requests})
    return (
        f"{count(parts, 'thing')} of {count(kinds, 'kind')} {be(parts)} asked for, the first by "
        f"{_due(requests)}. Send files as they are exported, over a channel that is fit for ePHI, and say "
        "who exported them, when and how."
    )


def _summary(owners: Mapping[str, Sequence[Request]]) -> str:
    total = sum(len(requests) for requests in owners.values())
    words = f"{count(total, 'request')} to {count(len(owners) - (UNASSIGNED in owners), 'owner')}."
    if UNASSIGNED in owners:
        words += (
            f" {len(owners[UNASSIGNED])} {have(len(owners[UNASSIGNED]))} no owner: name one in the "
            "inventory, or in site.yaml."
        )
    return words
