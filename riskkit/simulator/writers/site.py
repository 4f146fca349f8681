"""site.yaml: who the hospital is and how it reads its own evidence."""

from __future__ import annotations

from riskkit.simulator.hospital import ORGANISATION, SYSTEMS, ZONE
from riskkit.simulator.writers.pack import Pack

TEMPLATE = """\
# A hospital that does not exist. `riskkit simulate` made this pack; every name in it is made up.
organisation: {organisation}
synthetic: true
confidentiality: Simulated data. Holds no information about any person.

scope: >-
  Diagnostic imaging: the image archives, the viewer, the radiology information system, the image
  router, the scanners and their backups.
not_covered:
{not_covered}

period: "{period}"
first_period: "{first_period}"
timezone: {zone}
working_hours:
  start: "07:00"
  end: "19:00"
  days: [mon, tue, wed, thu, fri]

retention_years: 6
appetite: moderate

# Who is asked for evidence, by folder of the pack or kind; systems have their owner in the inventory.
owners:
  people: Human Resources
  accounts: Imaging Informatics
  grants: Imaging Informatics
  configurations: Imaging Informatics
  care: Health Information
  network: Infrastructure
  storage: Infrastructure
  backup: Infrastructure
  inventory: Imaging Informatics
  dicom: Imaging Informatics
  audit: Imaging Informatics
  facility: Facility Management
  programme: Compliance
  incidents: Privacy Office
  sanctions: Human Resources
  training: Human Resources
  custody: Compliance

# Days for which evidence of a table shows something.
freshness_days:
  default: 90
  policies: 365

checks:
  # The catalogue of this pack is an excerpt; the whole one has more than a thousand entries.
  inventory.known_exploited: {{least_entries: 3}}
"""


def write_site(pack: Pack) -> None:
    """Write site.yaml."""
    left_out = [
        f"  - {one.name} ({one.id})" for one in SYSTEMS.values() if one.holds_ephi and not one.covered
    ]
    content = TEMPLATE.format(
        organisation=ORGANISATION,
        not_covered="\n".join(left_out),
        period=pack.span.name,
        first_period=pack.span.first_period,
        zone=ZONE,
    )
    pack.text("site.yaml", content)
