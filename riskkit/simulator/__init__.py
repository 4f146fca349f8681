"""A hospital that does not exist, and its whole evidence pack.

Who there is stands in `hospital`, what happens to patients in `care`, what people and machines do in
`activity` and `machines`, what goes wrong in `incidents`; `writers/` turn it into evidence files.
"""

from __future__ import annotations

from riskkit.simulator.simulation import DEFAULT_PERIOD, simulate

__all__ = ["DEFAULT_PERIOD", "simulate"]
