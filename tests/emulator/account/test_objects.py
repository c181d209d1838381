"""What exists beside tables: rows that change all or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from churn.emulator.account.objects import Object, Objects
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import Name

MODEL = Name("DB", "S", "M")


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[Objects]:
    objects = Objects(tmp_path / "objects.sqlite")
    yield objects
    objects.close()


def names(found: list[Object]) -> list[str]:
    return [o.name.name for o in found]


def test_what_was_put_comes_back_whole(objects: Objects) -> None:
    new = Object("MODEL", MODEL, {"default": "V1", "list": [1, None]}, "it's m", "ANN")
    objects.put(new)
    assert objects.find("MODEL", MODEL) == new
    assert objects.find("TAG", MODEL) is None


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        objects = Objects(tmp_path / "objects.sqlite")
        objects.put(Object("TAG", Name("DB", "S", "T")))
        assert len(objects.all("TAG")) == 1
        objects.close()


def test_a_name_is_taken_once(objects: Objects) -> None:
    objects.add(Object("TAG", MODEL))
    objects.add(Object("MODEL", MODEL))
    with pytest.raises(SqlError, match=r"Tag 'DB\.S\.M' already exists") as error:
        objects.add(Object("TAG", MODEL))
    assert error.value.number == 2002


def test_what_is_needed_must_be_there(objects: Objects) -> None:
    with pytest.raises(SqlError, match=r"Model 'DB\.S\.M' does not exist") as error:
        objects.need("MODEL", MODEL)
    assert error.value.number == 2003


def test_children_go_with_their_parent(objects: Objects) -> None:
    version = MODEL.child("V1")
    for kind, name in (
        ("MODEL", MODEL),
        ("MODEL VERSION", version),
        ("MODEL METRIC", version.child("auc")),
    ):
        objects.put(Object(kind, name))
    other = Name("DB", "S", "M2").child("V1")
    objects.put(Object("MODEL VERSION", other))
    assert names(objects.children("MODEL VERSION", MODEL)) == ["V1"]
    objects.drop("MODEL", MODEL)
    assert objects.all("MODEL METRIC") == []
    assert objects.find("MODEL VERSION", other) is not None


def test_objects_of_a_scope(objects: Objects) -> None:
    for database, schema, name in (("A", "S", "X"), ("A", "T", "Y"), ("B", "S", "Z")):
        objects.put(Object("TAG", Name(database, schema, name)))
    assert names(objects.all("TAG")) == ["X", "Y", "Z"]
    assert names(objects.all("TAG", database="A")) == ["X", "Y"]
    assert names(objects.all("TAG", database="A", schema="S")) == ["X"]
    assert names(objects.all("TAG", pattern="_")) == ["X", "Y", "Z"]
    assert names(objects.within("A")) == ["X", "Y"]
    objects.drop_in("A", "S")
    assert names(objects.all("TAG")) == ["Y", "Z"]
    objects.drop_in("A")
    assert names(objects.all("TAG")) == ["Z"]


def test_changes_happen_all_or_not_at_all(objects: Objects) -> None:
    objects.put(Object("TAG", MODEL))

    def fail() -> None:
        with objects.together():
            objects.drop("TAG", MODEL)
            objects.add(Object("MODEL", MODEL))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert objects.find("TAG", MODEL)
    assert objects.find("MODEL", MODEL) is None


def test_what_cannot_be_taken_back_waits_for_the_changes_around_it(objects: Objects) -> None:
    done: list[str] = []
    with objects.together():
        with objects.together():
            objects.afterwards(lambda: done.append("kept"))
        assert done == []
    objects.afterwards(lambda: done.append("at once"))
    assert done == ["kept", "at once"]

    def fail() -> None:
        with objects.together():
            objects.afterwards(lambda: done.append("never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with objects.together():
        pass
    assert done == ["kept", "at once"]


def test_a_new_owner(objects: Objects) -> None:
    objects.put(Object("TAG", MODEL, owner="R"))
    objects.reassign("R", "ANN")
    assert objects.need("TAG", MODEL).owner == "ANN"


def test_properties_are_added_to_a_copy() -> None:
    one = Object("TAG", MODEL, {"a": 1})
    assert one.having(b=2).properties == {"a": 1, "b": 2}
    assert one.properties == {"a": 1}
    assert (one["a"], one.get("b"), one.get("b", 3)) == (1, None, 3)


class AgainstADictionary(RuleBasedStateMachine):
    """Puts, drops and roll-backs, compared with a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.objects = Objects(Path(":memory:"))
        self.model: dict[tuple[str, Name], Any] = {}

    keys = st.builds(Name, st.sampled_from("AB"), st.sampled_from("ST"), st.sampled_from("xy"))

    @rule(name=keys, value=st.integers())
    def put(self, name: Name, value: int) -> None:
        self.objects.put(Object("TAG", name, {"value": value}))
        self.model["TAG", name] = value

    @rule(name=keys)
    def drop(self, name: Name) -> None:
        self.objects.drop("TAG", name)
        self.model.pop(("TAG", name), None)

    @rule(name=keys)
    def roll_back(self, name: Name) -> None:
        def fail() -> None:
            with self.objects.together():
                self.objects.put(Object("TAG", name, {"value": -1}))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

    @rule(database=st.sampled_from("AB"))
    def drop_database(self, database: str) -> None:
        self.objects.drop_in(database)
        self.model = {k: v for k, v in self.model.items() if k[1].database != database}

    @invariant()
    def same(self) -> None:
        held = {(o.kind, o.name): o["value"] for o in self.objects.all("TAG")}
        assert held == self.model

    def teardown(self) -> None:
        self.objects.close()


TestAgainstADictionary = pytest.mark.property(AgainstADictionary.TestCase)
TestAgainstADictionary.settings = settings(stateful_step_count=20, deadline=None)
