"""What performance would be if the scores were right: an estimate before outcomes are known.

Confidence-based, as NannyML calls it. It takes calibrated probabilities for the truth, so it
cannot see that the world has changed what they mean (concept drift); it must never decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from churn.monitoring.columns import Bools, Floats
from churn.monitoring.performance import ACCURACY, CLIP, F1, LOG_LOSS, PRECISION, RECALL, ROC_AUC
from churn.monitoring.ranking import weighted_auc

METRICS = (ROC_AUC, LOG_LOSS, ACCURACY, PRECISION, RECALL, F1)


def estimate(score: Floats, decision: Bools) -> Mapping[str, float | None]:
    """Expected metrics of rows with these probabilities and decisions; all None otherwise."""
    n = len(score)
    if n == 0 or score.min() < 0 or score.max() > 1:
        return dict.fromkeys(METRICS)
    told, expected = float(decision.sum()), float(score.sum())
    hits = float(score[decision].sum())
    right = hits + float((1 - score[~decision]).sum())
    p = np.clip(score, CLIP, 1 - CLIP)
    return {
        ROC_AUC: weighted_auc(score, score, 1 - score),
        LOG_LOSS: float(-np.mean(score * np.log(p) + (1 - score) * np.log(1 - p))),
        ACCURACY: right / n,
        PRECISION: hits / told if told else None,
        RECALL: hits / expected if expected else None,
        F1: 2 * hits / (told + expected) if told + expected else None,
    }
