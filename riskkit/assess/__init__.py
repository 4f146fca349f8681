"""From evidence to outcomes, controls and risks. Never connects, never reads a clock."""

from __future__ import annotations

from riskkit.assess.findings import findings_json
from riskkit.assess.opening import open_pack, resolve_moment
from riskkit.assess.registry import all_checks, all_derived

__all__ = ["all_checks", "all_derived", "findings_json", "open_pack", "resolve_moment"]
