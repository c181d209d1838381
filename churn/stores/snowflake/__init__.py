"""The stores in Snowflake, through snowflake-ml: feature store, experiments, model registry.

```
<database>
├── PREP_DATA        the tables, <LABEL>_LABELS, <LABEL>_LABELS_HISTORY, <VIEW>_<VERSION>_HISTORY
├── FEATURE_STORE    the entity, feature views <VIEW>$<VERSION>, the dataset of training sets
├── EXPERIMENTS      the experiment with its runs
├── MODEL_REGISTRY   the model with its versions, MODEL_LINEAGE
└── ANALYTICS        MODEL_PREDICTIONS, <LABEL>_RISK_<ENTITIES>
```
A feature view reads a history table with one row an entity and observation window, so that its
definition holds no date, and a training set takes the features as they were on the date of its
labels.
"""

from __future__ import annotations

from snowflake.snowpark import Session

from churn.domain.problem import Problem
from churn.stores import Stores
from churn.stores.snowflake.experiments import SnowflakeExperiments
from churn.stores.snowflake.features import SnowflakeFeatures
from churn.stores.snowflake.models import SnowflakeModels
from churn.stores.snowflake.place import Place
from churn.stores.snowflake.scores import SnowflakeScores


def stores(session: Session, database: str, problem: Problem) -> Stores:
    place = Place(session, database)
    return Stores(
        SnowflakeFeatures(place, problem),
        SnowflakeExperiments(place, problem.experiment),
        SnowflakeModels(place, problem.key),
        SnowflakeScores(place, problem),
    )
