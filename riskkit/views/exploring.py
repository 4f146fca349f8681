"""Controls beside a view in JupyterLab; the view itself in a report, or where ipywidgets is not installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from riskkit.assess import open_pack, queue_of
from riskkit.errors import ReportError, RiskkitError
from riskkit.model import Assessment
from riskkit.queue.verdicts import VERDICTS, record_verdict
from riskkit.views.findings import for_review
from riskkit.views.findings import subject as subject_of
from riskkit.views.html import Html, paragraph, rendering
from riskkit.views.scope import present
from riskkit.views.wording import day

EVERYTHING = "all"
_PLACES = {"site": ("systems", "location"), "department": ("roster", "department")}
"""Where the choices of a control stand: a table and its column."""

View = Callable[..., Html]


def explore(
    assessment: Assessment,
    view: View,
    *given: Any,
    by: Iterable[str] = ("site", "department"),
    work: str | Path | None = None,
    **numbers: tuple[int, int, int],
) -> Any:
    """A view that answers to controls: period, site, department, and numbers that the view takes.

    given: what the view takes after the assessment. by: which of site and department it can be narrowed to;
    a control that changes nothing would mislead. work: the work folder, as for `riskkit.open`. numbers:
    a slider each, as name=(value, least, most), such as `budget=(5, 1, 20)`. Where a report is made, or
    without ipywidgets, it is the view alone, with the values that are given.
    """
    start = {name: value for name, (value, _, _) in numbers.items()}
    if rendering() or find_spec("ipywidgets") is None:
        return view(assessment, *given, **start)
    widgets: Any = import_module("ipywidgets")

    current = {"site": assessment.site, "department": assessment.department}
    current = {name: current[name] or EVERYTHING for name in by}
    current["period"] = assessment.moment.period.name
    choices = {"period": _periods(assessment)} | {name: _values(assessment, *_PLACES[name]) for name in by}
    controls: dict[str, Any] = {
        name: widgets.Dropdown(options=options, value=current[name], description=name)
        for name, options in choices.items()
    }
    for name, (value, least, most) in numbers.items():
        controls[name] = widgets.IntSlider(
            value, least, most, description=name.replace("_", " "), continuous_update=False
        )
    shown = widgets.HTML(view(assessment, *given, **start)._repr_html_())
    opened = {assessment.moment.period.name: assessment}

    def update(_: Any) -> None:
        shown.value = paragraph("Computing …")._repr_html_()
        try:
            period = controls["period"].value
            if period not in opened:
                opened[period] = open_pack(assessment.evidence.pack, period=period, work=work)
            places: dict[str, Any] = {name: _chosen(controls[name]) for name in by}
            narrowed = replace(opened[period], **places)
            result = view(narrowed, *given, **{name: controls[name].value for name in numbers})
        except RiskkitError as error:
            result = paragraph(str(error))
        shown.value = result._repr_html_()

    for control in controls.values():
        control.observe(update, names="value")
    row = widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([row, shown])


def decide(
    assessment: Assessment,
    *,
    budget: int = 5,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 - a click happens now
) -> Any:
    """A form that records one decision on an alert or finding in programme/verdicts.csv of the pack.

    It writes only when its button is clicked, and never while a report is made; the next assessment reads
    what was written. Without ipywidgets it says where to write by hand.
    """
    if rendering() or find_spec("ipywidgets") is None:
        return paragraph(
            "In JupyterLab a form stands here that records a decision. By hand: one row in "
            "programme/verdicts.csv with alert, verdict, decided_by, decided_at and note.", note=True,
        )  # fmt: skip
    widgets: Any = import_module("ipywidgets")

    options = list(_reviewable(assessment, budget))
    alert = widgets.Dropdown(options=options, description="alert", layout=widgets.Layout(width="95%"))
    verdict = widgets.Dropdown(options=VERDICTS, value="undecided", description="verdict")
    name = widgets.Text(description="decided by")
    note = widgets.Text(description="note", layout=widgets.Layout(width="95%"))
    button = widgets.Button(description="Record this decision", disabled=not options)
    told = widgets.HTML()

    def record(_: Any) -> None:
        try:
            if rendering():
                raise ReportError("a report decides nothing", do="Decide by hand, in JupyterLab")
            path = record_verdict(
                assessment.evidence.pack, alert=alert.value or "", verdict=verdict.value,
                decided_by=name.value, decided_at=clock(), note=note.value,
            )  # fmt: skip
            told.value = paragraph(
                f"Recorded in {path.name}: {verdict.value} for {alert.value}. It counts in the period "
                "in which it was decided, when the pack is opened again."
            )._repr_html_()
        except RiskkitError as error:
            told.value = paragraph(f"Not recorded: {error}")._repr_html_()

    button.on_click(record)
    return widgets.VBox([alert, verdict, name, note, button, told])


def _reviewable(assessment: Assessment, budget: int) -> Iterable[tuple[str, str]]:
    """What may be decided on: alerts of the queue, then findings for review, as (words, fingerprint)."""
    if present(assessment, "audit_events"):
        for choice in queue_of(assessment, budget=budget).choices:
            if choice.line in ("alert", "matched"):
                one = choice.candidate
                who = assessment.surrogate("user", one.user_id) if one.user_id else "no user"
                yield (
                    f"{day(assessment, one.day)} {who}, {one.score:.0f} points, {choice.alert}",
                    choice.alert,
                )
    for outcome in assessment.outcomes:
        if for_review(outcome.check):
            for found in outcome.findings:
                words = (
                    f"{outcome.check.title}: {subject_of(assessment, outcome, found)}, {found.fingerprint}"
                )
                yield words, found.fingerprint


def _chosen(control: Any) -> str | None:
    return None if control.value == EVERYTHING else str(control.value)


def _periods(assessment: Assessment) -> list[str]:
    names = [str(item["period"]) for item in assessment.history]
    return list(dict.fromkeys([*names, assessment.moment.period.name]))


def _values(assessment: Assessment, table: str, column: str) -> list[str]:
    if not present(assessment, table):
        return [EVERYTHING]
    return [EVERYTHING, *sorted({str(value) for value in assessment.table(table)[column].dropna()})]
