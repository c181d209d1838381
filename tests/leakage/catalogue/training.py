"""Training sets that leak, each by one mistake that people make, and training sets that do not."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import TargetEncoder

from churn.domain.windows import Windows
from tests.leakage.catalogue.shared import (
    DAY,
    K,
    amount,
    day,
    honest,
    known,
    labelled,
    leaks,
    spend,
)


def is_test(name: str) -> bool:
    return int(sha256(name.encode()).hexdigest()[:8], 16) % 10 >= 7


def split_by_hash(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        SPLIT=pl.Series(["test" if is_test(k) else "train" for k in rows[K]], dtype=pl.String)
    )


def rows_of(orders: pl.DataFrame, customers: pl.DataFrame, w: Windows) -> pl.DataFrame:
    std = known(orders, w).group_by(K).agg(STD=amount.std())
    return (
        labelled(orders, w, w.outcome.start, w.outcome_end)
        .join(spend(orders, w), on=K)
        .join(std, on=K)
        .join(customers.select(K, "SEGMENT"), on=K, how="left")
        .sort(K)
    )


train_part = pl.col("SPLIT") == "train"


@leaks("training", "split-entity")
def a_customer_in_both_parts(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat(
        [
            rows,
            rows.head(3).with_columns(SPLIT=pl.lit("test")),
            rows.head(3).with_columns(SPLIT=pl.lit("train")),
        ]
    )


@leaks("training", "split-entity")
def snapshots_in_both_parts(orders, customers, w):
    now = rows_of(orders, customers, w).with_columns(SPLIT=pl.lit("test"))
    earlier = rows_of(orders, customers, w.ending(w.as_of - 30 * DAY)).with_columns(
        SPLIT=pl.lit("train")
    )
    return pl.concat([earlier, now])


@leaks("training", "split-entity")
def snapshots_named_in_the_id(orders, customers, w):
    now, earlier = (
        rows_of(orders, customers, v).with_columns(pl.col(K) + f"@{v.as_of}", SPLIT=pl.lit(part))
        for v, part in ((w, "test"), (w.ending(w.as_of - 30 * DAY), "train"))
    )
    return pl.concat([earlier, now])


@leaks("training", "random")
def split_by_pythons_hash(orders, customers, w):
    rows = rows_of(orders, customers, w)
    return rows.with_columns(
        SPLIT=pl.Series(["test" if hash(k) % 3 == 0 else "train" for k in rows[K]])
    )


@leaks("training", "label-values")
def training_with_labels_of_words(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("IS_CHURNED").replace_strict({0: "no", 1: "yes"}))


@leaks("training", "label-late")
def late_labels_and_a_fit_that_needs_both_classes(orders, customers, w):
    rows = rows_of(orders, customers, w).drop("IS_CHURNED")
    late = labelled(orders, w, w.outcome.start + 5 * DAY, w.outcome_end)
    rows = split_by_hash(rows.join(late, on=K).sort(K))
    train = rows.filter(train_part)
    model = LogisticRegression().fit(
        train.select("SPEND", "N").to_numpy(), train["IS_CHURNED"].to_numpy()
    )
    return rows.with_columns(USED=pl.lit(float(model.coef_.size)))


@leaks("training", "test-resampled")
def oversampled_with_noise_before_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat(
        [rows, rows.with_columns(pl.col("SPEND") * 1.01).filter(pl.col("IS_CHURNED") == 0)]
    )


@leaks("training", "split-near-duplicate")
def two_spellings_of_one_id(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    copy = rows.with_columns(
        (" " + pl.col(K).str.to_lowercase()).alias(K),
        SPLIT=pl.when(train_part).then(pl.lit("test")).otherwise(pl.lit("train")),
    )
    return pl.concat([rows, copy.head(4)])


@leaks("training", "split-label")
def split_stratified_by_label(orders, customers, w):
    rows = rows_of(orders, customers, w)
    _, test = train_test_split(np.arange(rows.height), stratify=rows["IS_CHURNED"], random_state=0)
    return rows.with_columns(
        SPLIT=pl.when(pl.int_range(pl.len()).is_in(test.tolist()))
        .then(pl.lit("test"))
        .otherwise(pl.lit("train"))
    )


@leaks("training", "future")
def split_by_later_spend(orders, customers, w):
    later = orders.filter(day > w.as_of).group_by(K).agg(T=amount.sum())
    rows = rows_of(orders, customers, w).join(later, on=K, how="left")
    high = pl.col("T").fill_null(0) > 150
    return rows.with_columns(
        SPLIT=pl.when(high).then(pl.lit("test")).otherwise(pl.lit("train"))
    ).drop("T")


@leaks("training", "future")
def weights_by_later_spend(orders, customers, w):
    later = orders.filter(day > w.as_of).group_by(K).agg(WEIGHT=amount.sum())
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.join(later, on=K, how="left").with_columns(pl.col("WEIGHT").fill_null(1.0))


@leaks("training", "row-order")
def split_by_position(orders, customers, w):
    rows = rows_of(orders, customers, w)
    first = orders.with_row_index("I").group_by(K).agg(I=pl.col("I").min())
    rows = rows.join(first, on=K).sort("I").drop("I")
    part = pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("test")).otherwise(pl.lit("train"))
    return rows.with_columns(SPLIT=part)


@leaks("training", "random")
def split_at_random(orders, customers, w):
    rows = rows_of(orders, customers, w)
    draw = np.random.default_rng().random(rows.height) < 0.3
    return rows.with_columns(
        SPLIT=pl.when(pl.Series(draw)).then(pl.lit("test")).otherwise(pl.lit("train"))
    )


@leaks("training", "test-fit")
def scaled_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    x = pl.col("SPEND")
    return rows.with_columns(SPEND=(x - x.mean()) / x.std())


@leaks("training", "test-fit")
def imputed_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("STD").fill_null(pl.col("STD").mean()))


@leaks("training", "test-fit")
def encoded_by_all_rows(orders, customers, w):
    return split_by_hash(rows_of(orders, customers, w)).to_dummies("SEGMENT")


@leaks("training", "test-fit")
def clipped_at_a_quantile_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("SPEND").clip(upper_bound=rows["SPEND"].quantile(0.8)))


@leaks("training", "test-fit")
def scaled_by_the_largest_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    last = known(orders, w).group_by(K).agg(L=(pl.lit(w.as_of) - day.max()).dt.total_days())
    return rows.join(last, on=K).with_columns(pl.col("L") / pl.col("L").max())


@leaks("training", "test-fit")
def selected_by_the_variance_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    spread = {c: rows[c].var() / abs(rows[c].mean()) for c in ("SPEND", "N")}
    return rows.drop(min(spread, key=spread.__getitem__))


@leaks("training", "test-label")
def threshold_chosen_on_the_test_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    test = rows.filter(~train_part)
    hits = {n: ((test["N"] < n).cast(pl.Int64) == test["IS_CHURNED"]).sum() for n in range(2, 9)}
    return rows.with_columns(TOLD=pl.col("N") < max(hits, key=hits.__getitem__))


@leaks("training", "test-label")
def target_encoded_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(SEGMENT=pl.col("IS_CHURNED").mean().over("SEGMENT"))


@leaks("training", "own-label")
def target_encoded_with_the_own_label(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    rates = rows.filter(train_part).group_by("SEGMENT").agg(RATE=pl.col("IS_CHURNED").mean())
    return rows.join(rates, on="SEGMENT", how="left").drop("SEGMENT")


@leaks("training", "test-label")
def selected_by_correlation_in_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    strength = {c: abs(rows.select(pl.corr(c, "IS_CHURNED")).item()) for c in ("SPEND", "N")}
    return rows.drop(min(strength, key=strength.__getitem__))


@leaks("training", "test-label")
def weighted_by_the_churn_rate_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(WEIGHT=pl.col("IS_CHURNED").mean() + pl.col("IS_CHURNED") * 0)


@leaks("training", "own-label")
def the_label_as_a_feature(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(X=pl.col("IS_CHURNED") * 3 + 1)


@leaks("training", "test-resampled")
def oversampled_before_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat([rows, rows.filter(pl.col("IS_CHURNED") == 0)])


@leaks("training", "label-endless")
def labels_without_end(orders, customers, w):
    rows = rows_of(orders, customers, w).drop("IS_CHURNED")
    return split_by_hash(rows.join(labelled(orders, w, w.outcome.start, date(2999, 1, 1)), on=K))


@leaks("training", "future")
def features_from_the_outcome_window(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    later = orders.filter(day <= w.outcome_end).group_by(K).agg(MAX=amount.max())
    return rows.join(later, on=K)


@leaks("training", "split-values")
def no_test_part(orders, customers, w):
    return rows_of(orders, customers, w).with_columns(SPLIT=pl.lit("train"))


@honest("training")
def split_by_hash_and_nothing_fitted(orders, customers, w):
    return split_by_hash(rows_of(orders, customers, w))


@honest("training")
def fitted_on_the_training_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    train = rows.filter(train_part)
    return rows.with_columns(
        SPEND=(pl.col("SPEND") - train["SPEND"].mean()) / train["SPEND"].std(),
        STD=pl.col("STD").fill_null(train["STD"].mean()),
        **{f"IS_{s}": pl.col("SEGMENT") == s for s in sorted(set(train["SEGMENT"]))},
    )


@honest("training")
def balanced_weights_of_the_training_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    rate = rows.filter(train_part)["IS_CHURNED"].mean()
    churned = pl.col("IS_CHURNED") == 1
    balanced = pl.when(churned).then(1 / (rate + 0.01)).otherwise(1 / (1.01 - rate))
    return rows.with_columns(WEIGHT=pl.when(train_part).then(balanced).otherwise(1.0))


@honest("training")
def oversampled_after_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat([rows, rows.filter(train_part, pl.col("IS_CHURNED") == 0)])


@honest("training")
def target_encoded_out_of_fold(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    train = rows.filter(train_part)
    sums = train.group_by("SEGMENT").agg(SUM=pl.col("IS_CHURNED").sum(), COUNT=pl.len())
    own = pl.when(train_part).then(pl.col("IS_CHURNED")).otherwise(0)
    one = pl.when(train_part).then(1).otherwise(0)
    rate = (pl.col("SUM") - own) / (pl.col("COUNT").cast(pl.Int64) - one).replace(0, None)
    joined = rows.join(sums, on="SEGMENT", how="left").with_columns(RATE=rate)
    return joined.drop("SUM", "COUNT", "SEGMENT")


@honest("training")
def snapshots_in_one_part(orders, customers, w):
    earlier = w.ending(w.as_of - 30 * DAY)
    rows = [rows_of(orders, customers, v).with_columns(AS_OF=pl.lit(v.as_of)) for v in (w, earlier)]
    return split_by_hash(pl.concat(rows))


@honest("training")
def seeded_split_of_the_known_customers(orders, customers, w):
    rows = rows_of(orders, customers, w)
    _, test = train_test_split(rows[K].to_list(), random_state=0)
    part = pl.when(pl.col(K).is_in(test)).then(pl.lit("TEST")).otherwise(pl.lit("TRAIN"))
    return rows.with_columns(SPLIT=part)


@honest("training")
def sklearns_target_encoder(orders, customers, w):
    """Cross-fitted on the training part; its folds are stratified by the label."""
    rows = split_by_hash(rows_of(orders, customers, w))
    train, test = rows.filter(train_part), rows.filter(~train_part)
    encoder = TargetEncoder(cv=StratifiedKFold(3, shuffle=True, random_state=0))
    inside = encoder.fit_transform(
        train.select("SEGMENT").to_numpy(), train["IS_CHURNED"].to_numpy()
    )
    outside = encoder.transform(test.select("SEGMENT").to_numpy())
    return pl.concat(
        [
            train.with_columns(RATE=pl.Series(inside[:, 0])),
            test.with_columns(RATE=pl.Series(outside[:, 0])),
        ]
    )


@honest("training")
def three_parts(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    valid = pl.Series([sha256(("v" + k).encode()).digest()[0] < 60 for k in rows[K]])
    return rows.with_columns(
        SPLIT=pl.when(train_part & valid).then(pl.lit("valid")).otherwise(pl.col("SPLIT"))
    )
