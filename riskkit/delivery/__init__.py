"""Delivery: a report that was made goes to a folder, into a mail or onto paper; nothing else ever leaves."""

from __future__ import annotations

from riskkit.delivery.mail import PASSWORD_VARIABLE, Server, compose, send
from riskkit.delivery.pdf import is_installed, pdf_of
from riskkit.delivery.published import Published, read_report
from riskkit.delivery.shelf import put_into

__all__ = [
    "PASSWORD_VARIABLE", "Published", "Server", "compose", "is_installed", "pdf_of", "put_into",
    "read_report", "send",
]  # fmt: skip
