from __future__ import annotations

import tomllib
from typing import Any

import pytest

from churn.domain.errors import UsageError
from churn.domain.rules import DEFAULTS, EXAMPLES, KINDS, Rule, no_skill_remark, rules


def read(text: str) -> tuple[Rule, ...]:
    return rules(tomllib.loads(text).get("alerts", []))


def test_without_a_word_the_defaults_hold() -> None:
    assert read("") == DEFAULTS
    assert {rule.kind for rule in DEFAULTS} == {"drift", "performance", "data"}
    assert all(rule.why for rule in (*DEFAULTS, *EXAMPLES))


def test_a_table_changes_the_default_of_its_name() -> None:
    changed = read(
        '[[alerts]]\nname = "roc_auc"\nbreach = 0.02\nseverity = 1\n'.replace(
            "severity = 1", "severe = 0.1"
        )
    )
    by_name = {rule.name: rule for rule in changed}
    assert by_name["roc_auc"].breach == 0.02
    assert by_name["roc_auc"].side == "below"
    assert len(changed) == len(DEFAULTS)


def test_a_default_can_be_taken_away_and_an_example_be_taken_in() -> None:
    chosen = read('[[alerts]]\nname = "no_skill"\nenabled = false\n[[alerts]]\nname = "lab_f1"\n')
    names = [rule.name for rule in chosen]
    assert "no_skill" not in names
    assert names[-1] == "lab_f1"


def test_a_rule_of_ones_own() -> None:
    rule = read(
        """
        [[alerts]]
        name = "recall"
        metric = "RECALL"
        below = 0.1
        relative_to = "baseline"
        warn = 0.05
        periods = 3
        least = 100
        """
    )[-1]
    assert rule == Rule(
        *("recall", "RECALL"),
        side="below",
        relative_to="baseline",
        warn=0.05,
        breach=0.1,
        need=3,
        of=3,
        least=100,
    )
    assert rule.kind == "performance"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "alert 1 has no name"),
        ({"name": "x"}, "alert 'x' has no metric"),
        ({"name": "x", "metric": "F1"}, "neither a breach nor a severe limit"),
        ({"name": "x", "metric": "f_1", "below": 1}, "Did you mean F1?"),
        ({"name": "x", "metric": "F1", "bellow": 1}, "Did you mean below?"),
        ({"name": "x", "metric": "F1", "below": "low"}, "below is 'low'"),
        ({"name": "x", "metric": "F1", "below": True}, "below is True"),
        ({"name": "x", "metric": "F1", "below": 0.5, "above": 0.7}, "more than one"),
        ({"name": "x", "metric": "F1", "below": 0.5, "need": 2.5}, "need is 2.5"),
        ({"name": "x", "metric": "F1", "below": 0.5, "need": 4}, "need is at most of"),
        ({"name": "x", "metric": "F1", "below": 0.5, "p": 0.01}, "comes without a test"),
        ({"name": "x", "metric": "F1", "below": 0.5, "warn": 0.4}, "mildest to the gravest"),
        ({"name": "x", "metric": "F1", "below": 0.5, "relative_to": "me"}, "nothing, baseline"),
        ({"name": "x", "metric": "PSI", "above": 0.5, "p": 2.0}, "p is 2.0"),
        ({"name": "x", "enabled": False}, "there is no alert 'x'"),
        ("x", "alert 1 is 'x', not a table"),
    ],
)
def test_what_is_wrong_is_said(table: Any, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        rules([table])
    assert message in str(raised.value)


def test_alerts_must_be_a_list() -> None:
    with pytest.raises(UsageError, match="not a list"):
        rules({"name": "x"})


def test_what_no_skill_reaches_is_said_of_the_labs_and_the_guides_rules() -> None:
    lab, _, guide = EXAMPLES
    assert "can never go off" in (no_skill_remark(lab, 0.542) or "")
    assert "0.333" in (no_skill_remark(lab, 0.2) or "")
    assert "can never go off" in (no_skill_remark(guide, 0.2) or "")
    assert all(no_skill_remark(rule, 0.3) is None for rule in DEFAULTS)


def test_every_metric_of_a_rule_has_a_kind() -> None:
    assert set(KINDS.values()) == {"drift", "performance", "data"}
