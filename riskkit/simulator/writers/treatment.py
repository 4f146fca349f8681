"""What is done about risks, what is borne, and what was decided: one late, one expired."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from riskkit.simulator.writers.pack import Custody, Pack

# Days before the last day of the pack; negative ones lie ahead.
ACTIONS = (
    ("A-2026-01", "Second factor for privileged accounts", "stolen_credentials", "45 CFR 164.312(d)",
     "Imaging Informatics", 120, -45, "token pilot; rollout by department", "in_progress", None, ""),
    ("A-2026-02", "Encrypt the volumes of the viewer", "theft", "45 CFR 164.312(a)(2)(iv)",
     "Imaging Informatics", 95, 20, "maintenance window; key escrow", "in_progress", None, ""),
    ("A-2026-03", "Monthly review of the audit trail", "unnoticed_misuse", "45 CFR 164.308(a)(1)(ii)(D)",
     "Privacy Officer", 150, 60, "", "done", 65, "programme/reviews.csv"),
    ("A-2026-04", "Second copy of the archive that cannot be changed", "ransomware", "",
     "IT Operations", 40, -90, "budget; purchase; restore test", "planned", None, ""),
)  # fmt: skip

EXCEPTIONS = (
    ("X-2026-01", "interception", "acceptance", "The scanners speak no TLS until they are replaced; they "
     "stand in a network of their own.", "Imaging Informatics", "Chief Compliance Officer", 200, 10),
    ("X-2026-02", "transmission.legacy_tls", "exception", "The viewer is replaced in spring.",
     "Imaging Informatics", "Security Officer", 60, -120),
)  # fmt: skip

DECISIONS = (
    ("45 CFR 164.312(a)(2)(iii)", "alternative", "A logoff in mid-procedure endangers the patient; reading "
     "rooms are staffed and locked.", "Badge readers lock the screen", "Security Officer", 240, -125),
    ("45 CFR 164.312(a)(2)(iv)", "implement", "Disks leave the building for repair.", "", "Security Officer",
     240, -125),
    ("45 CFR 164.308(a)(5)(ii)(A)", "implement", "Cheap, and it works.", "", "Security Officer", 400, 35),
)  # fmt: skip


def write_treatment(pack: Pack) -> None:
    """Write programme/actions.yaml, exceptions.yaml and decisions.yaml; nobody has signed yet."""
    back = pack.span.back

    def day(ago: int | None) -> Any:
        return None if ago is None else back(ago)

    custody = Custody("Compliance", pack.moment(1, 11), "risk register", "measures of 12 months")
    names = ("action_id", "title", "risk", "control", "owner", "opened_on", "due_on", "milestones", "state",
             "closed_on", "evidence")  # fmt: skip
    rows: Iterable[tuple[Any, ...]] = (
        (*row[:5], day(row[5]), day(row[6]), *row[7:9], day(row[9]), row[10]) for row in ACTIONS
    )
    _write(pack, "actions", names, rows, custody)

    custody = Custody("Compliance", pack.moment(1, 11), "risk register", "exceptions")
    columns = ("exception_id", "subject", "kind", "reason", "requested_by", "approved_by", "approved_on",
             "expires_on")  # fmt: skip
    _write(pack, "exceptions", columns, ((*row[:6], *map(day, row[6:])) for row in EXCEPTIONS), custody)

    custody = Custody("Compliance", pack.moment(1, 11), "risk register", "decisions")
    asked = ("specification", "decision", "rationale", "equivalent_measure", "approved_by", "decided_on",
             "review_on")  # fmt: skip
    _write(pack, "decisions", asked, ((*row[:5], *map(day, row[5:])) for row in DECISIONS), custody)


def _write(
    pack: Pack, table: str, names: Iterable[str], rows: Iterable[Iterable[Any]], custody: Custody
) -> None:
    entries = [
        {name: value for name, value in zip(names, row, strict=True) if value not in ("", None)}
        for row in rows
    ]
    text = yaml.safe_dump({table: entries}, sort_keys=False, allow_unicode=True)
    pack.text(f"programme/{table}.yaml", text, custody)
