"""The map of channels and what is said beside it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from riskkit import views
from riskkit.derived.channel_verdicts import STATES
from riskkit.model import Assessment
from riskkit.views.channel_map import LOOKS, NOBODY, SIGNS, Spot, channel_map
from tests.views import made


def spots(number: int) -> list[Spot]:
    """Listeners of every state, some of them of systems that connect themselves."""
    states = list(STATES)
    return [
        Spot(f"system{one % 5}", f"{one} dicom", states[one % len(states)],
             tuple(f"peer{two}" for two in range(one % 4)), tunnel=one % 3 == 0)
        for one in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 7, 40])
def test_a_map_of_any_size(number: int) -> None:
    """It is drawn, the same each time, named by a sentence, and tells states by signs and kinds of lines."""
    first, second = (channel_map(spots(number), caption="c", alt="told") for _ in range(2))
    assert first.markup == second.markup
    (image,) = BeautifulSoup(first.markup, "html.parser").select("svg[role=img]")
    assert image["aria-label"] == "told"


def test_states_differ_without_colour() -> None:
    """No two states share sign, width and kind of line: in grey they are still told apart."""
    assert set(LOOKS) == set(SIGNS) == set(STATES)
    shapes = [(SIGNS[name], look["linewidth"], str(look["linestyle"])) for name, look in LOOKS.items()]
    assert len(set(shapes)) == len(shapes)


def words(html: views.Html) -> str:
    return re.sub(r"\s+", " ", BeautifulSoup(html.markup, "html.parser").get_text(" "))


def test_the_first_page_says_that_nobody_looked_from_outside(
    something: Assessment, nothing: Assessment
) -> None:
    """Without a look from outside, and without any scan, the first page says so in bold."""
    for assessment in (something, nothing):
        page = views.leadership.scope(assessment).markup
        assert "<strong>Internet exposure was not assessed. </strong>" in page


def test_that_nobody_looked_is_said_once_a_page_and_fills_no_register(something: Assessment) -> None:
    """Unknown for each listener, it stays unknown in the figures; pages for people say it once."""
    (outcome,) = (one for one in something.outcomes if one.check.id == "transmission.reachable_from_outside")
    assert outcome.counts["UNKNOWN"] == outcome.population > 1
    said = "Internet exposure was not assessed."
    for page in (views.one_page.one_page(something), views.leadership.scope(something),
                 views.channels.exposure(something)):  # fmt: skip
        assert words(page).count(said) == 1
    assert outcome.check.title not in words(views.risk_register.findings(something))
    risks = BeautifulSoup(views.risk_register.scenarios(something).markup, "html.parser")
    for risk in risks.select("section"):
        assert risk.get_text().count(outcome.check.title) <= 1


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """The archive is an Orthanc, and its web listener was looked at from outside."""
    rows = made.rows()
    for system in rows["systems"]:
        if system["system_id"] == "PACS":
            system["product"] = "Orthanc 1.12"
    first: dict[str, Any] = dict(rows["channel_observations"][0])
    looked = first | {"value": "tls", "vantage": "external", "tool": "riskkit"}
    rows["channel_observations"] = [*rows["channel_observations"], looked]
    return made.assessment(tmp_path_factory.mktemp("orthanc"), rows)


def test_what_answered_from_outside_is_named(orthanc: Assessment) -> None:
    """A look at one of several is a part; what answered is counted and named."""
    told = words(views.leadership.scope(orthanc))
    assert "assessed in part" in told
    assert "1 answered (pacs.example:443)" in told


def test_a_tunnel_is_printed_with_its_evidence(something: Assessment) -> None:
    """The plain DICOM listener stays unsecured; the tunnel that carries it is told with what it is worth."""
    told = words(views.channels.verdicts(something))
    assert "✗ unsecured" in told
    assert "WireGuard wg0:a of gateway: seen up" in told
    assert "none of FIPS 140" in told
    assert "secured in the sense of HHS guidance for no listeners" in told


@pytest.fixture(scope="module")
def contradicted(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """Tunnels long down, certificates of next year, and listeners said to carry none of what flows bring."""
    rows = made.rows()
    months = timedelta(days=200)
    rows["tunnels"] = [one | {"last_handshake": one["last_handshake"] - months} for one in rows["tunnels"]]
    rows["certificates"] = [one | {"not_before": one["not_after"]} for one in rows["certificates"]]
    rows["endpoints"] = [one | {"ephi": False} for one in rows["endpoints"]]
    return made.assessment(tmp_path_factory.mktemp("contradicted"), rows)


def test_what_is_not_as_declared_is_told(contradicted: Assessment) -> None:
    """A stale tunnel is not without fault, and a contradicted word stands beside what contradicts it."""
    told = words(views.channels.tunnels(contradicted))
    assert "1 of 1 tunnel (100 %) has a weakness or is not up" in told
    assert "was last up 20" in told
    assert "1 is not valid yet (pacs.example:443)" in words(views.transmission.certificates(contradicted))
    assert "no ePHI (not believed: flows.csv sends ePHI to it" in words(
        views.transmission.channels(contradicted)
    )


def test_flows_without_evidence_are_marked(something: Assessment) -> None:
    """A flow to a system that nobody scanned has no evidence, and no colour of a pass."""
    frame = views.channels.flows(something).frame
    assert frame is not None
    assert list(frame["verdict"]) == ["✗ unsecured", "? no evidence"]


def test_the_lines_to_change_are_those_of_the_product(orthanc: Assessment, something: Assessment) -> None:
    """A server whose inventory names Orthanc is told of orthanc.json; one of no known product is named."""
    page = views.channels.remedies(orthanc)
    assert "DicomTlsEnabled" in page.markup
    assert "Orthanc: Every channel that carries ePHI is encrypted" in words(page)
    assert "the server product is not known" in words(views.channels.remedies(something))


def test_who_is_not_in_flows(something: Assessment) -> None:
    """A listener that no flow names stands on the map with a peer that says so."""
    assert NOBODY in words(views.channels.overview(something))
