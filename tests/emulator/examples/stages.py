"""Examples of churn/emulator/statements/stages.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "create_stage": [("CREATE STAGE s", None), ("CREATE STAGE s", 2002), ("CREATE TEMP STAGE IF NOT EXISTS s", None),
                     ("CREATE STAGE x URL = 's3://bucket'", 2)],
    "drop_stage": [("CREATE STAGE s", None), ("DROP STAGE s", None), ("LIST @s", 2003),
                   ("DROP STAGE s", 2003), ("DROP STAGE IF EXISTS s", None)],
    "show_stages": [("CREATE STAGE s", None), ('SHOW STAGES ->> SELECT "name" FROM $1', [("S",)]),
                    ("CREATE FILE FORMAT f TYPE = PARQUET", None),
                    ('SHOW FILE FORMATS ->> SELECT "name", "type" FROM $1', [("F", "PARQUET")])],
    "put": [("CREATE STAGE s", None), ("PUT 'file://{file}' @s/in AUTO_COMPRESS = FALSE", None),
            ("SELECT $1, $2 FROM @s/in ORDER BY 1 LIMIT 1", [("1", "2.5")])],
    "get": [("CREATE STAGE s", None), ("PUT 'file://{file}' @s AUTO_COMPRESS = FALSE", None),
            ("GET @s 'file://{folder}/out'", [("rows.csv", 16, "DOWNLOADED", "")]), ("GET @nope 'file://{folder}/out'", 2003)],
    "list_files": [("CREATE STAGE s", None), ("PUT 'file://{file}' @s/in AUTO_COMPRESS = FALSE", None),
                   ('LIST @s ->> SELECT "name" FROM $1', [("s/in/rows.csv",)]),
                   ("LS @s PATTERN = '.*parquet' ->> SELECT \"name\" FROM $1", []), ("LIST @nope", 2003)],
    "remove": [("CREATE STAGE s", None), ("PUT 'file://{file}' @s AUTO_COMPRESS = FALSE", None),
               ("REMOVE @s", [("s/rows.csv", "removed")]), ("RM @s", [])],
}  # fmt: skip

FUNCTIONS: Examples = {
    "GET_PRESIGNED_URL": [("CREATE STAGE s", None), ("PUT 'file://{file}' @s AUTO_COMPRESS = FALSE", None),
                          ("SELECT GET_PRESIGNED_URL('@s', 'rows.csv') LIKE 'http%rows.csv%'", [(True,)]),
                          ("SELECT GET_PRESIGNED_URL('@s', 'none.csv')", 91016)],
}  # fmt: skip
