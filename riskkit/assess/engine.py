"""Gives checks and views their tables: small ones as pandas, big ones in the engine, derived ones once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from riskkit.assess.registry import TRAIL, all_derived
from riskkit.backend import Backend, start
from riskkit.derived.announced_probes import KEYS, announced, probes
from riskkit.derived.join_coverage import Coverage
from riskkit.errors import EvidenceError
from riskkit.ingest import happened, newest
from riskkit.model import Check, Derived, Evidence, Moment, TableState
from riskkit.settings import MEMORY_LIMIT, EngineName
from riskkit.tables import TABLES, records, to_arrow

if TYPE_CHECKING:
    import pandas as pd


class Engine:
    """The tables of one Evidence on one backend, which starts when a big table is first asked for.

    `spill` is a folder of this engine's own; two DuckDBs in one would write over each other.
    """

    def __init__(
        self,
        evidence: Evidence,
        moment: Moment,
        spill: Path | None,
        *,
        engine: EngineName = "duckdb",
        memory_limit: str = MEMORY_LIMIT,
    ) -> None:
        self._evidence, self._moment, self._spill = evidence, moment, spill
        self._engine: EngineName = engine
        self._memory_limit = memory_limit
        self._arrow: dict[str, pa.Table] = {}
        self._held: dict[str, nw.LazyFrame[Any]] = {}
        self._derived: dict[tuple[str, bool], Any] = {}

    @cached_property
    def _backend(self) -> Backend:
        return start(self._engine, self._spill, memory_limit=self._memory_limit)

    @cached_property
    def _trail(self) -> nw.LazyFrame[Any]:
        """The audit trail without the events of announced scans."""
        trail = self.lazy(TRAIL)
        if self.state("probe_windows").state != "present":
            return trail
        systems = self.frame("systems") if self.state("systems").state == "present" else None
        found = to_arrow(probes(trail, announced(self.frame("probe_windows"), systems)))
        # Most trails hold none, and are then asked as they are.
        return trail.join(self._backend.hold(found), on=list(KEYS), how="anti") if found.num_rows else trail

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """How much of the trail other evidence knows by id; empty without a trail."""
        if self.state("join_coverage").state != "present":
            return ()
        return tuple(sorted(Coverage(*row) for row in records(self.lazy("join_coverage"))))

    def state(self, name: str) -> TableState:
        """The state of a table; a derived one is as its first input that cannot be judged."""
        derived = all_derived().get(name)
        if derived is None:
            return self._evidence.states[name]
        states = [self.state(need) for need in derived.needs]
        return next((state for state in states if state.state != "present"), states[0])

    def is_lazy(self, name: str) -> bool:
        """Whether a table, or any that it is derived from, stays in the engine."""
        derived = all_derived().get(name)
        if derived is None:
            return TABLES[name].lazy
        return any(self.is_lazy(need) for need in (*derived.needs, *derived.optional))

    def frame(self, name: str) -> pd.DataFrame:
        """A small table as pandas with Arrow types; raises EvidenceError when it is absent or big."""
        if self.is_lazy(name):
            raise EvidenceError(
                f"{name} is too big to hold in memory",
                do="Use assessment.lazy(...) and bring an aggregate",
            )
        self._present(name)
        derived = all_derived().get(name)
        return self._derive(derived, lazy=False) if derived else _to_pandas(self._read(name))

    def lazy(self, name: str) -> nw.LazyFrame[Any]:
        """Any table as a lazy narwhals frame; raises EvidenceError when it is absent."""
        self._present(name)
        if name not in self._held:
            self._held[name] = self._bring(name)
        return self._held[name]

    def give(self, name: str, frame: pd.DataFrame) -> None:
        """Put in the rows of a derived table that rests on verdicts, which only the judge knows."""
        self._derived[name, False] = frame
        self._held.pop(name, None)

    def tables_for(self, thing: Check | Derived) -> dict[str, Any]:
        """The frames that a check or derived table takes; optional ones that are absent as None.

        What is not about the audit trail itself gets it without the events of announced scans.
        """
        names = (*thing.needs, *thing.optional)
        lazy = any(self.is_lazy(name) for name in names)
        given: dict[str, Any] = {}
        for name in names:
            if name in thing.optional and self.state(name).state != "present":
                given[name] = None
            elif name == TRAIL and not thing.whole_trail:
                given[name] = self._trail
            else:
                given[name] = self.lazy(name) if lazy else self.frame(name)
        return given

    def _present(self, name: str) -> None:
        state = self.state(name)
        if state.state != "present":
            raise EvidenceError(state.reason, do=f"Ask for it: {TABLES[state.table].ask}")

    def _bring(self, name: str) -> nw.LazyFrame[Any]:
        derived = all_derived().get(name)
        if derived is None:
            return self._scan(name) if TABLES[name].lazy else self._backend.hold(self._read(name))
        frame = self._derive(derived, lazy=self.is_lazy(name))
        return frame if isinstance(frame, nw.LazyFrame) else self._backend.hold(to_arrow(frame))

    def _derive(self, derived: Derived, *, lazy: bool) -> Any:
        if (derived.name, lazy) not in self._derived:
            self._derived[derived.name, lazy] = self._kept(
                derived.run(**self.tables_for(derived), at=self._moment)
            )
        return self._derived[derived.name, lazy]

    def _kept(self, found: Any) -> Any:
        if isinstance(found, nw.LazyFrame):
            return self._backend.keep(found)
        if isinstance(found, Iterator):
            return nw.concat([self._backend.keep(part) for part in found], how="vertical")
        return found

    def _read(self, name: str) -> pa.Table:
        if name not in self._arrow:
            table, files = TABLES[name], self._evidence.files[name]
            rows = pa.concat_tables([pq.read_table(file, schema=table.schema) for file in files])
            rows = newest(table, happened(table, rows, self._moment), self._evidence.sources)
            self._arrow[name] = rows.sort_by(
                [("source", "ascending"), ("offset", "ascending"), ("n", "ascending")]
            )
        return self._arrow[name]

    def _scan(self, name: str) -> nw.LazyFrame[Any]:
        frame = self._backend.scan(self._evidence.files[name])
        column = TABLES[name].event_time
        if column is None:
            return frame
        # An event without a time is kept: it happened, only nobody knows when.
        return frame.filter((nw.col(column) < self._moment.as_of_us) | nw.col(column).is_null())


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - a second of import that a cached assessment does not need

    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
