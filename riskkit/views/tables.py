"""Tables for the reader: people under surrogates, times in the site's zone, every value escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from riskkit.model import Assessment
from riskkit.views.html import Html, paragraph, render
from riskkit.views.privacy import covered


def table(
    assessment: Assessment,
    frame: pd.DataFrame,
    *,
    caption: str,
    headings: Mapping[str, str] | None = None,
    limit: int | None = None,
    rest: str = "",
    note: str = "",
    numbers: Iterable[str] = (),
    badges: Mapping[str, str] | None = None,
    empty: str = "There is nothing to list.",
    identities: bool = False,
) -> Html:
    """A frame as a table, its first column heading each row; `empty` is said when there is no row.

    Columns that identify a person are shown as surrogates. Raises ReportError when `identities` are
    asked for while a report is made.
    """
    shown = covered(assessment, frame, identities=identities)
    if shown.empty:
        return Html(paragraph(f"{caption}: {empty}").markup, shown)
    return render(
        shown, caption=caption, headings=headings, limit=limit, rest=rest, note=note,
        numbers=numbers, badges=badges, zone=assessment.moment.zone,
    )  # fmt: skip


def rows(records: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    """A frame of these records; the columns stand even when there is none."""
    return pd.DataFrame(list(records), columns=list(columns))
