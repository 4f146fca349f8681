"""Whatever a notebook shows, nothing in the page runs, loads or points outside."""

import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskkit.report.clean import _HTML, _SVG, clean
from riskkit.views.charts import Words, shares

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src='//evil.example/x.js'></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/pixel.png'>",
    "<img src='data:text/html;base64,PHNjcmlwdD4='>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='https://evil.example/?q=1'>x</a>",
    "<a href='..\\..\\secret.html'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<form action='https://evil.example'><input name=x><button>go</button></form>",
    "<style>@import url(https://evil.example/x.css)</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<p style='fill: url(https://evil.example/x)'>x</p>",
    "<p style='fill: u\\72l(https://evil.example/x)'>x</p>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='https://evil.example/x.svg#a'/></svg>",
    "<svg><use xlink:href='data:image/svg+xml;base64,PHN2Zz4=#x'/></svg>",
    "<svg><image href='https://evil.example/x.png'/></svg>",
    "<svg><foreignObject><iframe src='https://evil.example'></iframe></foreignObject></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "<svg><set attributeName='href' to='javascript:alert(1)'/></svg>",
    "<svg><path fill='url(https://evil.example/x)'/></svg>",
    "<svg><path marker-end='url( \"//evil.example/x\" )'/></svg>",
    "<svg><style>*{fill:url(https://evil.example/x)}</style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<details ontoggle=alert(1) open>x</details>",
    "<p onclick\n=alert(1)>x</p>",
    "<x<script>alert(1)</script>",
    "<<script>alert(1)//<</script>",
]

PLACES = re.compile(
    r"#[\w.:%-]+|\w[\w-]*\.(?:html|json)(?:#[\w.:%-]+)?|data:image/(?:png|jpeg|gif);base64,.*", re.DOTALL
)
ELEMENTS = {name.lower() for name in _HTML | _SVG}


def assert_inert(html):
    """Nothing but allowed elements, no handler, no place outside of the report."""
    for element in BeautifulSoup(html, "html.parser").find_all(True):
        assert element.name in ELEMENTS, element.name
        for name, given_value in element.attrs.items():
            value = " ".join(given_value) if isinstance(given_value, list) else given_value
            assert not name.lower().startswith("on"), name
            if name.endswith("href") or name == "src":
                assert PLACES.fullmatch(value), value
            elif not name.startswith(("aria-", "title", "id", "class", "lang", "alt", "xmlns")):
                assert "//" not in value, value
                assert not re.search(r"url\s*\(\s*['\"]?\s*[^#'\"\s]", value), value
                assert "position" not in value, value


@pytest.mark.parametrize("attack", ATTACKS)
def test_known_attacks_are_inert(attack):
    """Each leaves neither script nor handler nor address, and what stands after it stays."""
    cleaned = clean(f"<p>before</p>{attack}")
    assert_inert(cleaned)
    assert "evil.example" not in re.sub(r">[^<]*<", "><", cleaned)
    assert "before" in cleaned


def test_inertness_can_fail():
    """The assertion above sees what it is meant to see."""
    for attack in ("<img src=x onerror=alert(1)>", "<a href='https://x.example'>x</a>", "<iframe></iframe>"):
        with pytest.raises(AssertionError):
            assert_inert(attack)


@given(st.text(alphabet="<>/\"'=&;#!-abhimoprsvg xlnkefct:url()\n\\", max_size=120), st.sampled_from(ATTACKS))
@settings(max_examples=150, deadline=None)
@example("<svg><p>", "<style><!--</style><img src=x onerror=alert(1)>-->")
def test_no_text_becomes_active(text, attack):
    """Also not when it stands around an attack, and not when the result is cleaned again."""
    cleaned = clean(text + attack)
    assert_inert(cleaned)
    assert_inert(clean(cleaned))


def test_what_a_report_needs_stays():
    """Headings, tables with scopes, figures, roles, links within the report."""
    html = (
        '<h2 id="a-b">Title</h2><p class="lead">5 &lt; 6 &amp; more</p>'
        '<div class="scroll" role="region" aria-label="Name" tabindex="0"><table class="table">'
        '<caption>C</caption><thead><tr><th scope="col" class="number">n</th></tr></thead>'
        '<tbody><tr><td colspan="2">1</td></tr></tbody></table></div>'
        '<details><summary>More</summary>x</details><dl class="facts"><dt>a</dt><dd>b</dd></dl>'
        '<a href="01_audit_trail.html#part">there</a><a href="#a-b">here</a><a href="findings.json">data</a>'
        '<img alt="chart" src="data:image/png;base64,AAAA">'
    )  # fmt: skip
    assert BeautifulSoup(clean(html), "html.parser") == BeautifulSoup(html, "html.parser")


@pytest.mark.parametrize(
    "figure",
    [
        shares([("A & <b>", (3, 2, 1))], caption="C", alt="One bar.", words=Words()),
        shares([("B", (0, 2, 1)), ("C", (1, 0, 0))], caption="D", alt="Two bars.", words=Words()),
    ],
)
def test_a_chart_of_the_views_stays_as_it_was(figure):
    """Paths, hatches, clips and the sentence for those who do not see it."""
    before, after = (BeautifulSoup(text, "html.parser") for text in (figure.markup, clean(figure.markup)))
    for name in ("path", "use", "pattern", "clippath", "rect", "g", "figcaption"):
        assert len(after.find_all(name)) == len(before.find_all(name)), name
    drawing = after.find("svg")
    assert (drawing["role"], drawing["aria-label"]) == ("img", before.find("svg")["aria-label"])
    paths = [[path.get("d") for path in soup.find_all("path")] for soup in (before, after)]
    assert paths[0] == paths[1]
    styles = [
        [sorted(re.findall(r"([\w-]+): ?([^;]+)", e["style"])) for e in soup.find_all(style=True)]
        for soup in (before, after)
    ]
    assert styles[0] == styles[1]
    assert "url(#" in clean(figure.markup)
    ElementTree.fromstring(str(drawing))  # noqa: S314 - our own drawing
