"""What of a report may leave the house: the files that its manifest names, as they were made.

A report shows aggregates and surrogates. Alerts, workbooks with real ids, work folders and evidence lie
elsewhere; where one of them lies in a report's folder, nothing of that folder is sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskkit.assess import all_checks
from riskkit.errors import DeliveryError
from riskkit.model import PERSONAL_SUBJECTS
from riskkit.report import verify
from riskkit.report.folder import MANIFEST
from riskkit.report.record import record_path

FINDINGS, INDEX = "findings.json", "index.html"
PAPER = ".pdf"
"""Beside a report, under its name: the leadership page on paper, as the run record is."""

_PUBLISHED = re.compile(r"[\w-]+\.html|findings\.json|manifest\.json(?:\.\w{1,5})?")
"""Names of what a report consists of: pages, findings, the manifest and what signs or stamps it."""

_SURROGATE = re.compile(r"[a-z]+-[0-9A-F]{8}\b")
_INCOMPLETE = "This report is incomplete."


@dataclass(frozen=True, slots=True)
class Published:
    """A report that may be sent: its files as they were read, each with the hash of the manifest.

    `complete` is false when a part could not be made; its first page says which.
    """

    folder: Path
    organisation: str
    period: str
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """The name of the report's folder, such as `2026-10`."""
        return self.folder.resolve().name

    @property
    def sha256(self) -> str:
        """The hash of the manifest, which holds the hashes of all others."""
        return hashlib.sha256(self.files[MANIFEST]).hexdigest()

    @property
    def complete(self) -> bool:
        """Whether every part was made."""
        return _INCOMPLETE not in self.page(INDEX)

    def page(self, name: str) -> str:
        """The HTML of a page; raises DeliveryError when the report has none of that name."""
        if not name.endswith(".html") or name not in self.files:
            pages = ", ".join(sorted(page for page in self.files if page.endswith(".html")))
            raise DeliveryError("has no page of that name", file=self.folder, do=f"Its pages: {pages}")
        return self.files[name].decode()

    @property
    def record(self) -> Path | None:
        """The run record beside the folder, where it is."""
        path = record_path(self.folder.resolve())
        return path if path.is_file() else None


def beside(report: Path, ending: str) -> Path:
    """The file beside a report's folder that has its name and this ending."""
    folder = report.resolve()
    return folder.with_name(f"{folder.name}{ending}")


def read_report(folder: Path) -> Published:
    """Read a report that is to be sent.

    Raises ReportError when the folder is no report, and DeliveryError when it holds anything else than a
    report, when a file is not what it was when the report was made, or when its findings name people.
    """
    problems = verify(folder)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or not _PUBLISHED.fullmatch(path.name):
            raise DeliveryError(
                f"holds {path.relative_to(folder).as_posix()}, which is no published part of a report",
                file=folder,
                do="Keep alerts, workbooks and work folders elsewhere; nothing was sent",
            )
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DeliveryError(
            f"is not as it was made: {problems[0]}{more}", file=folder, do="Make it again; nothing was sent"
        )
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    stated = json.loads(files[MANIFEST])
    for name, described in stated["outputs"].items():
        # Read once more: what is sent is what was compared, also if the folder changes meanwhile.
        if hashlib.sha256(files.get(name, b"")).hexdigest() != described["sha256"]:
            raise DeliveryError(f"{name} changed while it was read", file=folder, do="Try again")
    if missing := {INDEX, FINDINGS} - files.keys():
        raise DeliveryError(f"holds no {min(missing)}", file=folder, do="Make the report again")
    if names_people(json.loads(files[FINDINGS])):
        raise DeliveryError(
            "its findings name people by their own ids", file=folder / FINDINGS, do="Make the report again"
        )
    return Published(
        folder=folder,
        organisation=" ".join(str(stated["organisation"]).split()),
        period=str(stated["period"]),
        files=files,
    )


def names_people(findings: Mapping[str, Any]) -> bool:
    """Whether a finding about a person has a subject that is no surrogate.

    A subject of several words is a sentence, such as that no policy is there.
    """
    personal = {check.id for check in all_checks() if check.subject in PERSONAL_SUBJECTS}
    return any(
        not verdict["engine"]
        and verdict["subject"] != verdict["fingerprint"]
        and " " not in verdict["subject"]
        and not _SURROGATE.match(verdict["subject"])
        for outcome in findings["outcomes"]
        if outcome["check"] in personal
        for verdict in outcome["verdicts"]
    )
