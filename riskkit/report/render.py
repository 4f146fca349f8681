"""From executed notebooks to pages: no code, no scripts, no outside reference, the same bytes each time."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from riskkit.model import Assessment
from riskkit.report.clean import clean
from riskkit.report.gloss import gloss
from riskkit.report.jupyter import nbconvert
from riskkit.report.paper import shorten

TEMPLATE = Path(__file__).parent / "template"

SIMULATED = "Simulated evidence: not a real organisation"

INDEX = "index.html"
MANY_SECTIONS = 3
"""From so many on, a page begins with a list of them."""

LEADERSHIP = "00_"
"""The notebook whose name begins so is the first page, and holds nothing about single people."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What stands on every page: whose report, of when, about what, for whom."""

    organisation: str
    period: str
    day: str
    selection: str
    scope: str
    not_covered: tuple[str, ...]
    confidentiality: str
    synthetic: bool
    version: str
    catalog: str

    @classmethod
    def of(cls, assessment: Assessment) -> Edition:
        """The edition of an assessment."""
        settings, day = assessment.settings, assessment.moment.today
        chosen = [("site", assessment.site), ("department", assessment.department)]
        return cls(
            organisation=settings.organisation,
            period=assessment.moment.period.name,
            day=f"{day.day} {day:%B %Y}",
            selection=", ".join(f"{kind} {name}" for kind, name in chosen if name),
            scope=settings.scope.strip(),
            not_covered=settings.not_covered,
            confidentiality=settings.confidentiality.strip(),
            synthetic=settings.synthetic,
            version=assessment.version,
            catalog=assessment.catalog.version,
        )

    @property
    def foot(self) -> str:
        """What stands at the foot of a printed page."""
        return SIMULATED if self.synthetic else self.confidentiality


@dataclass(frozen=True, slots=True)
class Part:
    """One page: its notebook's name, and what went wrong with it (empty when nothing did)."""

    name: str
    reason: str = ""

    @property
    def file(self) -> str:
        """The page's file name."""
        return INDEX if self.name.startswith(LEADERSHIP) else f"{self.name}.html"

    @property
    def label(self) -> str:
        """`01_audit_trail` as `Audit trail`."""
        words = re.sub(r"^\d+_", "", self.name).replace("_", " ").strip()
        return words[:1].upper() + words[1:]


@dataclass(frozen=True, slots=True)
class Content:
    """What a notebook shows: cleaned HTML, and its title."""

    html: str
    title: str


def content_of(executed: Any, *, hidden: str) -> Content:
    """The text and results of an executed notebook, cleaned; `hidden` is a MIME type that is left out."""
    node = copy.deepcopy(executed)
    for cell in node.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                output.get("data", {}).pop(hidden, None)
            cell.outputs = [output for output in cell.outputs if output.get("data")]
    html, _ = _exporter().from_notebook_node(node)
    soup = BeautifulSoup(html, "html.parser")
    _scroll(soup)
    _name_regions(soup)
    gloss(soup)
    _list_sections(soup)
    shorten(soup)
    heading = soup.find("h1")
    return Content(clean(str(soup)), heading.get_text(" ", strip=True) if heading else "")


def page(part: Part, parts: Sequence[Part], edition: Edition, content: Content | None) -> str:
    """A whole page; without content it says that the part could not be made."""
    template = _environment().get_template("page.html.j2")
    return template.render(
        edition=edition,
        parts=parts,
        failed=[other for other in parts if other.reason] if part.file == INDEX else [],
        file=part.file,
        reason=part.reason,
        title=(content.title if content else "") or part.label,
        # Cleaned, or the package's own.
        body=Markup(content.html) if content else None,  # noqa: S704
        style=Markup((TEMPLATE / "style.css").read_text(encoding="utf-8")),  # noqa: S704
        simulated=SIMULATED,
    )


@cache
def _exporter() -> Any:
    return nbconvert.HTMLExporter(
        template_name="riskkit",
        extra_template_basedirs=[str(TEMPLATE)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config={
            "NbConvertBase": {
                "display_data_priority": [
                    "text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain",
                ]
            }
        },
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["css_string"] = _css_string
    return environment


def _css_string(text: str) -> Markup:
    """A CSS string in which every character but letters, digits and spaces is escaped by number."""
    escaped = "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{escaped}"')  # noqa: S704


def _scroll(soup: BeautifulSoup) -> None:
    """Put every table and drawing into a box of its own that scrolls, reachable by keyboard."""
    for drawing in soup.select("figure > svg"):
        caption = drawing.find_next_sibling("figcaption")
        name = caption.get_text(" ", strip=True) if caption else "Figure"
        drawing.wrap(_box(soup, f"Figure: {name}"))
    for table in soup.find_all("table"):
        if not isinstance(table, Tag) or table.find_parent(class_="scroll") or table.find_parent("table"):
            continue
        caption = table.find("caption")
        name = caption.get_text(" ", strip=True) if caption else "Table"
        table.wrap(_box(soup, name))


def _box(soup: BeautifulSoup, name: str) -> Tag:
    return soup.new_tag(
        "div", attrs={"class": "scroll", "role": "region", "aria-label": name, "tabindex": "0"}
    )


def _name_regions(soup: BeautifulSoup) -> None:
    """Give regions of one name the heading above them, and a number where that does not tell them apart."""
    regions = soup.select("[role=region][aria-label]")
    often = Counter(str(region["aria-label"]) for region in regions)
    taken: Counter[str] = Counter()
    for region in regions:
        name = str(region["aria-label"])
        heading = region.find_previous(["h1", "h2", "h3", "h4"])
        if often[name] > 1 and heading:
            name = f"{heading.get_text(' ', strip=True)}: {name}"
        taken[name] += 1
        region["aria-label"] = name if taken[name] == 1 else f"{name}, {taken[name]}"


def _list_sections(soup: BeautifulSoup) -> None:
    """Give every second heading an id of its own, and list them before the first when there are many."""
    headings = [heading for heading in soup.find_all("h2") if not heading.find_parent(class_="onepage")]
    taken = {str(element["id"]) for element in soup.find_all(id=True) if element.name != "h2"}
    for heading in headings:
        slug = re.sub(r"[^a-z0-9]+", "-", heading.get_text(" ", strip=True).lower()).strip("-") or "section"
        given = str(heading.get("id") or "")
        wanted = unique = given if re.fullmatch(r"[\w.:%-]+", given) else slug
        number = 1
        while unique in taken:
            number += 1
            unique = f"{wanted}-{number}"
        taken.add(unique)
        heading["id"] = unique
    if len(headings) < MANY_SECTIONS:
        return
    items = [
        f'<li><a href="#{heading["id"]}">{escape(heading.get_text(" ", strip=True))}</a></li>'
        for heading in headings
    ]
    listed = f'<nav class="toc" aria-label="On this page"><p>On this page</p><ol>{"".join(items)}</ol></nav>'
    headings[0].insert_before(BeautifulSoup(listed, "html.parser"))
