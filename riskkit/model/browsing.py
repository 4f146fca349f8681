"""The tables of an assessment by name, for whoever explores by hand: `assessment.tables.accounts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Any

from riskkit.model.evidence import TableState
from riskkit.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd


class Tables:
    """Tables as attributes or by `[name]`: pandas DataFrames, with completion of the names that are there.

    Shown in a notebook it lists every table with its rows, or why there are none; never a row itself.
    A big table comes from `assessment.lazy(name)`.
    """

    def __init__(self, frame: Callable[[str], pd.DataFrame], states: Mapping[str, TableState]) -> None:
        self._frame, self._states = frame, states

    def __getattr__(self, name: str) -> pd.DataFrame:
        """The table; AttributeError for a name that is none, EvidenceError without evidence."""
        if name.startswith("_") or name not in self._states:
            near = get_close_matches(name, self._states, 1)
            raise AttributeError(f"there is no table {name!r}" + (f"; is it {near[0]}?" if near else ""))
        return self._frame(name)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._states:
            raise KeyError(name)
        return self._frame(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._there())

    def __len__(self) -> int:
        return len(self._there())

    def __dir__(self) -> list[str]:
        return self._there()

    def _ipython_key_completions_(self) -> list[str]:
        return self._there()

    def _there(self) -> list[str]:
        return sorted(name for name, state in self._states.items() if state.state == "present")

    def __repr__(self) -> str:
        return f"<{len(self)} of {len(self._states)} tables have rows: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        rows = "".join(self._row(name, state) for name, state in sorted(self._states.items()))
        head = "".join(f'<th scope="col">{word}</th>' for word in ("table", "rows", "what it holds"))
        return f"<table><caption>{escape(repr(self)[1:-1])}</caption><tr>{head}</tr>{rows}</table>"

    def _row(self, name: str, state: TableState) -> str:
        told = f"{state.rows:,}" if state.state == "present" else escape(state.reason)
        known: Any = TABLES.get(name)
        lazy = f" (big: <code>assessment.lazy({escape(name)!r})</code>)" if known and known.lazy else ""
        holds = f"{escape(known.doc) if known else ''}{lazy}"
        return f'<tr><th scope="row">{escape(name)}</th><td>{told}</td><td>{holds}</td></tr>'
