"""Examples of churn/emulator/statements/entity_detail.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

G = ("CREATE TAG g", None)

FUNCTIONS: Examples = {
    "ENTITY_DETAIL": [
        T, G, ("ALTER TABLE t SET TAG g = 'v'", None),
        ("SELECT PARSE_JSON(ENTITY_DETAIL('TABLE', 't')):tagReferencesInfo:tagReferenceList[0]:tagValue::TEXT", [("v",)]),
        ("SELECT PARSE_JSON(ENTITY_DETAIL('TAG', 'g')):referencedEntities:tagReferenceList[0]:entityName::TEXT", [("T",)]),
        ("SELECT ENTITY_DETAIL('TABLE', 'nope')", 2003),
    ],
}  # fmt: skip
