"""riskkit: a HIPAA Security Rule risk report from the evidence of a PACS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskkit.assess import open_pack as open
    from riskkit.assess import triage

__version__ = "0.1.0"
__all__ = ["__version__", "open", "triage"]


def __getattr__(name: str) -> Any:
    # `import riskkit` stays fast: pandas and DuckDB are loaded when a pack is opened.
    if name == "open":
        from riskkit.assess import open_pack  # noqa: PLC0415

        return open_pack
    if name == "triage":
        from riskkit.assess import triage  # noqa: PLC0415

        return triage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
