"""The schemas of a database in Snowflake, and what the project creates in each."""

from __future__ import annotations

PREP_DATA = "PREP_DATA"
FEATURE_STORE = "FEATURE_STORE"
MODEL_REGISTRY = "MODEL_REGISTRY"
EXPERIMENTS = "EXPERIMENTS"
ANALYTICS = "ANALYTICS"

CREATES = {
    PREP_DATA: ("TABLE", "STAGE", "FILE FORMAT"),
    FEATURE_STORE: ("VIEW", "TAG", "DATASET", "TABLE"),
    MODEL_REGISTRY: ("MODEL", "TABLE", "STAGE", "TAG"),
    EXPERIMENTS: ("EXPERIMENT",),
    ANALYTICS: ("TABLE",),
}

SCHEMAS = tuple(CREATES)
