"""The report as a browser shows it: on one sheet, on a telephone, in the dark, read aloud, and inert."""

from __future__ import annotations

import csv
import itertools
import re
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from shutil import which

import pytest
import yaml

from riskkit.tables import TABLES, Table
from tests.browser import Browser, Page, chromium, program
from tests.packs import SAMPLES, copy_of_samples, riskkit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="needs Chromium: none is on PATH"),
]

NARROW, WIDE, SHEET = 420, 1280, 680
"""CSS pixels of a telephone, of a desk, and of what the margins leave of a sheet of A4 or Letter."""

GRAVE = ("serious", "critical")
"""Impacts of axe-core that no page may have."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample pack."""
    return made(SAMPLES, tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


def made(pack: Path, folder: Path) -> Path:
    """A report with all its parts."""
    run = riskkit("report", pack, "--out", folder / "report", "--work", folder / "work", "--fail-on", "never")
    assert run.returncode == 0, run.stderr
    return folder / "report"


def pages(report: Path) -> list[Path]:
    found = sorted(report.glob("*.html"))
    assert len(found) == len(list((SAMPLES.parent.parent / "notebooks").glob("*.ipynb")))
    return found


def test_nothing_is_asked_for_from_outside(report: Path, browser: Browser) -> None:
    """A page asks for itself and for nothing else, and has nothing to complain about."""
    for path in pages(report):
        with browser.page() as page:
            page.open(path.as_uri())
            assert page.requests == [path.as_uri()]
            assert complaints(page) == []


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide", "narrow and dark"])
def test_no_grave_barrier(report: Path, browser: Browser, width: int, dark: bool) -> None:
    """axe-core finds nothing serious or critical on any page."""
    package = pytest.importorskip("axe_core_python", reason="needs axe-core-python, of the dev extra")
    axe = resources.files(package).joinpath("axe.min.js").read_text(encoding="utf-8")
    for path in pages(report):
        with browser.page() as page:
            page.call("Page.setBypassCSP", enabled=True)  # axe itself is a script
            page.screen(width=width, dark=dark)
            page.open(path.as_uri())
            page.evaluate(f"{axe};0")
            violations = page.evaluate(
                "axe.run({resultTypes: ['violations']}).then(found => found.violations.map("
                "one => [one.impact, one.id, one.nodes.map(node => node.target.join(' '))]))"
            )
        assert [one for one in violations if one[0] in GRAVE] == [], path.name


def test_axe_finds_what_it_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    """A picture without words is critical: an empty list above does not come from a check that is off."""
    package = pytest.importorskip("axe_core_python", reason="needs axe-core-python, of the dev extra")
    axe = resources.files(package).joinpath("axe.min.js").read_text(encoding="utf-8")
    bad = tmp_path / "bad.html"
    bad.write_text('<!doctype html><html lang="en"><title>x</title><img src="a.png">')
    with browser.page() as page:
        page.open(bad.as_uri())
        page.evaluate(f"{axe};0")
        found = page.evaluate("axe.run().then(found => found.violations.map(one => [one.impact, one.id]))")
    assert ["critical", "image-alt"] in found


def test_no_page_is_wider_than_its_screen(report: Path, browser: Browser) -> None:
    """On a telephone only tables, drawings and the list of parts scroll sideways, each in its own box.

    What leadership reads first does not scroll at all.
    """
    for path in pages(report):
        with browser.page() as page:
            page.screen(width=NARROW)
            page.open(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") == NARROW, path.name
            assert beyond(page, but=".scroll:not(.onepage .scroll), .parts") == [], path.name


def test_no_table_runs_off_the_paper(report: Path, browser: Browser) -> None:
    """Paper does not scroll: everything is as narrow as a sheet."""
    for path in pages(report):
        with browser.page() as page:
            page.screen(width=SHEET)
            page.call("Emulation.setEmulatedMedia", media="print")
            page.open(path.as_uri())
            assert beyond(page, but=".watermark") == [], path.name


@pytest.mark.parametrize("letter", [True, False], ids=["Letter", "A4"])
def test_leadership_reads_one_sheet(report: Path, browser: Browser, tmp_path: Path, letter: bool) -> None:
    """The first printed page holds all seven boxes of the summary, and the second begins with the rest."""
    if which("pdftotext") is None:
        pytest.skip("needs pdftotext (poppler-utils)")
    with browser.page() as page:
        page.open((report / "index.html").as_uri())
        boxes = page.evaluate("[...document.querySelectorAll('.onepage h2')].map(one => one.textContent)")
        last = page.evaluate("document.querySelector('.onepage > section:last-child').textContent")
        page.printed(tmp_path / "sheet.pdf", letter=letter)
    first, second, *_ = _sheets(tmp_path / "sheet.pdf")
    assert len(boxes) == 7
    for box in boxes:
        assert box in first
    assert last.split()[-1] in first
    assert "What this report covers" in second


def test_no_page_takes_a_ream(report: Path, browser: Browser, tmp_path: Path) -> None:
    """At most 12 sheets of A4 each, the register with all its risks; what is cut is told where it is cut."""
    if which("pdftotext") is None:
        pytest.skip("needs pdftotext (poppler-utils)")
    for path in pages(report):
        with browser.page() as page:
            page.open(path.as_uri())
            page.printed(tmp_path / "sheet.pdf", letter=False)
            risks = page.evaluate("[...document.querySelectorAll('.card > h3')].map(one => one.textContent)")
            hidden = page.evaluate(
                "getComputedStyle(document.querySelector('.paper') || document.head).display"
            )
        *sheets, _ = _sheets(tmp_path / "sheet.pdf")
        assert len(sheets) <= 12, path.name
        assert hidden == "none"
        if path.name == "08_risk_register.html":
            printed = " ".join("".join(sheets).split())
            assert [risk for risk in risks if risk not in printed] == []
            assert "Printed: the first" in printed
            assert "Printed in full: 3 of" in printed


def _sheets(pdf: Path) -> list[str]:
    run = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True)
    return run.stdout.split("\f")


# ---------------------------------------------------------------- hostile evidence

ELEMENTS = "script, iframe, object, embed, form, base, link, meta[http-equiv=refresh]"
HANDLERS = ("onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle")


def hostile(number: int) -> str:
    """Text that does something wherever it is not taken as text; the number tells where it was planted."""
    act = f"window.planted={number};alert({number})"
    return (
        f"m{number}m\"'><script>{act}</script><img src=x onerror={act}><svg onload={act}>"
        f'</td></table></div><a href="javascript:{act}">a</a> [b](javascript:{act}) '
        f"![c](http://outside.example/{number}.png) $\\href{{javascript:{act}}}{{d}}$ "
        f"<style>@import url(http://outside.example/{number}.css)</style>"
    )


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The report of a pack that has hostile text in every column of text, and how often it was planted."""
    folder = tmp_path_factory.mktemp("hostile")
    pack = copy_of_samples(folder / "pack")
    numbers = itertools.count(1)
    for path in sorted(pack.rglob("*.csv")):
        if path.relative_to(pack).parts[0] not in (".labels", "history"):
            plant(path, numbers)
    site = yaml.safe_load((pack / "site.yaml").read_text(encoding="utf-8"))
    for name in ("organisation", "confidentiality", "scope"):
        site[name] += hostile(next(numbers))
    site["not_covered"].append(hostile(next(numbers)))
    (pack / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    programme = pack / "programme" / "actions.yaml"
    actions = yaml.safe_load(programme.read_text(encoding="utf-8"))
    for action in actions["actions"]:
        for name in ("title", "owner", "milestones"):
            action[name] = str(action.get(name, "")) + hostile(next(numbers))
    programme.write_text(yaml.safe_dump(actions), encoding="utf-8")
    trail(pack / "audit" / "mine.csv", numbers)
    return made(pack, folder), next(numbers) - 1


def plant(path: Path, numbers: Iterator[int]) -> None:
    """One more row for each column of text, a copy of the first with hostile text in that column."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    table = table_of(header)
    text = {column.name for column in table.columns if column.dtype == "string"}
    for place, name in enumerate(header):
        if name in text and rows:
            row = list(rows[0])
            row[place] = hostile(next(numbers))
            rows.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def table_of(header: list[str]) -> Table:
    """The canonical table that has all these columns, and the fewest besides."""
    fitting = [
        table
        for table in TABLES.values()
        if set(header) <= {column.name.removesuffix("_us") for column in table.columns}
    ]
    assert fitting, header
    return min(fitting, key=lambda table: len(table.columns))


def trail(path: Path, numbers: Iterator[int]) -> None:
    """An audit trail in columns of its own, hostile in each, with the answer to what they mean."""
    text = ("user_id", "user_name", "patient_id", "source_host", "source_system", "event_reason", "user_role")
    rows = []
    for place in range(len(text)):
        row = ["2026-10-20 10:00:0" + str(place), "read", *(f"plain{place}{n}" for n in range(len(text)))]
        row[2 + place] = hostile(next(numbers))
        rows.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["When", "What", *(f"C {name}" for name in text)], *rows])
    mapping = {
        "table": "audit_events",
        "columns": {
            "When": "event_time_us",
            "What": "event_category",
            **{f"C {name}": name for name in text},
        },
        "timezone": "America/Chicago",
    }
    path.with_name(f"{path.name}.mapping.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")


@pytest.mark.parametrize("policy", [True, False], ids=["with the page's policy", "without it"])
def test_hostile_evidence_stays_text(planted: tuple[Path, int], browser: Browser, policy: bool) -> None:
    """Nothing of it runs or loads, also where a browser heeds no policy; it stands there as words."""
    report, number = planted
    seen: set[str] = set()
    for path in pages(report):
        with browser.page() as page:
            page.call("Page.setBypassCSP", enabled=not policy)
            page.open(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            page.evaluate("document.querySelectorAll('a, summary').forEach(one => { one.focus(); })")
            assert page.dialogs == [], path.name
            assert page.evaluate("window.planted === undefined"), path.name
            assert page.requests == [path.as_uri()], path.name
            assert page.evaluate(f"document.querySelectorAll('{ELEMENTS}').length") == 0, path.name
            handled = ", ".join(f"[{name}]" for name in HANDLERS)
            assert page.evaluate(f"document.querySelectorAll('{handled}').length") == 0, path.name
            links = page.evaluate(
                "[...document.querySelectorAll('[href], [src]')].map(one => one.href + one.src)"
            )
            assert not [link for link in links if re.match(r"(javascript|https?):", str(link))], path.name
            seen |= set(re.findall(r"m(\d+)m", page.evaluate("document.body.textContent")))
    assert number > 150
    assert len(seen) > 30  # the others are under surrogates, withheld, or in quarantine


def test_the_plant_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    """Put into a page as it is, the same text runs: the test above can fail."""
    bad = tmp_path / "bad.html"
    bad.write_text(f"<!doctype html><table><tr><td>{hostile(7)}", encoding="utf-8")
    with browser.page() as page:
        page.open(bad.as_uri())
        assert page.wait_for("window.planted === 7")
        assert "7" in page.dialogs


def complaints(page: Page) -> list[str]:
    """What the page's console holds: errors, warnings, breaches of its policy."""
    said = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    return [str(event["params"]) for event in page.events if event["method"] in said]


def beyond(page: Page, *, but: str) -> list[str]:
    """Elements that reach further right than the window, others than those inside of `but`."""
    return page.evaluate(
        "[...document.querySelectorAll('body *')].filter(one => !one.closest('svg svg, svg *')"
        f" && !one.closest('{but}, .unseen, .skip')"
        " && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1"
        ").map(one => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`).slice(0, 10)"
    )
