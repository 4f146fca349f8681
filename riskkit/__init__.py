"""riskkit: a HIPAA Security Rule risk report from the evidence of a PACS."""

__version__ = "0.1.0"
