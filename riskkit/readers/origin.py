"""What a log does not say of itself and a mapping file beside it may: system, year and time zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from riskkit.errors import EvidenceError


def known_zone(name: str) -> str:
    """A name that the IANA time zone database has; raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no IANA time zone such as America/Chicago") from None
    return name


ZoneName = Annotated[str, AfterValidator(known_zone)]


class Origin(BaseModel):
    """The mapping file of a log: where it comes from, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_system: str | None = None
    year: Annotated[int, Field(ge=1990, le=2199)] | None = None
    timezone: ZoneName | None = None

    def zone(self, site: ZoneInfo) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.timezone) if self.timezone else site


def read_origin(mapping: Mapping[str, object] | None, file: str) -> Origin:
    """Check a mapping file's content; raises EvidenceError naming each wrong key."""
    try:
        return Origin.model_validate(dict(mapping or {}))
    except ValidationError as error:
        raise wrong_mapping(error, file) from None


def wrong_mapping(error: ValidationError, file: str) -> EvidenceError:
    """What is wrong with a mapping file, key by key, naming no value."""
    wrong = "; ".join(
        f"{'.'.join(map(str, problem['loc'][:2]))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_input=False, include_url=False)
    )
    return EvidenceError(f"its mapping file is wrong: {wrong}", file=file, do="Correct the mapping file")
