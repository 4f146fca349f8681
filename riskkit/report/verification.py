"""Whether a report is what it was when it was made, and what that shows: offline, from files alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography import x509

from riskkit.assess import state_of
from riskkit.errors import ReportError
from riskkit.ingest import find_files
from riskkit.ingest.walk import HISTORY, sha256_of
from riskkit.report.folder import MANIFEST, is_sealed
from riskkit.report.manifest import FINDINGS, NO_OUTPUT, SCHEMA, SIGNED
from riskkit.report.record import (
    NO_REPORT,
    NOT_ENDED,
    read_record,
    record_path,
    record_signer,
    recorded_manifests,
)
from riskkit.report.signing import PUBLIC_KEY, SIGNATURE, check_signature
from riskkit.report.timestamp import STAMP, check_stamp
from riskkit.words import be, count

_SHORT = 16
"""Digits of a digest that a sentence shows."""


@dataclass
class Verification:
    """Sentences: what does not agree, what was shown, and what was not."""

    problems: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)


def verify(report: Path, pack: Path | None = None) -> list[str]:
    """What does not agree with a report's manifest, one sentence each; empty when all does.

    With the pack its files are compared too, and files that came later are named. Raises ReportError
    when the folder is no report.
    """
    return _Examination(report).of_itself(pack).problems


def examine(
    report: Path,
    pack: Path | None = None,
    *,
    signer: str | None = None,
    authorities: Sequence[x509.Certificate] | None = None,
) -> Verification:
    """All that can be verified of a report, and what that leaves open.

    Beyond `verify`: the chain to the reports before it that lie in the same folder or are kept in the
    pack's history, the risk state and who signed it off. signer: fingerprint of the key that must have
    signed. authorities: certificates that are trusted to issue those of time stamp authorities. Raises
    ReportError when it is no report.
    """
    examination = _Examination(report, signer, authorities)
    examination.of_itself(pack)
    examination.of_the_chain(pack)
    examination.of_the_sign_off()
    return examination.found


class _Examination:
    def __init__(
        self,
        report: Path,
        signer: str | None = None,
        authorities: Sequence[x509.Certificate] | None = None,
    ) -> None:
        self._report, self._signer, self._authorities = report, signer, authorities
        self.found = Verification()
        try:
            self._raw = (report / MANIFEST).read_bytes()
            self._stated = json.loads(self._raw)
            if self._stated["schema"] != SCHEMA:
                raise ValueError
            self._outputs, self._inputs = dict(self._stated["outputs"]), dict(self._stated["inputs"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReportError(
                "is no report: its manifest cannot be read",
                file=report,
                do="Name the folder that holds manifest.json",
            ) from error

    def of_itself(self, pack: Path | None) -> Verification:
        """Outputs, manifest, run record, signature, time stamp, and inputs where the pack is given."""
        found, report = self.found, self._report
        found.problems += _compare(report, self._outputs, "output")
        present = {file.relative_to(report).as_posix() for file in report.rglob("*") if not file.is_dir()}
        extra = sorted(present - self._outputs.keys() - NO_OUTPUT)
        found.problems += [f"{name}: is no part of the report" for name in extra]
        if not is_sealed(self._raw, self._stated):
            found.problems.append(f"{MANIFEST}: is not as it was written")
        if not found.problems:
            found.shown.append(f"{len(self._outputs)} outputs are as the manifest says")
        try:
            self._of_the_record()
        except (KeyError, TypeError, AttributeError):
            found.problems.append(f"{record_path(report).name}: is no run record of riskkit")
        self._of_the_signature()
        self._of_the_stamp()
        self._of_the_inputs(pack)
        return found

    def _of_the_record(self) -> None:
        found, path = self.found, record_path(self._report.resolve())
        record = read_record(path)
        if record is None:
            if path.exists():
                found.problems.append(
                    f"{path.name}: the run record is not as it was written (its digest or signature is wrong)"
                )
            else:
                found.not_shown.append("when the report was made: there is no run record beside it")
            return
        possible = recorded_manifests(record)
        if possible and hashlib.sha256(self._raw).hexdigest() not in possible:
            found.problems.append(f"{MANIFEST}: is not what the run record says")
        stamp = self._read(STAMP)
        if "stamp" in record and (stamp is None or hashlib.sha256(stamp).hexdigest() != record["stamp"]):
            found.problems.append(f"{STAMP}: is not what the run record says")
        if record["outcome"] in (NOT_ENDED, NO_REPORT):
            found.not_shown.append(
                f"how this report was made: the last run, of {record['begun']}, says {record['outcome']}"
            )
        else:
            runs = len(record["earlier"]) + 1
            found.shown.append(
                f"made by riskkit {record['riskkit']} from {record['begun']} to {record['ended']}, "
                f"run {runs} for this place ({record['outcome']})"
            )
        self._of_its_signature(record, path.name)
        self._of_first_sight(record)

    def _of_its_signature(self, record: Mapping[str, Any], name: str) -> None:
        """The run that made a signed report signed its record too; another run may have had no key."""
        found, signer, key = self.found, record_signer(record), self._stated.get("signer")
        signed = self._stated.get("signed")
        required = isinstance(signed, list) and SIGNED[1] in signed
        if required and record["outcome"] not in (NOT_ENDED, NO_REPORT) and signer != key:
            found.problems.append(
                f"{name}: the run record is signed with another key, {signer}"
                if signer
                else f"{name}: the run record is not signed, and the manifest says that it is"
            )
        elif signer and signer == key:
            found.shown.append("the run record is signed with the key of the report")
            earlier = record["earlier"]
            if others := sum(run.get("signer") != key for run in earlier):
                found.not_shown.append(
                    f"how earlier runs went: {others} of {len(earlier)} records were not signed with this key"
                )
        else:
            found.not_shown.append(
                "that the run record is as the run left it: it is "
                + ("signed with a key that is not the report's" if signer else "not signed")
            )

    def _of_first_sight(self, record: Mapping[str, Any]) -> None:
        seen = {name: one["at"] for name, one in record["first_seen"].items() if name in self._inputs}
        later = sorted(set(record["obtained_later"]) & seen.keys())
        if later:
            last = max(later, key=lambda name: seen[name])
            self.found.shown.append(
                f"obtained later: {len(later)} of {len(seen)} inputs were first seen after the moment "
                f"judged ({self._stated['as_of']}), the last one on {seen[last]} ({last})"
            )
        elif seen:
            self.found.shown.append(f"all {len(seen)} inputs were first seen before the moment judged ended")

    def _of_the_signature(self) -> None:
        found, named = self.found, self._stated.get("signer")
        signature, pem = self._read(SIGNATURE), self._read(PUBLIC_KEY)
        if signature is None and pem is None and named is None:
            if self._signer:
                found.problems.append(f"{SIGNATURE}: the report is not signed")
            else:
                found.not_shown.append("who made it: the report is not signed")
            return
        for name, content in ((SIGNATURE, signature), (PUBLIC_KEY, pem)):
            if content is None:
                found.problems.append(f"{name}: is missing")
        if signature is None or pem is None:
            return
        key = check_signature(self._raw, signature, pem)
        if key is None:
            found.problems.append(f"{SIGNATURE}: the signature does not hold for this manifest and key")
        elif key != named:
            found.problems.append(f"{PUBLIC_KEY}: is not the key that the manifest names")
        elif self._signer and key != self._signer:
            found.problems.append(f"{SIGNATURE}: was made with another key, {key}")
        elif self._signer:
            found.shown.append(f"signed with the key that you named, {key}")
        else:
            found.shown.append(f"signed with the key {key}")
            found.not_shown.append("whose key that is: name the one that you trust with --signer")

    def _of_the_stamp(self) -> None:
        response = self._read(STAMP)
        if response is None:
            self.found.not_shown.append("that it existed at some time: there is no time stamp")
            return
        stamp = check_stamp(self._raw, response, trusted=self._authorities)
        self.found.problems += [f"{STAMP}: {problem}" for problem in stamp.problems]
        self.found.not_shown += [f"{STAMP}: {what}" for what in stamp.unverified]
        if not stamp.problems and stamp.at:
            by = stamp.authority or "an authority that it does not name"
            self.found.shown.append(f"existed at {stamp.at.isoformat()}, says {by}")

    def _of_the_inputs(self, pack: Path | None) -> None:
        if pack is None:
            self.found.not_shown.append("that the evidence is what it was: name its folder with --pack")
            return
        problems = list(_compare(pack, self._inputs, "input"))
        problems += [
            f"{found.name}: came into the pack after the report was made"
            for found in find_files(pack)
            if found.name not in self._inputs
        ]
        self.found.problems += problems
        if not problems:
            self.found.shown.append(f"{len(self._inputs)} inputs are as the manifest says")

    def of_the_chain(self, pack: Path | None) -> None:
        """Each manifest names that of the period before: as far back as reports, or the history, go.

        Where a report does not lie beside this one, what the pack's history keeps of it is followed:
        its manifest, and that the findings kept with it are those of that report.
        """
        place, stated, reports, kept = self._report.resolve().parent, self._stated, 0, 0
        while isinstance(previous := stated.get("previous"), dict):
            period, expected = str(previous.get("period")), previous.get("manifest")
            before = f"the chain to {period} and before"
            name = PurePosixPath(period).name
            history = pack / HISTORY / name if pack else None
            if expected is None:
                self.found.not_shown.append(
                    f"{before}: {HISTORY}/{name} held findings without the manifest of a report "
                    "(riskkit report --record keeps both)"
                )
                break
            folders = [folder for folder in (place / name, history) if folder]
            folder = next((one for one in folders if _period_of(one) == period), None)
            if folder is None:
                where = f"{place.name}, nor its manifest in {HISTORY}" if pack else place.name
                more = "" if pack else " (with --pack its manifest in history is followed)"
                self.found.not_shown.append(f"{before}: its report is not in {where}{more}")
                break
            told = f"{HISTORY}/{name}" if folder == history else name
            raw = (folder / MANIFEST).read_bytes()
            if hashlib.sha256(raw).hexdigest() != expected:
                self.found.problems.append(
                    f"{told}/{MANIFEST}: is not the one that the report after it follows "
                    "(it was made again from other evidence, or altered)"
                )
                break
            stated = json.loads(raw)
            if history and not _holds_findings_of(history, stated):
                self.found.problems.append(
                    f"{HISTORY}/{name}/{FINDINGS}: is not what the report of {period} found"
                )
            reports, kept = reports + 1, kept + (folder == history)
        if reports:
            without = f"; the pages of {kept} are not in {place.name}" if kept else ""
            self.found.shown.append(
                f"follows {count(reports, 'earlier report')}, {be(reports, '', 'each ')}as its successor "
                f"names it{without}"
            )

    def of_the_sign_off(self) -> None:
        """Whether the findings are those of the risk state, and who signed that."""
        found = self.found
        try:
            findings = json.loads((self._report / FINDINGS).read_bytes())
            state, signed = findings["risk_state"], findings["signed_by"]
            told = [f"{one['role']} on {one['signed_at']}" for one in signed]
            agrees = state_of(findings) == state
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            found.problems.append(f"{FINDINGS}: its risk state cannot be worked out")
            return
        if not agrees:
            found.problems.append(f"{FINDINGS}: what was found is not what its risk state says")
        elif told:
            found.shown.append(f"risk state {state[:_SHORT]} is signed off by {', '.join(told)}")
            found.not_shown.append("that these people signed: programme/signoff says so, under no key")
        else:
            found.not_shown.append(f"a sign-off: nobody has signed the risk state {state[:_SHORT]}")

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._report / name).read_bytes()
        except OSError:
            return None


def _period_of(folder: Path) -> str | None:
    """The period of the manifest in a folder; None when there is none that can be read."""
    try:
        return str(json.loads((folder / MANIFEST).read_bytes())["period"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _holds_findings_of(history: Path, stated: Mapping[str, Any]) -> bool:
    """Whether the findings that a pack keeps of a period are those of the report with this manifest."""
    try:
        found: bool = sha256_of(history / FINDINGS) == stated["outputs"][FINDINGS]["sha256"]
    except (OSError, KeyError, TypeError):
        return False
    return found


def _compare(folder: Path, stated: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name, description in sorted(stated.items()):
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts:
            yield f"{name}: the manifest names an {kind} outside of its folder"
            continue
        path = folder / plain
        if kind == "output" and path.is_symlink():
            yield f"{name}: the output is a link to somewhere else"
            continue
        expected = description.get("sha256") if isinstance(description, dict) else None
        if expected == "":
            continue  # could not be read when the report was made, and the report says so
        try:
            actual = sha256_of(path)
        except OSError:
            yield f"{name}: the {kind} is missing"
            continue
        if actual != expected:
            yield f"{name}: the {kind} is not what it was when the report was made"
