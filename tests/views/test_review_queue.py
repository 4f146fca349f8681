"""The review queue as a reader sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from riskkit.assess import open_pack, queue_of
from riskkit.errors import ReportError
from riskkit.model import Assessment
from riskkit.views import review_queue
from riskkit.views.html import RENDERING, Html
from tests.packs import SAMPLES


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return open_pack(SAMPLES, work=tmp_path_factory.mktemp("work"))


def real_ids(assessment: Assessment) -> set[str]:
    chosen = [choice.candidate for choice in queue_of(assessment).choices]
    return {one.user_id for one in chosen} | {one.patient_id for one in chosen} - {""}


def test_alerts_stand_under_surrogates_with_reasons(assessment: Assessment) -> None:
    """Nobody's id is in the markup, each alert has its reasons with points, and what did not run is said."""
    html = review_queue.alerts(assessment)
    assert not [name for name in real_ids(assessment) if len(name) > 3 and name in html.markup]
    assert html.frame is not None
    assert html.frame["user_id"].dropna().str.startswith("user-").all()
    assert html.frame["why"].str.contains(r", \+\d+\.\d").all()
    assert list(html.frame["points"]) == sorted(html.frame["points"], reverse=True)
    for part in ("Matched a rule, not proven", "Just below the line", "NOT RUN: "):
        assert part in html.markup


def test_one_patient_and_peers(assessment: Assessment) -> None:
    """The first alert's patient and person are shown, or who is asked for, and nobody's name."""
    who, patient = review_queue.first(assessment), review_queue.first_patient(assessment)
    assert who is not None
    assert patient is not None
    assert review_queue.patient(assessment) == review_queue.patient(assessment, patient)
    shown = review_queue.patient(assessment).markup + review_queue.peers(assessment, who).markup
    assert patient in shown
    assert who in shown
    assert not [name for name in real_ids(assessment) if len(name) > 3 and name in shown]
    assert "Nobody" in review_queue.patient(assessment, "patient-00000000").markup


def test_names_are_refused_while_a_report_is_made(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand identities may be asked for, in a report never."""
    assert any(
        name in review_queue.alerts(assessment, identities=True).markup for name in real_ids(assessment)
    )
    monkeypatch.setenv(RENDERING, "1")
    for view in (
        review_queue.alerts, review_queue.patient, review_queue.peers, review_queue.explore,
    ):  # fmt: skip
        with pytest.raises(ReportError):
            view(assessment, identities=True)


def test_exploring_degrades_to_what_a_page_can_show(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With widgets a person is chosen; in a report, and without ipywidgets, the first one is shown."""
    widgets = pytest.importorskip("ipywidgets")
    chosen: Any = review_queue.explore(assessment)
    assert isinstance(chosen, widgets.interactive)
    options = chosen.children[0].options
    assert options[0] == review_queue.first(assessment)
    assert all(name.startswith("user-") for name in options)
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    assert isinstance(review_queue.explore(assessment), Html)
    monkeypatch.delitem(__import__("sys").modules, "ipywidgets")
    monkeypatch.setenv(RENDERING, "1")
    assert options[0] in review_queue.explore(assessment).markup


def test_decisions_need_alerts_that_were_kept(assessment: Assessment, tmp_path: Path) -> None:
    """Without programme/alerts nothing is claimed."""
    assert "alerts" in review_queue.decisions(assessment).markup
    assert "precision" not in review_queue.decisions(assessment).markup.lower()
