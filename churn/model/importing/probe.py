"""Load an XGBoost model in a process of its own, and say what it is; see `trees.py`.

XGBoost reads files in C++ and trusts them: what is damaged may crash it, or let it walk in circles.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def facts(content: bytes) -> dict[str, Any]:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    model = json.loads(booster.save_raw("json"))["learner"]
    boosting = model["gradient_booster"]
    objective = model["objective"]["name"]
    trees = boosting.get("model", {}).get("trees", [])
    features = int(model["learner_model_param"]["num_feature"])
    return {
        "booster": boosting["name"],
        "objective": objective,
        "classes": int(model["learner_model_param"]["num_class"]),
        "targets": int(model["learner_model_param"].get("num_target", 1)),
        "features": features,
        "names": model["feature_names"],
        "types": model["feature_types"],
        "best_iteration": model["attributes"].get("best_iteration"),
        "trees": len(trees),
        "sound": all(is_sound(tree, features) for tree in trees),
    }


def is_sound(tree: dict[str, Any], features: int) -> bool:
    """Whether a walk from the root ends in leaves, meeting no node twice, on known features."""
    left, right, split = tree["left_children"], tree["right_children"], tree["split_indices"]
    size = len(left)
    if not size == len(right) == len(split) > 0:
        return False
    seen, ahead = {0}, [0]
    while ahead:
        node = ahead.pop()
        children = {left[node], right[node]}
        if children == {-1}:
            continue
        within = all(0 < child < size for child in children)
        if len(children) < 2 or not within or children & seen or not 0 <= split[node] < features:
            return False
        seen |= children
        ahead += children
    return True


if __name__ == "__main__":
    try:
        answer = facts(sys.stdin.buffer.read())
    except Exception as error:  # noqa: BLE001 - the other process says it in its words
        answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    sys.stdout.write(json.dumps(answer))
