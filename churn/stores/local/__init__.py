"""The stores on a laptop: Parquet files, and MLflow on SQLite, all below one folder.

```
<home>/
├── features/<VIEW>/<version>/<as-of date>_from_<observation start>.parquet
├── training_sets/<hash>.parquet
├── scores/<MODEL>/<version>/<as-of date>.csv
├── mlflow.db             experiments and model registry: mlflow ui --backend-store-uri sqlite:///...
├── artifacts/<run>/      plots, SHAP values, model files
└── lock                  held while a run or a model is written
```
Parquet files carry their own record as metadata, so that a file and what is known of it appear in
one step. A run becomes visible when it is finished, and a version when its files are there, so a
process that is killed leaves nothing half written.
"""

from __future__ import annotations

from pathlib import Path

from churn.domain.problem import Problem
from churn.stores import Stores
from churn.stores.local.database import Database
from churn.stores.local.experiments import MlflowExperiments
from churn.stores.local.features import ParquetFeatures
from churn.stores.local.models import MlflowModels
from churn.stores.local.scores import CsvScores


def stores(home: Path, problem: Problem) -> Stores:
    """The stores below the folder `home`, which is made when first written to."""
    database = Database(home)
    return Stores(
        ParquetFeatures(home, problem.key),
        MlflowExperiments(database, problem.experiment),
        MlflowModels(database),
        CsvScores(home),
    )
