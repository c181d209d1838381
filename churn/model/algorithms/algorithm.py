"""What an algorithm has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Parameters = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """A classifier: how it is made, tried, and explained.

    Args:
        estimator: The class of what `make` returns.
        make: From parameters and a seed; not yet fitted, on one thread.
        numbers: The step that prepares numeric columns, one column for each; `passthrough` if none
            is needed.
        presets: Parameters of named runs, which every training compares.
        space: What the randomized search draws from; its best draw is the run `tuned`.
        importance: One weight for each column that the fitted estimator was given.
        explainer: From the fitted estimator and a background of encoded rows, an explainer of the
            shap library, in log-odds.
        trusted: The types beyond scikit-learn's own that a stored model holds; skops refuses all
            others.
        packages: What it needs beside scikit-learn where it predicts.
    """

    name: str
    estimator: type
    make: Callable[[Parameters, int], Any]
    numbers: Callable[[], Any]
    presets: Mapping[str, Parameters]
    space: Mapping[str, Any]
    tuned: str
    importance: Callable[[Any], npt.NDArray[np.float64]]
    importance_is: str
    explainer: Callable[[Any, npt.NDArray[np.float64]], Any]
    trusted: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
