"""Examples of churn/emulator/statements/experiments.py."""

from __future__ import annotations

from tests.emulator.examples.steps import E, Examples

EXAMPLES: Examples = {
    "create_experiment": [E, ("CREATE EXPERIMENT e", 2002), ("CREATE EXPERIMENT IF NOT EXISTS e", None)],
    "drop_experiment": [E, ("DROP EXPERIMENT e", None), ("DROP EXPERIMENT e", 2003)],
    "show_experiments": [E, ('SHOW EXPERIMENTS ->> SELECT "name" FROM $1', [("E",)])],
}  # fmt: skip
