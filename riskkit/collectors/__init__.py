"""Collectors: the only code that connects to a network or walks an image store.

They write evidence files into a pack and judge nothing.
"""

from __future__ import annotations

from riskkit.collectors.dicom import Limits, Progress, collect_dicom, hours
from riskkit.collectors.tls import Switch, collect_tls, plan_tls

__all__ = ["Limits", "Progress", "Switch", "collect_dicom", "collect_tls", "hours", "plan_tls"]
