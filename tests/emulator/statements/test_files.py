"""Files of a stage: formats, queries, COPY INTO both ways; Python's csv is the oracle."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.emulator.account.account import Session
from churn.emulator.statements.formats import checked
from churn.emulator.statements.stages import place
from tests.emulator.statements.running import column, refused, rows, run


@pytest.fixture
def stage(session: Session) -> Path:
    """The folder of the stage S."""
    run(session, "CREATE STAGE s")
    return place(session, "@s").root


def test_a_format_has_its_type_and_values() -> None:
    written = {
        "TYPE": "csv",
        "SKIP_HEADER": "1",
        "NULL_IF": "('', 'NULL')",
        "FIELD_DELIMITER": "';'",
    }
    assert checked(written) == {
        "TYPE": "CSV",
        "SKIP_HEADER": "1",
        "NULL_IF": ["", "NULL"],
        "FIELD_DELIMITER": ";",
    }


@pytest.mark.parametrize(
    "written", [{"TYPE": "XML"}, {"MULTI": "1"}, {"DATE_FORMAT": "'DD.MM.YYYY'"}]
)
def test_what_would_be_read_wrongly_is_refused(written: dict[str, str]) -> None:
    with refused(2, "the file format"):
        checked(written)


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ("TYPE = CSV", "1,x\n2,y\n", [("1", "x"), ("2", "y")]),
        ("TYPE = CSV SKIP_HEADER = 1", "a,b\n1,x\n", [("1", "x")]),
        ("TYPE = CSV FIELD_DELIMITER = ';'", "1;x\n", [("1", "x")]),
        ("TYPE = CSV", '1,"x"\n', [("1", '"x"')]),
        ("TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", '1,"x, y"\n', [("1", "x, y")]),
        ("TYPE = CSV", "1,\n", [("1", None)]),
        ("TYPE = CSV NULL_IF = ('NA')", "NA,x\n", [(None, "x")]),
        ("TYPE = CSV TRIM_SPACE = TRUE", " 1 , x\n", [("1", "x")]),
    ],
)
def test_a_query_of_a_file(
    session: Session, stage: Path, options: str, text: str, expected: list[Any]
) -> None:
    (stage / "f.csv").write_text(text)
    run(session, f"CREATE FILE FORMAT f {options}")
    assert rows(session, "SELECT $1, $2 FROM @s/f.csv (FILE_FORMAT => 'f')") == expected


CELLS = st.text("ab ,;\"'é", min_size=1, max_size=4)


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_pythons_csv_writes_is_read(session: Session, stage: Path, table: list[Any]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    (stage / "f.csv").write_text(text.getvalue())
    run(session, "CREATE OR REPLACE FILE FORMAT f TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"'")
    assert rows(session, "SELECT $1, $2 FROM @s/f.csv (FILE_FORMAT => 'f')") == table


def test_compressed_files_and_patterns(session: Session, stage: Path) -> None:
    (stage / "in").mkdir()
    for name in ("a.csv.gz", "b.csv.gz", "c.txt.gz"):
        with gzip.open(stage / "in" / name, "wt") as file:
            file.write(f"{name}\n")
    query = "SELECT $1 FROM @s/in (PATTERN => '.*csv.gz') ORDER BY 1"
    assert rows(session, query) == [("a.csv.gz",), ("b.csv.gz",)]
    assert column(session, "LIST @s/in PATTERN = '.*txt.gz'", "name") == ["s/in/c.txt.gz"]
    with refused(91016, "was not found"):
        run(session, "SELECT $1 FROM @s/none")


def test_fields_of_json_and_of_parquet(session: Session, stage: Path) -> None:
    (stage / "f.json").write_text('{"a": 1, "b": {"c": "x"}}\n{"a": 2}\n')
    run(session, "CREATE FILE FORMAT j TYPE = JSON", "CREATE FILE FORMAT p TYPE = PARQUET")
    query = "SELECT $1:a::INT, $1:b:c::TEXT FROM @s/f.json (FILE_FORMAT => 'j')"
    assert rows(session, query) == [(1, "x"), (2, None)]
    pyarrow.parquet.write_table(pyarrow.table({"A": [1], "b": ["x"]}), stage / "f.parquet")
    query = "SELECT $1:A::INT, $1:b::TEXT FROM @s/f.parquet (FILE_FORMAT => 'p')"
    assert rows(session, query) == [(1, "x")]


def test_a_path_does_not_leave_its_stage(session: Session, stage: Path) -> None:
    for location in ("@s/../x", "snow://dataset/d/../x", "@~/../x"):
        with refused(1003, "leaves the"):
            place(session, location)
    with refused(2, "snow://nothing"):
        place(session, "snow://nothing/x")


def test_users_and_tables_have_stages(session: Session) -> None:
    run(session, "CREATE TABLE t (a INT)")
    folders = {place(session, at).root for at in ("@~", "@%t", "@~/in")}
    assert len(folders) == 2
    with refused(2003):
        place(session, "@%none")


# COPY INTO a table


@pytest.fixture
def table(session: Session, stage: Path) -> str:
    (stage / "rows.csv").write_text("1,2.5\n2,many\n3,\n")
    run(session, "CREATE TABLE r (n INT, x FLOAT)")
    return "COPY INTO r FROM @s FILE_FORMAT = (TYPE = CSV)"


def test_a_wrong_value_stops_the_load(session: Session, table: str) -> None:
    with refused(100038, "Numeric value 'many' is not recognized"):
        run(session, table)
    assert rows(session, "SELECT COUNT(*) FROM r") == [(0,)]


@pytest.mark.parametrize(
    ("mode", "status", "loaded"),
    [("CONTINUE", "PARTIALLY_LOADED", 2), ("SKIP_FILE", "LOAD_FAILED", 0)],
)
def test_a_wrong_value_costs_its_row_or_its_file(
    session: Session, table: str, mode: str, status: str, loaded: int
) -> None:
    sql = (
        f'{table} ON_ERROR = {mode} ->> SELECT "status", "rows_loaded", "first_error_line" FROM $1'
    )
    assert rows(session, sql) == [(status, loaded, 2)]
    assert rows(session, "SELECT COUNT(*) FROM r") == [(loaded,)]


def test_a_file_is_loaded_once_unless_forced(session: Session, table: str, stage: Path) -> None:
    (stage / "rows.csv").write_text("1,2.5\n")
    for expected in (1, 1):
        run(session, table)
        assert rows(session, "SELECT COUNT(*) FROM r") == [(expected,)]
    run(session, f"{table} FORCE = TRUE")
    assert rows(session, "SELECT COUNT(*) FROM r") == [(2,)]
    run(session, "TRUNCATE TABLE r", table)  # an emptied table was loaded from nothing
    assert rows(session, "SELECT COUNT(*) FROM r") == [(1,)]


def test_files_columns_and_queries_are_chosen(session: Session, table: str, stage: Path) -> None:
    (stage / "more.csv").write_text("7,x\n")
    query = "(SELECT $1::FLOAT / 2, 10 FROM @s)"
    options = "FILES = ('more.csv') FILE_FORMAT = (TYPE = CSV)"
    run(session, f"COPY INTO r (x, n) FROM {query} {options}")
    assert rows(session, "SELECT n, x FROM r") == [(10, 3.5)]


def test_columns_by_name(session: Session, table: str, stage: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"x": [0.5], "n": [1]}), stage / "f.parquet")
    options = "FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
    run(session, f"COPY INTO r FROM @s/f.parquet {options}")
    assert rows(session, "SELECT n, x FROM r") == [(1, 0.5)]


def test_as_many_columns_as_the_table_has(session: Session, table: str, stage: Path) -> None:
    (stage / "rows.csv").write_text("1,2,3\n")
    with refused(100080, "Number of columns in file (3)"):
        run(session, table)
    with refused(904, "invalid identifier 'NONE'"):
        run(session, "COPY INTO r (n, none) FROM @s FILE_FORMAT = (TYPE = CSV)")


# COPY INTO a stage


def test_rows_are_unloaded(session: Session, stage: Path) -> None:
    query = "(SELECT 1 AS a, 'x' AS b)"
    run(session, f"COPY INTO @s/out/ FROM {query} FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE")
    (file,) = (stage / "out").iterdir()
    assert pyarrow.parquet.read_table(file).to_pydict() == {"A": [1], "B": ["x"]}
    with refused(1030, "Files already existing"):
        run(session, f"COPY INTO @s/out/ FROM {query} FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE")
    run(
        session,
        f"COPY INTO @s/o.csv FROM {query} FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE "
        "FIELD_OPTIONALLY_ENCLOSED_BY = '\"') SINGLE = TRUE HEADER = TRUE",
    )
    assert (stage / "o.csv").read_text() == '"A","B"\n1,"x"\n'
    with refused(2, "PARTITION"):
        run(session, f"COPY INTO @s/out/ FROM {query} PARTITION = 1")
