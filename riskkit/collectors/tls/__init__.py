"""`collect tls`: what the listed listeners accept, as one evidence file.

Nothing is connected to that endpoints.yaml does not list with an approver, inside an approved window.
Every endpoint first gets one TLS hello (`preflight`); only one that answers with TLS is scanned deeper,
by sslyze in a child process with a time limit. Only where endpoints.yaml says `dicom_probe: true` are
DICOM associations asked for, and no command but C-ECHO. No HL7 message or query is ever sent; at scan
level `full` an HTTP listener gets `GET /`.

The file, format 1. Keys may be added; their meaning does not change:

- `complete`: false when the run was stopped; `ended_because` says why. What was found is kept.
- `vantage`: where the scanner stood, `internal`, `external` or null; each endpoint may say otherwise.
- `authorization`: `by`, `date`, `reference` as endpoints.yaml states them; `authority`: its name and hash.
- `probe_window`: `start`, `end` and `source_addresses` of all connections of this run. The same, one
  row per endpoint, goes into the table `probe_windows`, so that audit trails can be read without them.
- `sslyze`: sslyze's own document of all endpoints with status `scanned`, scanned without a client
  certificate; `sslyze_with_certificate`: of those scanned again with one, or null. The second must not
  be asked whether a certificate is required: sslyze then always says no.
- `log`: every step with its time, seconds, source and destination.
- `endpoints`: per endpoint its id, host, port, `ip` (the one address that was connected to), `protocol`
  as declared, `vantage`, `seconds`, `status` with `reason` and `confidence` (medium where the status is
  inferred: a reset of a listener declared `dicom`), and `facts`.

An endpoint's `status`:

- `scanned`: sslyze has results.
- `plaintext`: answers, and not with TLS.
- `not_tls`: takes the connection but does not answer a TLS hello with anything that could be judged.
- `refused`, `unresolved`: nothing listens there, or the name has no address.
- `timeout`: too slow to tell. `error`: the scan failed. `skipped`: not looked at, or not deeper, as told.

`facts` are riskkit's own observations beside those of sslyze: objects of `key`, `value`, `reason` (why a
value is `unknown`), `detail` and `confidence` (high, medium, low), the columns of `channel_observations`:

- `answer`: what a TLS hello got: tls, http, dicom, hl7, ssh, other (bytes of no known protocol), slow,
  silent, closes or resets (the connection, without a byte). Absent when there was no connection.
- `group.NAME`: accepted, rejected or unknown: a named group of TLS 1.3 (X25519MLKEM768,
  SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, X448, secp256r1, secp384r1, secp521r1). Only the first
  three are post-quantum. Without TLS 1.3 those three are rejected with the detail `no TLS 1.3`.
- `dicom.plain`, `dicom.tls`, `dicom.tls_with_certificate`: what an A-ASSOCIATE on such a transport got:
  accepted, rejected (detail: result, source, reason of PS3.8 9.3.4), aborted, closed (before an answer),
  silent, no_tls (the handshake failed). `dicom.plain` = accepted proves DICOM without TLS, on whatever port.
- `dicom.unknown_calling`, `dicom.unknown_called`: accepted, rejected or unknown: an association with a
  calling AE title (a called one) that nobody configured, the other one being right where it is declared.
  Accepted means the association and a C-ECHO alone: a server may still refuse to store or to find.
- `dicom.echo`: success, failure (detail: status) or unknown: C-ECHO on the first accepted association.
- `dicom.implementation`: the peer's Implementation Version Name; detail: its class UID.
- `client_certificate`: accepted, rejected or unknown: a handshake with the certificate of endpoints.yaml.
- `chain.openssl`, `chain.strict`: valid, invalid (detail: why) or unknown: whether the chain leads to the
  `trust_anchor` file of endpoints.yaml, as OpenSSL judges by default and by RFC 5280 to the letter; dates,
  names and key lengths are not part of the question.
- `http.without_certificate`: served or refused (detail: the status code): `GET /` without a client
  certificate, at level full, where the handshake asks for one and goes on without.
- `handshake.without_certificate`: closed or kept: what becomes of the connection when the handshake asked for
  a client certificate, got none and went on, and nothing is sent: a gateway may refuse only then.

While a run lasts, and when it is killed, what was found so far lies under the file's name with the ending
`.partial`, written anew every few seconds.
"""

from __future__ import annotations

import csv
import getpass
import io
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from riskkit.collectors.evidence_file import iso, new_evidence_file, stamp
from riskkit.collectors.tls import sslyze_process
from riskkit.collectors.tls.authority import Authority, Target, read_authority, read_list, resolve
from riskkit.collectors.tls.run import HOSTS_AT_ONCE, Run
from riskkit.collectors.tls.switch import POLL_S, STOP_FILE, Switch
from riskkit.errors import CollectError
from riskkit.tables import TABLES
from riskkit.words import count, out_of

FORMAT = 1
SAVE_EVERY_S = 5.0

__all__ = ["Switch", "collect_tls", "plan_tls"]


def plan_tls(endpoints_file: Path, *, now: Callable[[], datetime], only: tuple[str, ...] = ()) -> list[str]:
    """What a run would do: who permitted it, a line per endpoint with what is sent to it, and the sum.

    No name is resolved. A window that is not open is told and not refused: a plan is read before it.
    Raises CollectError as `collect_tls` does otherwise.
    """
    authority, at = read_list(endpoints_file, only), now()
    given = authority.authorization
    networks = ", ".join(map(str, authority.allowed_networks or ())) or "not limited by allowed_networks"
    lines = [f"authorized by {given.by} on {given.date}, {given.reference}; addresses: {networks}"]
    shut = 0
    for endpoint in authority.endpoints:
        closed = "" if endpoint.barred else authority.closed(endpoint, at)
        shut += bool(closed)
        what = endpoint.barred or f"{endpoint.level}: {', '.join(endpoint.steps)}"
        lines.append(
            f"{endpoint.endpoint_id}: {endpoint.host} port {endpoint.port}, {what}"
            + (f"; not now: {closed}" if closed else "")
        )
    probed = [endpoint for endpoint in authority.endpoints if not endpoint.barred]
    hosts = len({endpoint.host.casefold() for endpoint in probed})
    lines.append(
        f"{out_of(len(probed), len(authority.endpoints), 'endpoint')} on {count(hosts, 'host')}, at most "
        f"{HOSTS_AT_ONCE} hosts at once and one endpoint of each"
        + (f"; {shut} refused now, and the run with them" if shut else "")
    )
    return lines


def collect_tls(
    endpoints_file: Path,
    out: Path,
    *,
    now: Callable[[], datetime],
    only: tuple[str, ...] = (),
    timeout_s: float = 90,
    pause_s: float = 1.0,
    vantage: str | None = None,
    progress: Callable[[str], None] | None = None,
    switch: Switch | None = None,
) -> Path:
    """Probe the endpoints of endpoints.yaml and write `network/scans/tls-<time>.json` into the pack `out`.

    `only` limits the run to these endpoint ids; `timeout_s` is the limit for each endpoint; `pause_s` the
    least time between two endpoints of one host; `vantage` says where the scanner stands, if the file does
    not. `switch` stops the run within 2 s, as a file STOP beside endpoints.yaml and an interruption do;
    what was found until then is written. Beside it `probe-windows-<time>.csv` tells when which address was
    where. Returns the scan's file (mode 0600). Raises CollectError, before any connection, when
    endpoints.yaml does not clearly permit the run.
    """
    switch = switch or Switch()
    switch.file = switch.file or endpoints_file.with_name(STOP_FILE)
    if switch.file.exists():
        raise CollectError("stops every run", file=switch.file, do="Remove it when scans may go on")
    started_at = now()
    authority = read_authority(endpoints_file, started_at, only)
    folder = out / "network" / "scans"
    path = folder / f"tls-{stamp(started_at)}.json"
    targets = _resolved(authority, switch)
    with new_evidence_file(path, keep_partial=True) as file:
        run = Run(
            authority,
            now,
            timeout_s,
            pause_s,
            switch,
            progress or (lambda _: None),
            vantage or authority.vantage,
        )
        saved = time.monotonic()

        def save() -> None:
            nonlocal saved
            if time.monotonic() - saved >= SAVE_EVERY_S:
                _write(file, _document(run, started_at))
                saved = time.monotonic()

        run.all(targets, save)
        document = _document(run, started_at)
        _write(file, document)
    _write_windows(folder / f"probe-windows-{stamp(started_at)}.csv", run, document["operator"])
    return path


def _resolved(authority: Authority, switch: Switch) -> list[Target]:
    """`resolve`, which may wait long for a name server, unless the switch is pulled."""
    found: list[list[Target]] = []
    failed: list[BaseException] = []

    def look_up() -> None:
        try:
            found.append(resolve(authority))
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    while thread.is_alive() and not switch.pulled:
        thread.join(POLL_S)
    if failed:
        raise failed[0]
    if not found:
        raise CollectError(f"the run was stopped: {switch.reason}", do="Nothing was connected to")
    return found[0]


def _document(run: Run, started_at: datetime) -> dict[str, Any]:
    order = [endpoint.endpoint_id for endpoint in run.authority.endpoints]
    results, log = dict(run.results), sorted(run.log, key=lambda entry: str(entry["at"]))
    given, window = run.authority.authorization, run.authority.window
    ended_because = run.switch.reason
    if not ended_because and any("window closed" in str(one["reason"]) for one in results.values()):
        ended_because = "the scan window closed"
    finished_at = run.now()
    return {
        "riskkit_tls_scan": FORMAT,
        "complete": not ended_because and len(results) == len(order),
        "ended_because": ended_because,
        "started_at": iso(started_at),
        "finished_at": iso(finished_at),
        "tool_version": version("riskkit"),
        "operator": _operator(),
        "vantage": run.vantage,
        "authorization": {
            "by": given.by,
            "date": given.date.isoformat(),
            "reference": given.reference,
            "window_start": window.window_start and iso(window.window_start),
            "window_end": window.window_end and iso(window.window_end),
        },
        "authority": {"file": run.authority.path.name, "sha256": run.authority.sha256},
        "probe_window": {
            "start": log[0]["at"] if log else iso(started_at),
            "end": iso(finished_at),
            "source_addresses": sorted({str(entry["from"]) for entry in log if entry["from"]}),
        },
        "endpoints": [results[name] for name in order if name in results],
        "log": log,
        "sslyze": _merged(run.documents, order),
        "sslyze_with_certificate": _merged(run.with_certificate, order),
    }


def _merged(documents: dict[str, dict[str, Any]], order: list[str]) -> dict[str, Any] | None:
    found = dict(documents)
    return sslyze_process.merge(found[name] for name in order if name in found)


def _write(file: IO[bytes], document: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(document, indent=1).encode())
    file.flush()


def _write_windows(path: Path, run: Run, operator: str) -> None:
    """The table `probe_windows`: per endpoint and source address from the first step to the last."""
    steps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in sorted(run.log, key=lambda entry: str(entry["at"])):
        if entry["from"]:
            steps.setdefault((str(entry["endpoint_id"]), str(entry["from"])), []).append(entry)
    if not steps:
        return
    system = {endpoint.endpoint_id: endpoint.system_id for endpoint in run.authority.endpoints}
    host = {endpoint.endpoint_id: endpoint.host for endpoint in run.authority.endpoints}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(column.name for column in TABLES["probe_windows"].columns)
    for (endpoint_id, source), entries in steps.items():
        ends = [
            datetime.fromisoformat(entry["at"]) + timedelta(seconds=entry["seconds"]) for entry in entries
        ]
        titles = dict.fromkeys(title for entry in entries for title in entry.get("ae_titles", ()))
        rows.writerow(
            (
                entries[0]["at"],
                iso(max(ends)),
                source,
                endpoint_id,
                system[endpoint_id],
                host[endpoint_id],
                entries[0]["port"],
                "|".join(titles),
                "|".join(dict.fromkeys(entry["what"] for entry in entries)),
                operator,
            )
        )
    with new_evidence_file(path) as file:
        file.write(text.getvalue().encode())


def _operator() -> str:
    """Who ran the scan and from which machine: the audit trails of the scanned systems will show it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
