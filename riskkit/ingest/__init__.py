"""From a folder of files to tables: find, unpack, recognize, read once, and account for every record."""

from __future__ import annotations

from riskkit.ingest.ledger import is_known, remember_files, since_last
from riskkit.ingest.newest import newest
from riskkit.ingest.pack import happened, ingest
from riskkit.ingest.proposals import Proposal, proposals, write_proposal
from riskkit.ingest.unpack import Caps, Unpacked, unpack
from riskkit.ingest.walk import find_files, readers

__all__ = [
    "Caps", "Proposal", "Unpacked", "find_files", "happened", "ingest", "is_known", "newest", "proposals",
    "readers", "remember_files", "since_last", "unpack", "write_proposal",
]  # fmt: skip
