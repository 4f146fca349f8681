"""A long trail in turns of whole local days, so that memory is bounded by a turn and not by the trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from riskkit.derived.baseline import in_view
from riskkit.model import Moment
from riskkit.tables import to_arrow

Codes = NDArray[np.int64]
AT_ONCE = 1_000_000
"""Events that are taken in one turn: our own choice, some hundred megabytes where whole rows are sorted."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Some local days of a trail, from `begin_us` up to `end_us`; `trail` may reach back behind its begin."""

    trail: nw.LazyFrame[Any]
    begin_us: int
    end_us: int

    @property
    def own(self) -> nw.Expr:
        """Whether an event happened in the turn, and not before it."""
        return nw.col("event_time_us") >= self.begin_us


def turns(
    trail: nw.LazyFrame[Any], at: Moment, since: date, reach_us: int = 0, *, last: date | None = None
) -> Iterator[Turn]:
    """The events in view from a local day to the last one, in turns of whole days, as many as are needed.

    Each turn holds what happened up to `reach_us` before it as well. What is counted by day, or looks back no
    farther than the reach, is the same as over the whole trail.
    """
    time, until = nw.col("event_time_us"), at.today if last is None else last
    days, begin = (until - since).days + 1, at.day_end_us(since - timedelta(days=1))
    seen = trail.filter(in_view(at), time >= begin, time < at.day_end_us(until))
    events = int(to_arrow(seen.select(nw.len().alias("events")))["events"][0].as_py())
    step = max(1, -(-days // max(1, -(-events // AT_ONCE))))
    for first in range(0, days, step):
        end = min(at.end_us, at.day_end_us(since + timedelta(days=min(first + step, days) - 1)))
        yield Turn(trail.filter(time >= begin - reach_us, time < end), begin, end)
        begin = end


def gathered(frames: Iterable[nw.LazyFrame[Any]], *texts: str) -> pa.Table:
    """Bring frames of the same columns into memory, one after the other, with some texts as codes."""
    tables = []
    for frame in frames:
        table = to_arrow(frame)
        for name in texts:
            place = table.column_names.index(name)
            table = table.set_column(place, name, table[name].dictionary_encode())
        tables.append(table)
    return pa.concat_tables(tables).unify_dictionaries()


def codes(column: Any) -> tuple[list[str], Codes]:
    """The distinct texts of an Arrow column, in order, and for each row the place of its text."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return [names[at] for at in order], place[np.asarray(encoded.indices.to_numpy(), np.int64)]
