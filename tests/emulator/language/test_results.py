"""What a statement is read as, and what it answers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churn.emulator.language.errors import compilation, exists, invalid, missing, unsupported
from churn.emulator.language.names import Name
from churn.emulator.language.places import Place
from churn.emulator.language.results import SHAPES, TEXT, Kind, Parsed, status, table_of


def test_a_table_has_its_columns_whatever_a_row_lacks() -> None:
    table = table_of([{"a": "x", "more": 1}, {"b": 2}], {"a": TEXT, "b": pa.int64()})
    assert table.schema == pa.schema([("a", TEXT), ("b", pa.int64())])
    assert table.to_pylist() == [{"a": "x", "b": None}, {"a": None, "b": 2}]
    assert table_of([], {"a": TEXT}).schema == pa.schema([("a", TEXT)])


def test_a_status_is_one_row() -> None:
    assert status("done").table.to_pylist() == [{"status": "done"}]
    assert status("done").kind is Kind.COMMAND


def test_what_was_not_written_is_empty() -> None:
    parsed = Parsed("X", {"name": " a ", "if_exists": None})
    assert (parsed["name"], parsed["if_exists"]) == ("a", "")
    assert parsed.has("name")
    assert not parsed.has("if_exists")
    assert not parsed.has("or_replace")


def test_every_kind_can_be_described() -> None:
    assert set(SHAPES) == set(Kind)
    assert all(table.num_rows == 0 for table in SHAPES.values())


@pytest.mark.parametrize(
    ("error", "number", "state", "words"),
    [
        (unsupported("PIPES"), 2, "0A000", "Unsupported feature 'PIPES'"),
        (missing("TABLE", Name("D", "S", "T")), 2003, "02000", "Table 'D.S.T' does not exist"),
        (exists("tag", "G"), 2002, "42710", "Tag 'G' already exists."),
        (invalid("no"), 1003, "42000", "SQL compilation error:\nno"),
        (compilation("no", 904, "42000"), 904, "42000", "no"),
    ],
)
def test_errors_have_snowflakes_numbers(error: object, number: int, state: str, words: str) -> None:
    assert (error.number, error.state) == (number, state)  # type: ignore[attr-defined]
    assert words in str(error)


def test_files_at_a_place(tmp_path: object) -> None:
    from pathlib import Path

    root = Path(str(tmp_path))
    for file in ("a/x.csv", "a/y.csv", "ab.csv", "b.csv"):
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("")

    def files(path: str) -> list[str]:
        return [f.relative_to(root).as_posix() for f in Place(root, path, "").files()]

    assert files("") == ["a/x.csv", "a/y.csv", "ab.csv", "b.csv"]
    assert files("a") == ["a/x.csv", "a/y.csv", "ab.csv"]  # all that start with it, as in S3
    assert files("a/") == ["a/x.csv", "a/y.csv"]
    assert files("b.csv") == ["b.csv"]
    assert Place(root, "", "").target == root
    assert Place(root, "a", "").target == root / "a"
