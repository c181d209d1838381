"""Examples of churn/emulator/statements/datasets.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ADD, ROWS, Examples, T

EXAMPLES: Examples = {
    "create_dataset": [("CREATE DATASET x", None), ("CREATE DATASET x", 2002), ("CREATE DATASET IF NOT EXISTS x", None)],
    "drop_dataset": [("CREATE DATASET x", None), ("DROP DATASET x", None), ("DROP DATASET x", 2003)],
    "add_dataset_version": [T, ROWS, ("CREATE DATASET x", None), ADD, ("ALTER DATASET x ADD VERSION 'v' FROM (SELECT 1 AS a)", 2002),
                            ("LIST 'snow://dataset/x/versions/v' ->> SELECT \"name\" FROM $1",
                             [("versions/v/data_0_0_0.snappy.parquet",)])],
    "drop_dataset_version": [T, ("CREATE DATASET x", None), ADD, ("ALTER DATASET x DROP VERSION 'v'", None),
                             ("LIST 'snow://dataset/x/versions/v'", []), ("ALTER DATASET x DROP VERSION 'v'", 2003)],
    "show_datasets": [T, ("CREATE DATASET x", None), ADD, ('SHOW DATASETS ->> SELECT "versions" FROM $1', [('["v"]',)])],
    "show_dataset_versions": [T, ROWS, ("CREATE DATASET x", None), ADD,
                              ('SHOW VERSIONS IN DATASET x ->> SELECT "version", "rows" FROM $1', [("v", 2)])],
}  # fmt: skip
