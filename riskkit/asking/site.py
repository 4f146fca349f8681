"""The template of site.yaml: every setting with its default, commented out, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from riskkit.settings import Settings

MEANING: Mapping[str, tuple[str, Any]] = {
    "organisation": ("Name as the report shows it.", None),
    "synthetic": ("True only for simulated evidence.", None),
    "scope": ("What the analysis covers, in a sentence.", "The image archives, viewers and their backups."),
    "not_covered": ("What it does not cover: told on the first page.", ["Cardiology mini-archive"]),
    "period": ("Period that is judged when none is named: a month or a quarter.", "2026-01"),
    "first_period": ("First period with a history; earlier failures are not asked for.", "2026-01"),
    "timezone": ("Zone of all times that name none.", "America/Chicago"),
    "working_hours": (
        "When people are expected at work.",
        {"start": "07:00", "end": "19:00", "days": ["mon", "tue", "wed", "thu", "fri"]},
    ),
    "retention_years": ("Years for which documents are kept; 164.316(b)(2)(i) asks for six.", None),
    "appetite": ("Level up to which risks are borne: very low, low, moderate, high, very high.", None),
    "freshness_days": (
        "Days for which evidence of a table shows something; default holds for the others.",
        {"default": 90, "policies": 365},
    ),
    "checks": (
        "Tunables of checks, by id: `riskkit checks` lists them.",
        {"programme.attested": {"valid_days": 365}},
    ),
    "confidentiality": ("Line at the head of every page.", "Confidential. For the named recipients only."),
    "owners": (
        "Who is asked for evidence: by system, kind of evidence, citation or folder of the pack.",
        {"programme": "Compliance office", "accounts": "Identity team"},
    ),
    "request_days": ("Days that an owner has to send what `riskkit request` asks for.", None),
    "renew_days": ("Evidence that stops counting within so many days is asked for anew.", None),
    "engine": ("Where big tables are asked: duckdb or spark.", None),
    "memory_limit": ("Memory that DuckDB takes before it goes on in the work folder.", None),
}
"""What a setting means, and an example where its default shows nothing."""


def _lines() -> Iterator[str]:
    yield "# site.yaml: who you are, what is covered and how strict you are. It lies at the top of the pack."
    yield "# Every line is optional. Take the # away from what you set; the values are defaults or examples."
    for name, field in Settings.model_fields.items():
        meaning, example = MEANING.get(name, ("", None))
        if not meaning:
            continue
        value = field.default if example is None else example
        if example is None and (field.is_required() or field.default_factory is not None):
            continue
        yield ""
        yield f"# {meaning}"
        yield from (
            f"#{line}" for line in yaml.safe_dump({name: value}, sort_keys=False, width=100).splitlines()
        )


SITE_TEXT = "\n".join(_lines()) + "\n"
"""The whole template."""
