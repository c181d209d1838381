"""Examples of churn/emulator/statements/loading.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "copy_into": [
        ("CREATE STAGE s", None),
        ("PUT 'file://{file}' @s AUTO_COMPRESS = FALSE", None),
        ("CREATE TABLE r (n INT, x FLOAT)", None),
        ("COPY INTO r FROM @s FILE_FORMAT = (TYPE = CSV)", 100038),
        ("SELECT COUNT(*) FROM r", [(0,)]),
        (
            "COPY INTO r FROM @s FILE_FORMAT = (TYPE = CSV) ON_ERROR = CONTINUE ->> "
            'SELECT "status", "rows_parsed", "rows_loaded", "errors_seen" FROM $1',
            [("PARTIALLY_LOADED", 3, 2, 1)],
        ),
        ("COPY INTO r FROM @s FILE_FORMAT = (TYPE = CSV) ON_ERROR = CONTINUE",
         [("Copy executed with 0 files processed.",)]),
        ("SELECT n, x FROM r ORDER BY n", [(1, 2.5), (3, None)]),
    ],
}  # fmt: skip
