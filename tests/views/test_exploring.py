"""Controls answer in JupyterLab and are absent from a report; a decision is written on a click alone."""

from __future__ import annotations

import csv
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from riskkit.assess import open_pack
from riskkit.errors import EvidenceError
from riskkit.model import Assessment
from riskkit.queue.verdicts import record_verdict
from riskkit.views import access_patterns, exploring
from riskkit.views.html import RENDERING, Html
from tests.packs import copy_of_samples

NOW = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)

pytest.importorskip("ipywidgets", reason="the extra `lab` is not installed: no control is tested")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return open_pack(copy_of_samples(tmp_path_factory.mktemp("packs") / "pack"))


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RENDERING, raising=False)


def control(shown: Any, name: str) -> Any:
    return next(one for one in shown.children[0].children if one.description == name)


def test_a_control_changes_the_figure(opened: Assessment) -> None:
    """Department and period each give another drawing; the first one is back when they are."""
    shown = exploring.explore(opened, access_patterns.rhythm)
    first = shown.children[1].value
    assert "<svg" in first
    control(shown, "department").value = "Emergency"
    assert "people of Emergency" in shown.children[1].value
    control(shown, "department").value = "all"
    assert shown.children[1].value == first
    control(shown, "period").value = "2026-09"
    assert shown.children[1].value != first


def test_a_threshold_reaches_the_view(opened: Assessment) -> None:
    """A slider hands its number to the view."""
    seen: list[int] = []

    def view(_: Assessment, word: str, *, budget: int) -> Html:
        seen.append(budget)
        return Html(word)

    shown = exploring.explore(opened, view, "word", budget=(5, 1, 20))
    control(shown, "budget").value = 9
    assert seen == [5, 9]


def test_an_error_is_told_in_place_of_the_figure(opened: Assessment) -> None:
    """A wrong period does not leave the old figure standing as if it were the new one."""

    def broken(_: Assessment) -> Html:
        raise EvidenceError("cannot <b>be</b> read")

    shown = exploring.explore(opened, lambda one: broken(one) if one.site else Html("fine"))
    site = control(shown, "site")
    site.value = site.options[1]
    assert "cannot &lt;b&gt;be&lt;/b&gt; read" in shown.children[1].value


def test_a_report_is_static(opened: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a report is made there is no control and no form."""
    monkeypatch.setenv(RENDERING, "1")
    assert isinstance(exploring.explore(opened, access_patterns.rhythm), Html)
    assert isinstance(exploring.decide(opened), Html)


def test_a_decision_is_written_on_a_click_and_found_by_the_next_assessment(opened: Assessment) -> None:
    """Making the form writes nothing; the click adds one row; opening the pack again finds it."""
    path = opened.evidence.pack / "programme" / "verdicts.csv"
    before = path.read_bytes()
    form = exploring.decide(opened, clock=lambda: NOW)
    alert, verdict, name, note, button, told = form.children
    alert.value, verdict.value, name.value, note.value = (
        alert.options[0][1],
        "explained",
        "reviewer",
        "=1+1, on call",
    )
    assert path.read_bytes() == before
    button.click()
    assert "Recorded" in told.value
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1] == {"alert": alert.value, "verdict": "explained", "decided_by": "reviewer",
                        "decided_at": "2026-10-30T12:00:00+00:00", "note": "=1+1, on call"}  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = open_pack(opened.evidence.pack)
    assert alert.value in set(again.tables.verdicts["alert"])


def test_a_decision_without_a_name_is_refused(opened: Assessment) -> None:
    """Nothing is written, and the form says why."""
    path = opened.evidence.pack / "programme" / "verdicts.csv"
    before = path.read_bytes()
    *_, button, told = exploring.decide(opened, clock=lambda: NOW).children
    button.click()
    assert "Not recorded" in told.value
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "guilty"}, {"alert": " "}, {"decided_by": ""}, {"decided_at": datetime(2026, 10, 1)}],  # noqa: DTZ001
)
def test_wrong_decisions_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Each with an error, and without a file."""
    right = {"alert": "a", "verdict": "explained", "decided_by": "b", "decided_at": NOW}
    with pytest.raises(EvidenceError):
        record_verdict(tmp_path, **(right | wrong))
    assert not (tmp_path / "programme").exists()


def test_a_file_with_other_columns_is_left_alone(tmp_path: Path) -> None:
    """What a person keeps in columns of their own is not overwritten."""
    (tmp_path / "programme").mkdir()
    path = tmp_path / "programme" / "verdicts.csv"
    path.write_text("alert,ticket\na,1\n")
    with pytest.raises(EvidenceError, match="other columns"):
        record_verdict(tmp_path, alert="a", verdict="explained", decided_by="b", decided_at=NOW)
    assert path.read_text() == "alert,ticket\na,1\n"


def test_tables_complete_and_show_no_row(opened: Assessment) -> None:
    """Completion names the tables that are there; the listing names all, and nobody's data."""
    assert {"accounts", "roster", "audit_events"} <= set(dir(opened.tables))
    assert set(dir(opened.tables)) == set(opened.tables._ipython_key_completions_())
    assert len(opened.tables.accounts) == opened.state("accounts").rows
    assert opened.tables["roster"].equals(opened.table("roster"))
    listing = opened._repr_html_()
    assert all(name in listing for name in opened.evidence.states)
    names = opened.tables.roster["family_name"]
    assert not any(f">{name}<" in listing for name in names)
    with pytest.raises(AttributeError, match="is it accounts"):
        _ = opened.tables.acounts
