"""XGBoost models: what they say of themselves, and as a classifier of our pipelines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn.domain.errors import ImportRefusedError
from churn.model.importing.formats import Format, ModelFile

PROBE = Path(__file__).with_name("probe.py")
PATIENCE = 300
"""Seconds that a file may take to load."""

Version = tuple[int, int]

UBJ_VERSION = re.compile(rb"\x07version\[#L\0{7}\x03[iU](.)[iU](.)[iU].\}$", re.DOTALL)
"""The last entry of the file, three small integers: https://ubjson.org/type-reference."""


@dataclass(frozen=True)
class Trees:
    """
    Args:
        names: The columns it was fitted on, in order; empty if it does not name them.
        features: How many columns it was fitted on.
        used: How many of its rounds predict: up to the best, if training stopped early.
    """

    content: bytes
    names: tuple[str, ...]
    features: int
    used: int | None


def inspect(file: ModelFile) -> Trees:
    """What the file holds, found out in a process of its own.

    Raises:
        ImportRefusedError: It is corrupted, newer than the XGBoost here, or no binary classifier.
    """
    _require_version(file)
    facts = _probed(file.content)
    _require_binary(facts)
    names = tuple(facts["names"])
    best = facts["best_iteration"]
    unnamed = names == tuple(f"f{i}" for i in range(len(names)))
    return Trees(
        content=file.content,
        names=() if unnamed else names,
        features=facts["features"],
        used=None if best is None else int(best) + 1,
    )


def classifier(trees: Trees) -> Any:
    """On one thread, of columns by position, as those that are fitted here."""
    import xgboost

    with xgboost.config_context(verbosity=0):
        booster = xgboost.Booster()
        booster.load_model(bytearray(trees.content))
        if trees.used is not None:
            booster = booster[: trees.used]
            booster.set_attr(best_iteration=None, best_score=None)
        booster.feature_names = booster.feature_types = None
        made = xgboost.XGBClassifier(n_jobs=1)
        made.load_model(booster.save_raw("ubj"))
    return made


def _require_version(file: ModelFile) -> None:
    import xgboost

    here = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
    made = _version(file)
    if made > here:
        raise ImportRefusedError(
            f"XGBoost {made[0]}.{made[1]} wrote the model; here is {xgboost.__version__}, which "
            "may misread it",
            f"Write it by XGBoost {here[0]}.{here[1]} or earlier, from 1.0 on.",
        )


def _version(file: ModelFile) -> Version:
    try:
        if file.format is Format.JSON:
            major, minor, _ = json.loads(file.content)["version"]
        else:
            match = UBJ_VERSION.search(file.content)
            major, minor = (part[0] for part in match.groups()) if match else (None, None)
        return int(major), int(minor)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ImportRefusedError(
            f"the model is corrupted, or no {file.format}: it does not say which version of "
            "XGBoost wrote it",
            "Copy it again, or write it again by booster.save_model, from XGBoost 1.0 on.",
        ) from error


def _probed(content: bytes) -> dict[str, Any]:
    try:
        run = subprocess.run(
            [sys.executable, "-P", str(PROBE)],  # alone: neither this package nor this folder
            input=content,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise _corrupted(f"it does not load within {PATIENCE} s") from error
    if run.returncode:
        raise _corrupted(f"loading it ends XGBoost's process with {run.returncode}")
    facts: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    if "error" in facts:
        raise _corrupted(facts["error"])
    if not facts["sound"]:
        raise _corrupted("a tree has nodes that lead nowhere, in circles, or to unknown columns")
    return facts


def _corrupted(reason: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"the model is corrupted: {reason}", "Copy it again from where it was made."
    )


def _require_binary(facts: dict[str, Any]) -> None:
    """Trees that give the probability of one of two classes; the only kind that is explained."""
    if facts["classes"] > 2 or facts["targets"] > 1 or facts["objective"].startswith("multi:"):
        raise ImportRefusedError(
            f"the model tells {max(facts['classes'], facts['targets'])} classes or targets apart "
            f"(objective {facts['objective']}), not two",
            "Train one whose label is 0 or 1, with the objective binary:logistic.",
        )
    if facts["objective"] != "binary:logistic":
        raise ImportRefusedError(
            f"the model's objective is {facts['objective']}, not binary:logistic: it gives no "
            "probability of two classes",
            "Train it with the objective binary:logistic.",
        )
    if facts["booster"] != "gbtree" or not facts["trees"]:
        raise ImportRefusedError(
            f"the model's booster is {facts['booster']}, of {facts['trees']} trees; taken is "
            "gbtree only, whose predictions are explained here",
            "Train it with the booster gbtree.",
        )
    if "c" in facts["types"]:
        raise ImportRefusedError(
            "the model splits on categories by codes that it does not hold",
            "Train it on one-hot columns, and declare them in the signature.",
        )
