"""Which code a reader's stored rows depend on."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.ingest import walk
from riskkit.model import Reader
from riskkit.readers import dicom_audit, restic_snapshots

READERS = Path(walk.__file__).parents[1] / "readers"


def digest(reader: Reader) -> str:
    walk.code_of.cache_clear()
    return walk.code_of(reader)


@pytest.mark.parametrize(
    ("changed", "dicom", "restic"),
    [
        (READERS / "dicom_audit" / "codes.py", True, False),
        (READERS / "times.py", True, False),
        (READERS / "events.py", True, False),
        (READERS / "documents.py", False, True),
        (READERS / "canonical" / "rows.py", False, False),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_code_that_a_reader_imports_counts(
    monkeypatch: pytest.MonkeyPatch, changed: Path, dicom: bool, restic: bool
) -> None:
    """A change of a module re-reads the files of the readers that use it, and of no others."""
    before = digest(dicom_audit.read), digest(restic_snapshots.read)
    read_bytes = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read_bytes(path) + (b"#" if path == changed else b"")
    )
    after = digest(dicom_audit.read), digest(restic_snapshots.read)
    monkeypatch.undo()
    walk.code_of.cache_clear()
    assert (before[0] != after[0], before[1] != after[1]) == (dicom, restic)
