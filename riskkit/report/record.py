"""The run record: what was run, when, for how long, and how it ended. Written also when it ended badly.

It lies beside the report, names what the runs before it left, and holds a digest of itself. The key that
signs the report signs the record too, in the record: what a killed run leaves is then whole as well.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskkit import __version__
from riskkit.errors import RiskkitError
from riskkit.report.folder import DIGEST, canonical, is_sealed, replace, sealed
from riskkit.report.signing import check_signature, public_pem

SCHEMA = 1
SUFFIX = ".run.json"
NOT_ENDED, NO_REPORT = "not ended", "no report"

SIGNED_BY, SIGNATURE = "public_key", "signature"
"""In a signed record: the public key (PEM), and 64 bytes in hex over all but what `_BESIDE` names."""

_BESIDE = frozenset({SIGNATURE, DIGEST, "stamp"})
"""The signature, the digest over it, and the time stamp's, which comes later and without the key."""

_SUMMARY = ("begun", "ended", "outcome", "reason", "riskkit", "manifest")
"""What a record keeps of each run before it, with the digest and the signer of that run's own record."""


def record_path(report: Path) -> Path:
    """Where a report's run record lies: beside its folder, so that the folder holds no time."""
    return report.with_name(f"{report.name}{SUFFIX}")


def read_record(path: Path) -> dict[str, Any] | None:
    """A run record; None when there is none, when it cannot be read or is not as it was written.

    Of a signed one the signature must hold; whether the key is the right one is for the caller to ask.
    """
    try:
        raw = path.read_bytes()
        content = json.loads(raw)
        if not is_sealed(raw, content) or content["schema"] != SCHEMA:
            return None
        return content if SIGNATURE not in content or record_signer(content) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def record_signer(content: Mapping[str, Any]) -> str | None:
    """The fingerprint of the key that signed a record; None when it is not signed, or does not hold."""
    try:
        signature, pem = bytes.fromhex(content[SIGNATURE]), content[SIGNED_BY].encode()
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return check_signature(_signed_part(content), signature, pem)


def recorded_manifests(content: Mapping[str, Any]) -> set[str]:
    """Digests that the manifest beside a record may have: the last report's, or that of a run under way.

    A run that was killed may have published its report or not.
    """
    possible: set[str] = set()
    for run in (content, *reversed(content["earlier"])):
        if run["manifest"]:
            possible.add(run["manifest"])
        if run["outcome"] not in (NOT_ENDED, NO_REPORT):
            break
    return possible


def amend(path: Path, **facts: Any) -> None:
    """Add facts to the record of a run that has ended; nothing when there is no record."""
    content = read_record(path)
    if content is not None:
        replace(path, sealed({**content, **facts}))


class Record:
    """The record of one run; real times, so it lies beside the report, not in it.

    It names no machine, path of a machine, person or value. With a key it is signed each time it is
    written.
    """

    def __init__(
        self, path: Path, clock: Callable[[], datetime], key: Ed25519PrivateKey | None = None
    ) -> None:
        self._path, self._clock, self._key, self._begun = path, clock, key, clock()
        self.before = read_record(path)
        self._content: dict[str, Any] = {
            "schema": SCHEMA,
            "riskkit": __version__,
            "python": platform.python_version(),
            "outcome": NOT_ENDED,
            "reason": "",
            "begun": _written(self._begun),
            "ended": None,
            "seconds": None,
            "manifest": None,
            "notebooks": [],
            "first_seen": {},
            "obtained_later": [],
            "earlier": _earlier(path, self.before),
        }

    def note(self, **facts: Any) -> None:
        """Add facts to the record."""
        self._content.update(facts)

    def notebook(self, name: str, status: str, reason: str, seconds: float, *, reused: bool = False) -> None:
        """Add what became of a notebook; `reused` when its page was made by an earlier run."""
        entry = {
            "name": name, "status": status, "reason": reason, "seconds": round(seconds, 3), "reused": reused
        }  # fmt: skip
        told = [*self._content["notebooks"], entry]
        self._content["notebooks"] = sorted(told, key=lambda one: str(one["name"]))

    def inputs(self, files: Mapping[str, Mapping[str, Any]], as_of: datetime) -> None:
        """Note when each input (SHA-256 by name) was first seen, and which first after the moment judged.

        What records of this and other reports in the same folder know is kept; without them this run
        is the first.
        """
        known = _first_seen([self.before, *map(read_record, self._path.parent.glob(f"*{SUFFIX}"))])
        now = _written(self._begun)
        seen = {
            name: {"sha256": file["sha256"], "at": known.get((name, file["sha256"]), now)}
            for name, file in files.items()
        }
        end = _written(as_of)
        self.note(first_seen=seen, obtained_later=sorted(name for name in seen if seen[name]["at"] >= end))

    def write(self) -> None:
        """Write the record as it is now, so that a run that is killed leaves what was true by then."""
        replace(self._path, sealed(self._signed()))

    def _signed(self) -> dict[str, Any]:
        if self._key is None:
            return self._content
        content = {**self._content, SIGNED_BY: public_pem(self._key.public_key()).decode()}
        return {**content, SIGNATURE: self._key.sign(_signed_part(content)).hex()}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write the record now, as not ended, and again when the block ends, however it does.

        A run that is killed, or whose disk is full, leaves what was written last.
        """
        self.write()
        try:
            yield
        except BaseException as error:
            reason = error.what if isinstance(error, RiskkitError) else ""
            self.note(
                outcome=NO_REPORT,
                reason=": ".join(filter(None, (type(error).__name__, reason))),
                manifest=None,
            )
            self._end()
            with suppress(OSError):  # the first error is the one to tell
                self.write()
            raise
        self._end()
        self.write()

    def _end(self) -> None:
        ended = self._clock()
        self.note(ended=_written(ended), seconds=round((ended - self._begun).total_seconds(), 3))


def _earlier(path: Path, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The runs before this one, oldest first, each with the digest and the signer of its own record."""
    if before is not None:
        kept = {name: before[name] for name in _SUMMARY}
        return [*before["earlier"], {**kept, "signer": record_signer(before), DIGEST: before[DIGEST]}]
    if not path.is_file():
        return []
    lost = dict.fromkeys((*_SUMMARY, "signer"))
    lost |= {"outcome": NO_REPORT, "reason": "its record could not be read"}
    return [{**lost, DIGEST: hashlib.sha256(path.read_bytes()).hexdigest()}]


def _signed_part(content: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in content.items() if name not in _BESIDE})


def _first_seen(records: Iterable[Mapping[str, Any] | None]) -> dict[tuple[str, str], str]:
    known: dict[tuple[str, str], str] = {}
    for record in records:
        for name, seen in (record or {}).get("first_seen", {}).items():
            file = (name, seen["sha256"])
            known[file] = min(known.get(file, seen["at"]), seen["at"])
    return known


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
