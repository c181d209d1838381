"""Functions that leak, each by one mistake that people make, and functions that do not.

`LEAKS` names for each function the rule that must find it; `HONEST` must not be accused.
"""

from tests.leakage.catalogue import features, labels, tables, training
from tests.leakage.catalogue.shared import HONEST, LATE, LEAKS

__all__ = ["HONEST", "LATE", "LEAKS", "features", "labels", "tables", "training"]
