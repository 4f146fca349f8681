"""What people are asked for: templates to fill in, and one page of requests per owner."""

from __future__ import annotations

from riskkit.asking.items import Request, requests_of
from riskkit.asking.pages import write_requests
from riskkit.asking.templates import write_templates

__all__ = ["Request", "requests_of", "write_requests", "write_templates"]
