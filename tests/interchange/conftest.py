from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.assess import open_pack
from riskkit.model import Assessment
from tests.packs import copy_of_samples

TREATMENT = """
actions:
  - {action_id: "007", title: Encrypt, risk: theft, owner: Imaging, due_on: 2026-12-15, state: in_progress}
  - {action_id: A-2, title: Close it, control: transmission.plaintext, owner: Net, due_on: 2026-10-01,
     state: planned}
  - {action_id: A-3, title: Dropped, risk: phishing, state: cancelled}
exceptions:
  - {exception_id: X-1, subject: snooping, kind: acceptance, reason: Until the new viewer,
     requested_by: Radiology, approved_by: CEO, approved_on: 2026-05-01, expires_on: 2026-09-30}
  - {exception_id: X-2, subject: phishing, kind: acceptance, reason: "=HYPERLINK(1)",
     requested_by: HR, approved_by: CEO, approved_on: 2026-05-01, expires_on: 2027-01-31}
  - {exception_id: X-3, subject: theft, kind: acceptance, reason: Cheap, requested_by: Net,
     approved_by: " net ", approved_on: 2026-05-01, expires_on: 2027-01-31}
"""


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples, with one action late, one acceptance expired, one in force and one refused."""
    folder = copy_of_samples(tmp_path_factory.mktemp("interchange") / "pack")
    for name in ("actions", "exceptions", "decisions", "signoff"):
        (folder / "programme" / f"{name}.yaml").unlink(missing_ok=True)
    (folder / "programme" / "treatment.yaml").write_text(TREATMENT, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="session")
def assessment(pack: Path, work: Path) -> Assessment:
    return open_pack(pack, work=work)
