"""What each statement and function does, as SQL with its rows: documentation that tests run.

One module for each of `churn/emulator/statements`; an example is keyed by module and function. They
start in an empty database, and could run unchanged on an account.
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.emulator.examples.steps import Examples

MODULES = {
    found.name: importlib.import_module(f"{__name__}.{found.name}")
    for found in pkgutil.iter_modules(__path__)
    if found.name != "steps"
}

EXAMPLES: Examples = {
    f"{module}.{name}": steps
    for module, held in MODULES.items()
    for name, steps in getattr(held, "EXAMPLES", {}).items()
}

FUNCTIONS: Examples = {
    name: steps
    for held in MODULES.values()
    for name, steps in getattr(held, "FUNCTIONS", {}).items()
}
