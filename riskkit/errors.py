"""Errors that a person can act on: what file, what is wrong, what to do."""

from __future__ import annotations

from pathlib import PurePath


class RiskkitError(Exception):
    """Base of every error that riskkit raises on purpose.

    The text never carries a value from the evidence: names and record numbers would leak into logs.
    """

    def __init__(self, what: str, *, file: str | PurePath | None = None, do: str = "") -> None:
        self.what = what
        self.file = None if file is None else str(file)
        self.do = do
        where = f"{self.file}: " if self.file else ""
        super().__init__(f"{where}{what.rstrip('.')}." + (f" {do.rstrip('.')}." if do else ""))


class EvidenceError(RiskkitError):
    """The evidence pack, or a file in it, cannot be used."""


class CatalogError(RiskkitError):
    """A control, rule, scenario, check or reader is declared wrongly."""


class SettingsError(RiskkitError):
    """site.yaml, a parameter or an option is wrong."""


class CollectError(RiskkitError):
    """A collector may not or cannot do what it was asked."""


class ReportError(RiskkitError):
    """A report could not be made or trusted."""


class DeliveryError(RiskkitError):
    """A report may not be sent, or did not arrive."""
