"""The style sheet: readable in both themes, and every status has a shape beside its colour."""

import re
from typing import get_args

import pytest

from riskkit.model.assessment import Status
from riskkit.model.checks import Condition
from riskkit.model.levels import LEVELS, RESULTS, SEVERITIES
from riskkit.report.render import TEMPLATE

STYLE = (TEMPLATE / "style.css").read_text(encoding="utf-8")
SCREEN, _, PAPER = STYLE.partition("@media print")
ROOTS = re.findall(r":root\s*\{(.*?)\}", STYLE, re.DOTALL)
LIGHT, DARK = (dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block)) for block in ROOTS)

RULES = [
    ([selector.strip() for selector in selectors.split(",")], body)
    for selectors, body in re.findall(
        r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    )
]

PAIRS = [
    *((letters, ground) for letters in ("ink", "soft", "accent", "bad") for ground in ("paper", "ground")),
    *((word, f"{word}-ground") for word in ("good", "middle", "bad", "open", "high")),
    ("ink", "bad-ground"),
]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two sRGB colours."""
    return (max(luminance(one), luminance(other)) + 0.05) / (min(luminance(one), luminance(other)) + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_computed_as_the_standard_says():
    """Black on white is 21, the grey #767676 on white just passes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("letters", "ground"), PAIRS, ids=lambda name: name)
def test_letters_stand_out_from_their_ground(theme, letters, ground):
    """WCAG AA asks 4.5:1 of text, in both themes."""
    assert contrast(theme[letters], theme[ground]) >= 4.5


def test_both_themes_name_the_same_colours():
    """A colour that one theme forgets would be taken from the other."""
    assert LIGHT.keys() == DARK.keys()
    used = set(re.findall(r"var\(--([\w-]+)", STYLE)) - {
        "word",
        "word-ground",
        "shape",
        "measure",
        "page",
        "sans",
        "mono",
    }
    assert used <= LIGHT.keys()


@pytest.mark.parametrize(
    "name",
    [
        *(f"status-{word}" for word in (*get_args(Status), *RESULTS)),
        *(f"status-{word}" for word in get_args(Condition)),
        *(f"level-{level}" for level in LEVELS),
        *(f"severity-{severity}" for severity in SEVERITIES),
    ],
)
def test_every_word_that_judges_has_a_colour_and_a_shape(name):
    """Whoever sees no colour, or prints in grey, reads the shape and the word."""
    selector = "." + name.lower().replace(" ", "-").replace("_", "-")
    said = " ".join(rule for selectors, rule in RULES if selector in selectors)
    assert "--word: var(--" in said
    assert re.search(r'--shape: "\S+"', said)


def test_paper_is_light():
    """The dark colours are for screens only; ink on dark paper is waste."""
    assert "@media screen and (prefers-color-scheme: dark)" in STYLE
    assert "@page" in STYLE
    assert re.search(r"\.parts, \.skip, \.toc, \.screen \{ display: none; \}", PAPER)


def test_the_style_loads_nothing():
    """No font and no picture from elsewhere."""
    assert not re.search(r"url\(|@import|@font-face", STYLE)
    assert "</" not in STYLE
