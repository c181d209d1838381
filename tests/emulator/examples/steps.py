"""What examples are made of, and steps that many begin with."""

from __future__ import annotations

from typing import Any

Step = tuple[str, list[tuple[Any, ...]] | int | None]
"""SQL, and the rows it must give; a number is that of its error; None is any answer."""

Examples = dict[str, list[Step]]

T = ("CREATE TABLE t (a INT, b VARCHAR(10))", None)
ROWS = ("INSERT INTO t VALUES (1, 'x'), (2, NULL)", [(2,)])
MODEL = ("{model}", None)
V2 = ("ALTER MODEL m ADD VERSION V2 FROM MODEL m VERSION V1", None)
E = ("CREATE EXPERIMENT e", None)
RUN = ("ALTER EXPERIMENT e ADD RUN r", None)
D = (
    "CREATE DYNAMIC TABLE d TARGET_LAG = '1m' WAREHOUSE = COMPUTE_WH AS SELECT SUM(a) AS a FROM t",
    None,
)
K = (
    "CREATE TASK k WAREHOUSE = COMPUTE_WH SCHEDULE = '1 MINUTE' AS INSERT INTO t (a) VALUES (9)",
    None,
)
ADD = ("ALTER DATASET x ADD VERSION 'v' FROM (SELECT a FROM t)", None)
PY = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'f'"
