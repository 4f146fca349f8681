"""Pages: text and results only, the frame around them, nothing from outside."""

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from riskkit.report.render import Content, Edition, Part, content_of, page

HIDDEN = "application/vnd.example+json"
EDITION = Edition(
    organisation="Example Hospital",
    period="2026-10",
    day="31 October 2026",
    selection="",
    scope="The archive",
    not_covered=("Home reading",),
    confidentiality="For the committee",
    synthetic=False,
    version="0.1.0",
    catalog="abc",
)
LOADS = re.compile(
    r"""(?:\b(?:href|src|srcset|action|data|poster|background|formaction)\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)([^"'\s>)]*)""",
    re.IGNORECASE,
)


def shown(*outputs, text="# Title", source="x = 1"):
    """The cleaned content of a notebook with one text cell and one code cell with these outputs."""
    return content_of(
        new_notebook(
            cells=[new_markdown_cell(text), new_code_cell(source, execution_count=1, outputs=list(outputs))]
        ),
        hidden=HIDDEN,
    )


def html_output(html):
    return new_output("display_data", {"text/html": html, "text/plain": "<Html>"})


def test_code_prompts_and_printed_lines_are_not_published():
    """Code is for JupyterLab; what was printed may hold anything."""
    html = shown(
        new_output("stream", name="stdout", text="printed Ann"),
        new_output("stream", name="stderr", text="warned Ann"),
        new_output("error", ename="E", evalue="failed Ann", traceback=["trace Ann"]),
        html_output("<p>result</p>"),
        new_output("execute_result", {"text/plain": "plain <b>text</b>"}, execution_count=7),
        source="secret_code = 1",
    ).html
    assert "result" in html
    assert "<pre>plain &lt;b&gt;text&lt;/b&gt;</pre>" in html
    for word in ("Ann", "secret_code", "In&nbsp;", "Out[", "[7]", "¶"):
        assert word not in html


def test_scripts_and_widgets_fall_back_to_what_can_be_read():
    """The poorer form of a result is shown rather than nothing."""
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/html": "<i>bar</i>"}
    html = shown(
        new_output("display_data", {"application/javascript": "alert(1)", "text/plain": "shown instead"}),
        new_output("display_data", widget),
    ).html
    assert "alert" not in html
    assert "shown instead" in html
    assert "<i>bar</i>" in html


def test_the_mark_is_hidden_and_its_words_stay():
    """The media type is for the machine, the line beside it for the reader."""
    mark = new_output("display_data", {HIDDEN: {"completed": True}, "text/html": "<p>End of this part.</p>"})
    bare = new_output("display_data", {HIDDEN: {"completed": True}})
    html = shown(mark, bare).html
    assert "End of this part." in html
    assert "completed" not in html


def test_injected_markup_stays_inert_in_text_and_results():
    """Markdown passes HTML through; a view might forget to escape."""
    attack = (
        "<script>alert(1)</script><img src=x onerror=alert(2)><iframe src='https://evil.example'></iframe>"
    )
    content = shown(html_output(f"<p>value {attack}</p>"), text=f"# Title {attack}\n\nWords {attack} after.")
    whole = page(Part("01_one"), [Part("01_one")], EDITION, content)
    for word in ("alert", "onerror", "evil.example", "<iframe", "<script"):
        assert word not in whole
    assert "after." in whole
    assert "value" in whole


def test_settings_are_escaped_in_html_and_css():
    """An organisation's name cannot close an element or a style sheet."""
    bad = '</title></style><script>alert(1)</script>"; } body { display: none } \\'
    edition = replace(
        EDITION, organisation=bad, scope=bad, not_covered=(bad,), confidentiality=bad, selection=bad
    )
    whole = page(Part("01_one"), [Part("01_one")], edition, shown())
    soup = BeautifulSoup(whole, "html.parser")
    assert not soup.find_all("script")
    assert len(soup.find_all("style")) == 1
    assert soup.find(class_="organisation").get_text() == bad
    assert "display: none }" not in soup.find("style").get_text()


@pytest.mark.parametrize(
    "content",
    [shown(html_output("<p>x</p>"), text="# T\n\n[out](https://x.example) [in](02_two.html)"), None],
)
@pytest.mark.parametrize("synthetic", [True, False])
def test_nothing_is_loaded_from_outside(content, synthetic):
    """Every place that a page names lies in the report's folder, and the policy allows nothing else."""
    parts = [Part("00_leadership"), Part("01_one", "" if content else "failed (X in code cell 1)")]
    whole = page(parts[1], parts, replace(EDITION, synthetic=synthetic), content)
    assert set(LOADS.findall(whole)) <= {
        "#main", "index.html", "01_one.html", "02_two.html", "findings.json", "manifest.json",
    }  # fmt: skip
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in whole
    assert whole.index("Content-Security-Policy") < whole.index("<style")
    assert "<script" not in whole


def test_places_from_outside_would_be_seen():
    """The pattern above finds each way to load something."""
    text = """<img src="//a"><a href='b'><p style="x:url( 'c')">@import "d"<form action=e>"""
    assert LOADS.findall(text) == ["//a", "b", "c", "d", "e"]


def test_simulated_evidence_is_marked_on_every_page():
    """In words on top, across the page, and at the foot of each printed page."""
    parts = [Part("00_leadership"), Part("01_one", "failed")]
    for part, content in ((parts[0], shown()), (parts[1], None)):
        soup = BeautifulSoup(page(part, parts, replace(EDITION, synthetic=True), content), "html.parser")
        words = "Simulated evidence: not a real organisation"
        assert soup.find(class_="simulated").get_text() == words
        # What lies across the page is drawn by the style, so that nobody hears it read aloud.
        assert soup.select(".watermark[aria-hidden] > span")
        assert soup.find("style").get_text().count(r"Simulated evidence\3a  not a real organisation") == 2
        real = page(part, parts, EDITION, content)
        assert "Simulated" not in real
        assert "watermark" not in real.split("</style>")[1]


def test_the_first_page_says_what_is_missing():
    """Whoever reads only the first page learns that parts are missing, and which."""
    parts = [
        Part("00_leadership"),
        Part("01_audit_trail", "failed (KeyError in code cell 3)"),
        Part("02_more"),
    ]
    soup = BeautifulSoup(page(parts[0], parts, EDITION, shown()), "html.parser")
    banner = soup.find(class_="banner").get_text(" ", strip=True)
    assert "This report is incomplete. 1 of 3 parts could not be made." in banner
    assert "Audit trail failed (KeyError in code cell 3)." in banner
    assert soup.find("h1").find_previous(class_="banner")
    links = {a["href"]: a.get_text() for a in soup.find(class_="parts").find_all("a")}
    assert links == {
        "index.html": "Leadership",
        "01_audit_trail.html": "✕ Audit trail (not made)",
        "02_more.html": "More",
    }
    missing = page(parts[1], parts, EDITION, None)
    assert "The notebook failed (KeyError in code cell 3)." in missing


def test_a_complete_report_has_no_banner():
    """The banner means something because it is not always there."""
    parts = [Part("00_leadership"), Part("01_one")]
    assert not BeautifulSoup(page(parts[0], parts, EDITION, shown()), "html.parser").find(class_="banner")


def test_scope_and_confidentiality_stand_on_the_page():
    """What is covered and what is not is said before anything else."""
    soup = BeautifulSoup(page(Part("01_one"), [Part("01_one")], EDITION, shown()), "html.parser")
    facts = soup.find(class_="scope").get_text(" ", strip=True)
    assert facts == "This report covers The archive It does not cover Home reading"
    assert soup.find(class_="scope").find_next("h1")
    assert soup.find(class_="confidential").get_text() == "For the committee"


def test_sections_have_ids_of_their_own_and_a_list():
    """Two sections of one name are both reached; ids that a view gave stay."""
    content = shown(
        html_output(
            '<h2>Findings</h2><h2>Findings</h2><h2 id="mine">Third <b>one</b></h2><p id="findings-2">x</p>'
        )
    )
    soup = BeautifulSoup(page(Part("01_one"), [Part("01_one")], EDITION, content), "html.parser")
    listed = {a["href"]: a.get_text() for a in soup.find(class_="toc").find_all("a")}
    assert listed == {"#findings": "Findings", "#findings-3": "Findings", "#mine": "Third one"}
    assert all(soup.find(id=target.removeprefix("#")).name == "h2" for target in listed)
    assert soup.find(class_="toc").find_previous("h1").get_text() == "Title"
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_every_table_scrolls_in_a_box_that_the_keyboard_reaches():
    """A table of pandas gets a box; one of the views has its own already."""
    own = (
        '<div class="scroll" role="region" aria-label="Own" tabindex="0">'
        "<table><caption>Own</caption></table></div>"
    )
    soup = BeautifulSoup(
        shown(html_output(f"<table><caption>Bare</caption><tr><td>1</td></tr></table>{own}")).html,
        "html.parser",
    )
    boxes = soup.find_all(class_="scroll")
    assert [(box["aria-label"], box["tabindex"], len(box.find_all("table"))) for box in boxes] == [
        ("Bare", "0", 1),
        ("Own", "0", 1),
    ]
    assert not soup.select(".scroll .scroll")


def test_the_same_notebook_gives_the_same_bytes():
    """Cell ids are random and do not reach the page."""
    parts = [Part("01_one")]
    first, second = (page(parts[0], parts, EDITION, shown(html_output("<h2>A</h2>"))) for _ in range(2))
    assert first == second


def test_the_title_is_the_notebooks_own():
    """Else the label made of its file name."""
    content = shown(text="# What we *saw*")
    assert content.title == "What we saw"
    assert "<title>What we saw – Example Hospital, 2026-10</title>" in page(
        Part("01_one"), [], EDITION, content
    )
    assert "<title>Audit trail – " in page(Part("01_audit_trail"), [], EDITION, Content("<p>x</p>", ""))
