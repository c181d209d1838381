"""A model made elsewhere: run as a script, with nothing of this package.

    python elsewhere.py FOLDER

writes model.ubj, model.json, model.tar.gz (as SageMaker packs it), golden.csv, golden.parquet and
signature.json: one-hot columns amid numbers, missing values, and columns of its own names.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost

ROWS = 300
NAMES = ("RECENCY_DAYS", "SEGMENT_Basic", "SPEND", "SEGMENT_Gold", "VISITS")


def write(folder: Path) -> None:
    generator = np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "RECENCY_DAYS": generator.integers(0, 300, ROWS),
            "SPEND": generator.normal(100, 40, ROWS).round(2),
            "VISITS": generator.integers(0, 20, ROWS),
            "SEGMENT": generator.choice(["Basic", "Gold"], ROWS),
        }
    )
    table.loc[::9, "SPEND"] = np.nan
    encoded = pd.get_dummies(table, columns=["SEGMENT"], dtype=float)[list(NAMES)]
    risk = encoded["RECENCY_DAYS"] / 100 + encoded["SEGMENT_Basic"] - encoded["VISITS"] / 8
    labels = (risk + generator.normal(0, 0.5, ROWS) > 1).astype(int)
    data = xgboost.DMatrix(encoded.to_numpy(), labels)  # as SageMaker: without names
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "seed": 1}, data, num_boost_round=20
    )
    for suffix in ("ubj", "json"):
        booster.save_model(folder / f"model.{suffix}")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.ubj", "xgboost-model")
    golden = table[["SEGMENT", "VISITS", "RECENCY_DAYS", "SPEND"]]  # in another order
    golden = golden.assign(SCORE=booster.predict(data))
    golden.to_csv(folder / "golden.csv", index=False)
    golden.to_parquet(folder / "golden.parquet")
    (folder / "signature.json").write_text(json.dumps(_signature()))


def _signature() -> dict[str, object]:
    types = {"RECENCY_DAYS": "integer", "SPEND": "float", "VISITS": "integer", "SEGMENT": "text"}
    columns = []
    for name in NAMES:
        segment = name.removeprefix("SEGMENT_")
        is_number = segment == name
        columns.append({"input": name} if is_number else {"input": "SEGMENT", "category": segment})
    return {"inputs": [{"name": n, "type": t} for n, t in types.items()], "columns": columns}


if __name__ == "__main__":
    write(Path(sys.argv[1]))
