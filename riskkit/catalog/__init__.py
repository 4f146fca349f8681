"""What the rule asks for, what evidence suffices and what can go wrong: data, and how it is read.

controls.csv        88 rows of 45 CFR part 164, in our own words, with crosswalks
sufficiency.csv     which kinds of evidence a control needs before it can be called met
planned.yaml        kinds of evidence that no table holds yet
scenarios/*.yaml    events that the controls stand against
scoring.yaml        how much of a control is missing when something of it is open
priors.yaml         what is believed of each scenario before any evidence, dated and cited
rules/*.yaml        checks that need no code (riskkit.declare reads them)

README.md beside the data says where it comes from and what of it was not verified.
"""

from __future__ import annotations

from riskkit.catalog.loading import ATTESTATION, FOLDER, RULES, catalog_version, load_catalog, read_catalog
from riskkit.catalog.priors import priors_of

__all__ = ["ATTESTATION", "FOLDER", "RULES", "catalog_version", "load_catalog", "priors_of", "read_catalog"]
