"""Examples of churn/emulator/statements/lineage.py; tests/emulator/test_clients.py has its edges."""

from __future__ import annotations

from tests.emulator.examples.steps import MODEL, Examples

NODE = '{V(domain: MODULE, name:"V1", parentName:"M") {upstream: {S}}}'

FUNCTIONS: Examples = {
    "SYSTEM$DGQL": [MODEL, (f"SELECT SYSTEM$DGQL('{NODE}')", [('{"data": {"V": {"upstream": []}}}',)]),
                    ("SELECT SYSTEM$DGQL('{all}')", 2)],
}  # fmt: skip
