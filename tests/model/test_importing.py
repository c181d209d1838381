"""Models from elsewhere: what is read, and what is refused before anything of it runs."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import skops.io
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn.domain.errors import ImportRefusedError
from churn.domain.expressions import Type
from churn.model import explain, importing, train
from churn.model.importing import Imported, archive, formats, golden, trees
from churn.model.importing.archive import Limits
from churn.model.importing.formats import Format, ModelFile
from churn.model.importing.probe import facts, is_sound
from tests.shipped import VIEWS

NAMES = ["A", "B", "C"]
GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(200, 3))
Y = (X[:, 0] - X[:, 1] + GENERATOR.normal(0, 0.5, 200) > 0).astype(int)


def fitted(names: list[str] | None = NAMES, labels: Any = Y, **parameters: Any) -> Any:
    data = xgboost.DMatrix(X, labels, feature_names=names)
    options = {"objective": "binary:logistic", "max_depth": 3, "seed": 0, **parameters}
    return xgboost.train(options, data, num_boost_round=5)


BOOSTER = fitted()
SCORES = BOOSTER.predict(xgboost.DMatrix(X, feature_names=NAMES))
UBJ, JSON = (bytes(BOOSTER.save_raw(kind)) for kind in ("ubj", "json"))
GOLDEN = pl.DataFrame(X, schema=NAMES).with_columns(SCORE=pl.Series(SCORES))


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Imported]:
    """Write the parts to files, and read them."""

    def take(
        content: bytes = UBJ,
        rows: pl.DataFrame = GOLDEN,
        signature: Any = None,
        name: str = "model",
        view: Any = None,
    ) -> Imported:
        (tmp_path / name).write_bytes(content)
        rows.write_csv(tmp_path / "golden.csv")
        declared = tmp_path / "signature.json" if signature is not None else None
        if declared:
            declared.write_text(json.dumps(signature))
        return importing.read(tmp_path / name, tmp_path / "golden.csv", "score", declared, view)

    return take


def packed(members: dict[str, bytes], kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


# What is taken


@pytest.mark.parametrize(
    ("content", "described"),
    [
        (UBJ, "XGBoost UBJ"),
        (JSON, "XGBoost JSON"),
        (packed({"./xgboost-model": UBJ, "code/serve.py": b"x"}), "XGBoost UBJ in model.tar.gz"),
    ],
    ids=["ubj", "json", "sagemaker"],
)
def test_a_model_of_each_format_repeats_its_golden_predictions(
    take: Callable[..., Imported], content: bytes, described: str
) -> None:
    model = take(content, GOLDEN.select("SCORE", "C", "A", "B").rename({"C": "c"}))
    assert model.file.described == described
    assert model.agreement <= 1e-6
    assert train.probabilities(model.fitted, model.inputs) == pytest.approx(SCORES, abs=1e-6)


def test_what_is_imported_is_explained_as_what_is_trained(take: Callable[..., Imported]) -> None:
    """SHAP values add up to the log-odds of the source's own scores."""
    model = take()
    why = explain.explain(model.fitted, model.inputs, explain.background(model.inputs))
    total = why.base + why.values.sum(axis=1)
    assert total == pytest.approx(np.log(SCORES / (1 - SCORES)), abs=1e-4)
    assert explain.importance(model.fitted, model.inputs)["FEATURE"][0] in {"A", "B"}


def test_training_that_stopped_early_predicts_by_its_best_round(
    take: Callable[..., Imported],
) -> None:
    data = xgboost.DMatrix(X, Y, feature_names=NAMES)
    noise = xgboost.DMatrix(X, GENERATOR.integers(0, 2, 200), feature_names=NAMES)
    booster = xgboost.train(
        {"objective": "binary:logistic", "eval_metric": "logloss"},
        data,
        num_boost_round=30,
        evals=[(noise, "noise")],
        early_stopping_rounds=3,
        verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    best = booster.predict(data, iteration_range=(0, booster.best_iteration + 1))
    rows = GOLDEN.with_columns(SCORE=pl.Series(best))
    assert take(bytes(booster.save_raw("ubj")), rows).agreement <= 1e-6


SKLEARN = {
    "alone": (LogisticRegression(), ["A", "B"]),
    "scaled": (make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), ["A", "B"]),
    "encoded": (
        make_pipeline(
            make_column_transformer(
                (StandardScaler(), ["B"]),
                (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["KIND"]),
                ("passthrough", ["A"]),
            ),
            LogisticRegression(),
        ),
        ["A", "KIND", "B"],
    ),
}
TABLE = pd.DataFrame(X, columns=NAMES).assign(KIND=np.where(X[:, 2] > 0, "high", "low"))


@pytest.mark.parametrize("case", SKLEARN)
def test_logistic_regressions_of_skops_are_taken(take: Callable[..., Imported], case: str) -> None:
    model, names = SKLEARN[case]
    model.fit(TABLE[names], Y)
    scores = model.predict_proba(TABLE[names])[:, 1]
    rows = pl.from_pandas(TABLE[names[::-1]].rename(columns=str.lower).assign(SCORE=scores))
    types = {"KIND": "text"}
    signature = {"inputs": [{"name": n, "type": types.get(n, "float")} for n in names]}
    taken = take(skops.io.dumps(model), rows, signature)
    assert taken.agreement <= 1e-12
    why = explain.explain(taken.fitted, taken.inputs, explain.background(taken.inputs))
    total = why.base + why.values.sum(axis=1)
    assert total == pytest.approx(np.log(scores / (1 - scores)), abs=1e-9)


# Formats


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"binf\0\0\0\0", "model", "old binary format(.|\n)*save_model"),
        (pickle.dumps({"a": 1}), "xgboost-model", "pickle(.|\n)*save_model"),
        (pickle.dumps([1, 2], protocol=0), "model", "pickle"),
        (b"\x78\x9c....", "model.joblib", "pickle"),
        (b"\x08\x09\x12\x07skl2onnx", "model", "is ONNX"),
        (b"", "model", "no known format"),
        (b"hello", "model", "no known format"),
        (packed({"xgboost-model": b"binf...."}), "model.tar.gz", "old binary format"),
        (packed({"xgboost-model": pickle.dumps(1)}), "model.tar.gz", "pickle"),
        (packed({"model.joblib": b"x"}), "m", "no xgboost-model; it has model.joblib"),
        (packed({}), "m", "it has nothing"),
    ],
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_other_formats_are_refused_by_name(
    take: Callable[..., Imported], content: bytes, name: str, says: str
) -> None:
    with pytest.raises(ImportRefusedError, match=says):
        take(content, name=name)


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_unpickled(take: Callable[..., Imported], tmp_path: Path, protocol: int) -> None:
    left = tmp_path / "left"
    joblib.dump(Bomb(left), tmp_path / "m.joblib")
    content = pickle.dumps(Bomb(left), protocol)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as z:
        z.writestr("data.pkl", content)
    for each in (content, zipped.getvalue(), (tmp_path / "m.joblib").read_bytes()):
        for sent in (each, packed({"xgboost-model": each})):
            with pytest.raises(ImportRefusedError):
                take(sent)
    assert not left.exists()
    pickle.loads(content)  # noqa: S301 - that it would have
    assert left.exists()


# Archives

UNSAFE = {
    "parent": packed({"../xgboost-model": UBJ}),
    "inner parent": packed({"a/../../x": b"", "xgboost-model": UBJ}),
    "absolute": packed({"/etc/x": b"", "xgboost-model": UBJ}),
    "symbolic link": packed({"xgboost-model": b""}, tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": packed({"xgboost-model": b""}, tarfile.LNKTYPE, "/etc/passwd"),
    "device": packed({"xgboost-model": b""}, tarfile.CHRTYPE),
    "pipe": packed({"xgboost-model": b""}, tarfile.FIFOTYPE),
    "drive": packed({"C:\\x": b"", "xgboost-model": UBJ}),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_members_that_leave_the_folder_are_refused(case: str) -> None:
    says = "leaves the folder|is a link|neither a file nor a folder"
    with pytest.raises(ImportRefusedError, match=says):
        archive.member(UNSAFE[case], "xgboost-model")


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    limits = Limits(size=100_000, members=5)
    zeros = packed({"zeros": bytes(10**7), "xgboost-model": UBJ})
    assert len(zeros) < limits.size
    for content, says in (
        (zeros, "more than the limit"),
        (packed({"xgboost-model": bytes(10**7)}), "more than the limit"),
        (packed({"xgboost-model": UBJ, "after": bytes(10**7)}), "more than the limit"),
        (packed({f"m{i}": b"" for i in range(6)}), "more than 5 members"),
    ):
        with pytest.raises(ImportRefusedError, match=says):
            archive.member(content, "xgboost-model", limits)
    assert archive.member(packed({"xgboost-model": UBJ}), "xgboost-model", limits) == UBJ


def test_a_header_that_is_a_bomb_counts_too() -> None:
    """Long names stand in members of their own, which readers keep in memory."""
    long = packed({"x" * 10**6: b"", "xgboost-model": UBJ})
    with pytest.raises(ImportRefusedError, match="more than the limit"):
        archive.member(long, "xgboost-model", Limits(size=100_000))


def test_a_zip_of_skops_is_measured_before_it_is_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.skops", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("schema.json", bytes(10**6))
    with pytest.raises(ImportRefusedError, match="more than the limit"):
        formats.read(tmp_path / "m.skops", Limits(size=100_000))


WHOLE = packed({"xgboost-model": UBJ})


@given(st.integers(1, len(WHOLE) - 1))
def test_an_archive_that_is_cut_off_is_corrupted(length: int) -> None:
    with pytest.raises(ImportRefusedError, match="corrupted"):
        archive.member(WHOLE[:length], "xgboost-model")


@given(st.integers(20, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_never_passes_the_checksum(position: int, change: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[position] ^= change
    with pytest.raises(ImportRefusedError):
        archive.member(bytes(damaged), "xgboost-model")


# XGBoost


def test_a_newer_version_is_refused(take: Callable[..., Imported]) -> None:
    newer = {**json.loads(JSON), "version": [99, 1, 0]}
    ubj = UBJ.replace(b"\x03i\x03i\x02i\x00}", b"\x03i\x63i\x01i\x00}")
    assert ubj != UBJ
    for content in (json.dumps(newer).encode(), ubj):
        with pytest.raises(ImportRefusedError, match=r"XGBoost 99\.1 wrote the model"):
            take(content)


@pytest.mark.parametrize(
    ("booster", "says"),
    [
        (fitted(objective="multi:softprob", num_class=3, labels=Y + (X[:, 2] > 1)), "3 classes"),
        (fitted(objective="reg:squarederror"), "objective is reg:squarederror"),
        (fitted(objective="binary:logitraw"), "objective is binary:logitraw"),
        (fitted(booster="gblinear", verbosity=0), "booster is gblinear"),
    ],
    ids=["classes", "regression", "margin", "linear"],
)
def test_what_is_no_binary_classifier_of_trees_is_refused(
    take: Callable[..., Imported], booster: Any, says: str
) -> None:
    with pytest.raises(ImportRefusedError, match=says):
        take(bytes(booster.save_raw("ubj")))


def test_a_model_that_is_cut_off_is_refused(take: Callable[..., Imported]) -> None:
    for content in (UBJ[: len(UBJ) // 2], JSON[:-30], b"{}", b'{"version": [3, 2, 0]}'):
        with pytest.raises(ImportRefusedError, match=r"corrupted|no known format"):
            take(content)


def changed_tree(field: str, value: int) -> bytes:
    model = json.loads(JSON)
    model["learner"]["gradient_booster"]["model"]["trees"][0][field][1] = value
    return json.dumps(model).encode()


@pytest.mark.parametrize(
    ("field", "value"), [("left_children", 0), ("left_children", 10**6), ("split_indices", 7)]
)
def test_trees_that_lead_nowhere_are_refused_in_a_process_of_their_own(
    take: Callable[..., Imported], field: str, value: int
) -> None:
    """Loaded here, such a file crashes Python or never ends."""
    with pytest.raises(ImportRefusedError, match="the model is corrupted"):
        take(changed_tree(field, value))


def test_what_ends_the_process_that_loads_it_is_corrupted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crash = tmp_path / "crash.py"
    crash.write_text("import os; os.abort()")
    monkeypatch.setattr(trees, "PROBE", crash)
    with pytest.raises(ImportRefusedError, match="ends XGBoost's process"):
        trees.inspect(ModelFile(Format.UBJ, UBJ, "", packed=False))


def test_sound_trees_are_those_that_end() -> None:
    ends = {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0]}
    assert is_sound(ends, 1)
    for change in (
        {"left_children": [2, -1, -1]},
        {"left_children": [0, -1, -1]},
        {"left_children": [3, -1, -1]},
        {"left_children": [-1, -1, -1]},
        {
            "left_children": [1, 3, -1, -1],
            "right_children": [2, 2, -1, -1],
            "split_indices": [0] * 4,
        },
        {"split_indices": [1, 0, 0]},
        {"split_indices": [0]},
    ):
        assert not is_sound({**ends, **change}, 1)
    assert facts(UBJ)["sound"]


# Signatures

FLOATS = [{"name": n, "type": "float"} for n in NAMES]


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        ({"inputs": FLOATS[:2]}, "2 columns, the model was fitted on 3: A, B, C"),
        ({"inputs": [*FLOATS, {"name": "D", "type": "float"}]}, "4 columns"),
        ({"inputs": [FLOATS[1], FLOATS[0], FLOATS[2]]}, "another order"),
        ({"inputs": [*FLOATS[:2], {"name": "D", "type": "float"}]}, "column D where .* has C"),
        ({"inputs": [*FLOATS[:2], {"name": "C", "type": "text"}]}, "names no category"),
        ({"inputs": [*FLOATS[:2], {"name": "C", "type": "date"}]}, "types are"),
        ({"inputs": [*FLOATS[:2], {"name": "b", "type": "float"}]}, "stands twice"),
        ({"inputs": [*FLOATS[:2], {"name": "c d", "type": "float"}]}, "no name that a table"),
        ({"inputs": FLOATS, "columns": [{"input": "D"}]}, "of no input"),
        ({"inputs": FLOATS, "columns": [{"input": "A"}]}, "inputs B, C make no column"),
        ({"inputs": FLOATS, "columns": [{"inpt": "A"}]}, "no inpt"),
        ({"inputs": FLOATS, "columns": [{"input": n} for n in "ABCC"]}, "a column twice"),
        ({"inputs": FLOATS, "columns": [{"input": "A", "category": "x"}]}, "is no text"),
        ({}, "is no signature"),
        ([], "is no signature"),
    ],
)
def test_signatures_that_are_not_the_models_are_refused(
    take: Callable[..., Imported], signature: Any, says: str
) -> None:
    with pytest.raises(ImportRefusedError, match=says):
        take(signature=signature)


UNNAMED = bytes(fitted(None).save_raw("ubj"))


def test_a_model_without_names_needs_a_signature(take: Callable[..., Imported]) -> None:
    with pytest.raises(ImportRefusedError, match="does not name the 3 columns"):
        take(UNNAMED)
    assert take(UNNAMED, signature={"inputs": FLOATS}).agreement <= 1e-6


def test_an_order_that_is_not_that_of_the_fit_does_not_repeat(
    take: Callable[..., Imported],
) -> None:
    with pytest.raises(ImportRefusedError, match=r"differ(.|\n)*row \d+(.|\n)*order of columns"):
        take(UNNAMED, signature={"inputs": FLOATS[::-1]})


def test_a_view_that_does_not_feed_the_model_is_refused(take: Callable[..., Imported]) -> None:
    says = r"A is missing in the view; .* is extra in the view"
    with pytest.raises(ImportRefusedError, match=says):
        take(view=VIEWS[0])


# Golden predictions


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (GOLDEN.drop("SCORE"), "no column score"),
        (GOLDEN.drop("B"), "no column B"),
        (GOLDEN.with_columns(D=0), "extra D"),
        (GOLDEN.with_columns(B=pl.lit("x")), "B is String"),
        (GOLDEN.with_columns(a=0), "A twice"),
        (GOLDEN.with_columns(SCORE=1 - pl.col("SCORE")), "of class 0"),
        (GOLDEN.with_columns(SCORE=pl.col("SCORE") - 2), "not all from 0 to 1"),
        (GOLDEN.with_columns(SCORE=pl.lit(None, pl.Float64)), "no numbers|not all from 0 to 1"),
        (GOLDEN.with_columns(SCORE=pl.lit("high")), "no numbers"),
        (GOLDEN.with_columns(SCORE=0.5), "1 different"),
        (GOLDEN.head(0), "no numbers|0 rows"),
    ],
)
def test_golden_files_that_do_not_fit_are_refused(
    take: Callable[..., Imported], rows: pl.DataFrame, says: str
) -> None:
    with pytest.raises(ImportRefusedError, match=says):
        take(rows=rows)


@pytest.mark.parametrize(("off", "agrees"), [(0.9e-6, True), (1.1e-6, False), (np.nan, False)])
def test_one_row_that_is_off_is_enough(off: float, agrees: bool) -> None:
    known = golden.Golden(pl.DataFrame(), np.array([0.1, 0.2, 0.3]), "")
    scores = np.array([0.1, 0.2 + off, 0.3])
    if agrees:
        assert known.agreement(scores) == pytest.approx(off)
    else:
        with pytest.raises(ImportRefusedError, match=r"1 of 3 (.|\n)*worst:\n +row 2: golden 0.2"):
            known.agreement(scores)


def test_a_text_of_digits_stays_a_text(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("zip,SCORE\n01234,0.5\n99,0.25\n")
    types = {"ZIP": Type.TEXT}
    assert golden.read(tmp_path / "g.csv", "SCORE", types).rows["ZIP"].to_list() == ["01234", "99"]


# scikit-learn


@pytest.mark.parametrize(
    ("model", "labels", "says"),
    [
        (RandomForestClassifier(2), Y, "types that are not trusted|is a RandomForestClassifier"),
        (make_pipeline(PCA(2), LogisticRegression()), Y, "step PCA, which mixes"),
        (LogisticRegression(), Y + (X[:, 2] > 1), "3 classes"),
        (LogisticRegression(), np.where(Y, "no", "yes"), "'no' and 'yes', not 0 and 1"),
        (LogisticRegression(), np.where(Y, -1, 1), "-1 and 1"),
    ],
    ids=["forest", "pca", "classes", "words", "signs"],
)
def test_other_models_of_scikit_learn_are_refused(
    take: Callable[..., Imported], model: Any, labels: Any, says: str
) -> None:
    content = skops.io.dumps(model.fit(TABLE[NAMES], labels))
    with pytest.raises(ImportRefusedError, match=says):
        take(content)


class Unknown(LogisticRegression):  # type: ignore[misc]
    """Of this file, which skops trusts as little as any other."""


def test_types_that_skops_does_not_trust_are_refused(take: Callable[..., Imported]) -> None:
    content = skops.io.dumps(Unknown().fit(TABLE[NAMES], Y))
    with pytest.raises(ImportRefusedError, match=r"not trusted: .*Unknown"):
        take(content)
    with pytest.raises(ImportRefusedError, match="corrupted"):
        take(content[:-100])
