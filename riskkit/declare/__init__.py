"""How checks, rules, derived tables and readers are declared: one file each, nothing to register."""

from __future__ import annotations

from riskkit.declare.functions import check, derive
from riskkit.declare.readers import reader
from riskkit.declare.rules import OPERATORS, load_rules, rule_from

__all__ = ["OPERATORS", "check", "derive", "load_rules", "reader", "rule_from"]
