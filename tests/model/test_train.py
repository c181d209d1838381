from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from churn.domain.errors import DataError
from churn.engines.polars import PolarsEngine
from churn.model import evaluate, explain, plots, train
from churn.model.algorithms import ALGORITHMS, XGBOOST, Algorithm
from churn.model.metrics import METRICS, NAMES, Labels
from churn.pipelines import prepare
from tests.shipped import CHURN, DEFAULT, VIEWS

V2 = VIEWS[1]
FEATURES = V2.features
XGB = [XGBOOST]


def quiet(*_: int) -> None:
    """No progress is shown."""


@pytest.fixture(scope="module")
def rows(sample_engine: PolarsEngine) -> pl.DataFrame:
    features = prepare.feature_rows(sample_engine, CHURN, V2, DEFAULT)
    labels = sample_engine.collect(prepare.labels(sample_engine, CHURN, DEFAULT))
    return labels.join(features, on="CUSTOMER_ID").sort("CUSTOMER_ID").head(600)


@pytest.fixture(scope="module")
def x(rows: pl.DataFrame) -> pd.DataFrame:
    return train.inputs(rows, FEATURES)


@pytest.fixture(scope="module")
def y(rows: pl.DataFrame) -> Labels:
    return train.labels(rows, CHURN.label)


@pytest.fixture(scope="module")
def fitted(x: pd.DataFrame, y: Labels) -> Pipeline:
    return train.pipeline(XGBOOST, FEATURES, XGBOOST.presets["Conservative"], seed=1).fit(x, y)


def test_inputs_are_in_the_order_of_the_view_and_numbers_are_floats(x: pd.DataFrame) -> None:
    assert tuple(x.columns) == V2.columns
    assert set(x.drop(columns="SEGMENT").dtypes) == {np.dtype("float64")}


def test_training_twice_gives_one_model(x: pd.DataFrame, y: Labels) -> None:
    """Same data, same seed, same numbers, to the last bit; whatever threads did what first."""

    def once() -> list[train.Candidate]:
        return list(train.search(XGB, x, y, FEATURES, draws=3, seed=5, advance=quiet))

    for a, b in zip(once(), once(), strict=True):
        assert (a.name, a.parameters) == (b.name, b.parameters)
        assert np.array_equal(a.out_of_fold, b.out_of_fold)


def test_another_seed_gives_other_folds(x: pd.DataFrame, y: Labels) -> None:
    losses = {
        train.search(XGB, x, y, FEATURES, draws=0, seed=s, advance=quiet)[0].log_loss
        for s in (1, 2)
    }
    assert len(losses) == 2


def test_search_names_the_runs_of_the_lab_and_the_best_draw(x: pd.DataFrame, y: Labels) -> None:
    told: list[tuple[int, int]] = []
    found = train.search(
        [XGBOOST], x, y, FEATURES, draws=2, seed=0, advance=lambda *t: told.append(t)
    )
    assert [c.name for c in found] == ["Baseline", "DeepTree", "Conservative", "Tuned"]
    assert told == [(i, 5) for i in range(1, 6)]
    assert train.best(found).log_loss == min(c.log_loss for c in found)


def test_nobody_is_predicted_by_a_model_that_saw_them(x: pd.DataFrame, y: Labels) -> None:
    """A model that could look up its own customers would separate random labels."""
    coin = np.random.default_rng(0).integers(0, 2, len(y))
    found = train.search(XGB, x, coin, FEATURES, draws=0, seed=0, advance=quiet)
    deep = found[1]
    assert METRICS["roc_auc"].function(coin, deep.out_of_fold) < 0.6


def test_repeats_have_25_folds_and_a_spread(x: pd.DataFrame, y: Labels) -> None:
    candidate = train.search(XGB, x, y, FEATURES, draws=0, seed=0, advance=quiet)[2]
    again = train.repeated(candidate, x, y, FEATURES, seed=0)
    assert len(again.folds) == 25
    summary = again.cross_validated(0.5)
    assert set(summary) == set(NAMES)
    assert all(values["std"] > 0 for values in summary.values())


def test_every_fitted_step_is_inside_the_pipeline(x: pd.DataFrame, y: Labels) -> None:
    """Encoding learns its categories from the rows it is fitted on, and from no others."""
    basic = x["SEGMENT"] == "Basic"
    fitted = train.pipeline(XGBOOST, FEATURES, {"n_estimators": 5}, seed=0).fit(x[basic], y[basic])
    assert list(fitted[train.ENCODE].named_transformers_["text"].categories_[0]) == ["Basic"]
    assert train.probabilities(fitted, x).shape == (len(x),)  # unknown segments are no error


def test_missing_values_are_no_error(fitted: Pipeline, x: pd.DataFrame) -> None:
    holes = x.head(3).copy()
    holes.loc[holes.index[0], "SEGMENT"] = None
    holes.loc[holes.index[1], "AVG_ORDER_AMOUNT"] = np.nan
    assert np.isfinite(train.probabilities(fitted, holes)).all()
    found = explain.explain(fitted, holes, explain.background(x))
    contributions = pl.DataFrame(found.values, schema=list(found.features))
    rows = pl.from_pandas(holes, nan_to_null=True)
    said = explain.reasons(rows, contributions, FEATURES, count=len(FEATURES))
    assert any("SEGMENT unknown" in reason for reason in said[0])
    assert any("AVG_ORDER_AMOUNT unknown" in reason for reason in said[1])


@pytest.mark.parametrize(("churned", "says"), [(4, "4 rows .* churned"), (96, "4 .* stayed")])
def test_fewer_customers_than_folds_are_refused(churned: int, says: str) -> None:
    with pytest.raises(DataError, match=says):
        train.require_folds(np.array([1] * churned + [0] * (100 - churned)), CHURN.label)


# Behaviour


def test_a_lapsed_customer_is_likelier_to_churn(fitted: Pipeline, x: pd.DataFrame) -> None:
    """Direction: the same customers, silent since the start of the window."""
    lapsed = x.assign(DAYS_SINCE_LAST_ORDER=170.0)
    recent = x.assign(DAYS_SINCE_LAST_ORDER=3.0)
    gap = train.probabilities(fitted, lapsed) - train.probabilities(fitted, recent)
    assert (gap > 0).mean() > 0.95


def test_random_labels_cannot_be_learned(x: pd.DataFrame, fitted: Pipeline) -> None:
    coin = np.random.default_rng(1).integers(0, 2, len(x))
    half = len(x) // 2
    model = clone(fitted).fit(x[:half], coin[:half])
    p = train.probabilities(model, x[half:])
    assert 0.4 < METRICS["roc_auc"].function(coin[half:], p) < 0.6


# Explanation


def test_shap_values_add_up_to_the_prediction(fitted: Pipeline, x: pd.DataFrame) -> None:
    found = explain.explain(fitted, x, explain.background(x))
    p = train.probabilities(fitted, x)
    assert found.base + found.values.sum(axis=1) == pytest.approx(np.log(p / (1 - p)), abs=1e-4)


def test_shap_values_are_shapleys(fitted: Pipeline, x: pd.DataFrame) -> None:
    """The oracle swaps features of the customer into each background row, in every order."""
    names, rest = ["DAYS_SINCE_LAST_ORDER", "RETURN_RATE", "SEGMENT"], x.iloc[0]
    one = x.iloc[[5]].assign(**{n: rest[n] for n in x.columns if n not in names})
    # With all other features alike, only these three can add anything.
    compared = (
        explain.background(x).head(7).assign(**{str(k): v for k, v in rest.drop(names).items()})
    )

    def value(known: tuple[str, ...]) -> float:
        p = train.probabilities(fitted, compared.assign(**{n: one[n].iloc[0] for n in known}))
        return float(np.log(p / (1 - p)).mean())

    orders = list(permutations(names))
    found = explain.explain(fitted, one, compared)
    for name in names:
        before = [order[: order.index(name)] for order in orders]
        shapley = np.mean([value((*b, name)) - value(b) for b in before])
        assert found.values[0][found.features.index(name)] == pytest.approx(shapley, abs=1e-4)
    others = [i for i, n in enumerate(found.features) if n not in names]
    assert found.values[0][others] == pytest.approx(0, abs=1e-6)


def test_the_background_is_nobody(x: pd.DataFrame) -> None:
    rows = explain.background(x)
    assert len(rows) == explain.BACKGROUND_ROWS
    assert rows.merge(x, on=list(x.columns)).empty
    for name in x.columns:
        assert rows[name].isin(x[name]).all()
    days = "DAYS_SINCE_LAST_ORDER"
    assert rows[days].mean() == pytest.approx(x[days].mean(), rel=0.05)
    assert rows["SEGMENT"].nunique() == x["SEGMENT"].nunique()


def test_shap_values_are_kept_whole(fitted: Pipeline, x: pd.DataFrame) -> None:
    found = explain.explain(fitted, x, explain.background(x))
    again = explain.Explanation.of_table(found.table())
    assert (again.features, again.base) == (found.features, found.base)
    assert np.array_equal(again.values, found.values)
    pd.testing.assert_frame_equal(again.data, found.data)


def test_importance_shares_add_up_and_follow_the_signal(fitted: Pipeline, x: pd.DataFrame) -> None:
    found = explain.importance(fitted, x)
    assert found["IMPORTANCE"].sum() == pytest.approx(1)
    assert found["FEATURE"][0] == "DAYS_SINCE_LAST_ORDER"
    assert set(found["FEATURE"]) == set(V2.columns)


def test_reasons_name_the_strongest_features_in_words() -> None:
    rows = pl.DataFrame(
        {"DAYS_SINCE_LAST_ORDER": [95], "RETURN_RATE": [0.25], "SEGMENT": ["Basic"]}
    )
    found = pl.DataFrame([[0.9, -1.5, 0.1]], schema=rows.columns, orient="row")
    assert explain.reasons(rows, found, FEATURES, count=2) == [
        ["25% of orders returned (lowers the risk)", "last order 95 days ago (raises the risk)"]
    ]


# Pictures


def test_rows_are_explained_in_blocks(
    fitted: Pipeline, x: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short calls, so that shap's own bar, which it draws after ten seconds, never shows."""
    background = explain.background(x)
    whole = explain.explain(fitted, x, background)
    monkeypatch.setattr(explain, "BLOCK", 7)
    assert np.array_equal(explain.explain(fitted, x, background).values, whole.values)


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=list(ALGORITHMS))
def test_every_algorithm_is_better_than_no_skill_and_explains_itself(
    x: pd.DataFrame, y: Labels, algorithm: Algorithm
) -> None:
    """With numbers missing and unknown categories; what reasons add up to is the prediction."""
    holes = x.copy()
    holes.loc[holes.index[::9], "AVG_ORDER_AMOUNT"] = np.nan
    parameters = next(iter(algorithm.presets.values()))
    fitted = train.pipeline(algorithm, FEATURES, parameters, seed=0).fit(holes, y)
    p = train.probabilities(fitted, holes)
    metric = METRICS["log_loss"]
    assert metric.function(y, p) < metric.no_skill(y)
    explained = explain.explain(fitted, holes, explain.background(x))
    log_odds = explained.base + explained.values.sum(axis=1)
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(p, abs=1e-5)
    assert explain.importance(fitted, holes)["IMPORTANCE"].sum() == pytest.approx(1)


def test_algorithms_compete_in_one_search(x: pd.DataFrame, y: Labels) -> None:
    both = list(ALGORITHMS.values())
    candidates = train.search(both, x, y, FEATURES, draws=1, seed=0, advance=quiet)
    assert {c.name: c.algorithm.name for c in candidates} == {
        "Baseline": "xgboost",
        "DeepTree": "xgboost",
        "Conservative": "xgboost",
        "Tuned": "xgboost",
        "Logistic": "logistic",
        "LogisticShrunken": "logistic",
        "LogisticTuned": "logistic",
    }


def test_plots_are_drawn_again_from_what_was_kept(
    fitted: Pipeline, x: pd.DataFrame, y: Labels, tmp_path: object
) -> None:
    from pathlib import Path

    p = train.probabilities(fitted, x)
    kept = explain.Explanation.of_table(explain.explain(fitted, x, explain.background(x)).table())
    figures = {
        "roc": plots.roc(y, p, 0.8),
        "precision_recall": plots.precision_recall(y, p, 0.8),
        "calibration": plots.calibration(evaluate.calibration(y, p)),
        "confusion_matrix": plots.confusion(evaluate.confusion(y, p, 0.5), 0.5, CHURN.label),
        "importance": plots.importance(explain.importance(fitted, x), "share"),
        "shap_summary": plots.shap_summary(kept),
        "shap_waterfall": plots.shap_waterfall(kept, 0),
    }
    paths = plots.save(figures, Path(str(tmp_path)) / "plots")
    assert [path.stem for path in paths] == list(figures)
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 5_000
