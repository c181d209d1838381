"""Examples of churn/emulator/statements/formats.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "drop_file_format": [("CREATE FILE FORMAT f TYPE = CSV", None), ("DROP FILE FORMAT f", None),
                         ("DROP FILE FORMAT f", 2003)],
    "create_file_format": [("CREATE FILE FORMAT f TYPE = CSV SKIP_HEADER = 1 NULL_IF = ('', 'NULL')", None),
                           ("CREATE FILE FORMAT f TYPE = CSV", 2002), ("CREATE FILE FORMAT g TYPE = XML", 2)],
}  # fmt: skip
