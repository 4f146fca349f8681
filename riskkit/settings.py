"""site.yaml: who we are, what we cover and how strict we are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from riskkit.errors import SettingsError

SITE_FILE = "site.yaml"

FRESHNESS_DAYS = 90
"""Our own choice: a quarter; site.yaml overrides it per table."""

EngineName = Literal["duckdb", "spark"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

MEMORY_LIMIT = "2GB"
"""Our own choice: what a laptop can spare while notebooks run beside it."""


def _zone(name: object) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone such as America/Chicago") from error


def _clock(value: object) -> time:
    # YAML 1.1 reads an unquoted 07:00 as the number 420.
    if isinstance(value, int):
        return time(value // 60, value % 60)
    return time.fromisoformat(str(value))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class WorkingHours(_Strict):
    """When people are expected at work; outside is not wrong, only less usual."""

    start: Annotated[time, BeforeValidator(_clock)] = time(7)
    end: Annotated[time, BeforeValidator(_clock)] = time(19)
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon", "tue", "wed", "thu", "fri",
    )  # fmt: skip


def _ordered(numbers: tuple[float, float]) -> tuple[float, float]:
    if not 0 < numbers[0] < numbers[1]:
        raise ValueError("must be two numbers above 0, the second the larger")
    return numbers


Pair = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""5th and 95th percentile of a number that nobody knows."""


class OwnPrior(_Strict):
    """What the site believes of one scenario: events a year, US dollars and hours down an event."""

    events: Pair | None = None
    loss: Pair | None = None
    hours: Pair | None = None


class OwnPriors(_Strict):
    """The site's own numbers of the risk method; without `money` no amount is shown."""

    money: bool = True
    scenarios: Mapping[str, OwnPrior] = Field(default_factory=dict)


class Settings(_Strict):
    """The content of site.yaml.

    `freshness_days` says after how many days evidence of a table no longer shows anything; `default`
    holds for tables that are not named. `checks` overrides parameters by check id; they are
    validated against the checks themselves when the pack is opened. `engine` is where big tables are
    asked; beyond `memory_limit` DuckDB goes on in the work folder, and slower. `owners` says who is asked
    for evidence: by system, kind of evidence, citation or folder of the pack.
    """

    organisation: str = "Unnamed organisation"
    synthetic: bool = False
    scope: str = ""
    not_covered: tuple[str, ...] = ()
    period: str | None = None
    first_period: str | None = None
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    working_hours: WorkingHours = WorkingHours()
    retention_years: Annotated[int, Field(ge=1, le=100)] = 6
    appetite: Literal["very low", "low", "moderate", "high", "very high"] = "moderate"
    freshness_days: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    checks: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    priors: OwnPriors = OwnPriors()
    confidentiality: str = ""
    owners: Mapping[str, str] = Field(default_factory=dict)
    request_days: Annotated[int, Field(ge=1, le=366)] = 14
    renew_days: Annotated[int, Field(ge=0, le=366)] = 30
    engine: EngineName = "duckdb"
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?[KMGT]i?B$")] = MEMORY_LIMIT
    stated_zone: bool = False

    def freshness(self, table: str) -> int:
        """Days for which evidence of this table holds."""
        return self.freshness_days.get(table, self.freshness_days.get("default", FRESHNESS_DAYS))


def read_settings(pack: Path) -> Settings:
    """Read site.yaml of a pack; defaults where there is none.

    Raises SettingsError naming each wrong line's key.
    """
    path = pack / SITE_FILE
    if not path.is_file():
        return Settings()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SettingsError(
            f"is not YAML{where}", file=path, do="Correct it, or delete it to use defaults"
        ) from error
    if not isinstance(content, dict):
        raise SettingsError("is not a mapping of keys to values", file=path, do="See the sample site.yaml")
    if "stated_zone" in content:
        raise SettingsError("stated_zone: unknown key", file=path)
    try:
        return Settings(**content, stated_zone="timezone" in content)
    except (ValidationError, TypeError) as error:
        raise SettingsError(_explain(error), file=path, do="Correct these keys") from error


def _explain(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return "has a key that is not text"
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {_plain(problem['msg'])}" for problem in error.errors()
    )


def _plain(message: str) -> str:
    return "unknown key" if message.startswith("Extra inputs") else message.removeprefix("Value error, ")
