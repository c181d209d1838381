"""The one list of what this Snowflake understands.

Rewrites run in this order, from top to bottom. Few need it:
`columns` names the columns before anybody changes their texts, and makes `$1` a column before
`reading` looks for $1:name; `inference` comes last, since it runs what the others made.
"""

from __future__ import annotations

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Dialect
from churn.emulator.statements import (
    account_objects,
    alter_tables,
    changes,
    context,
    context_functions,
    databases,
    datasets,
    ddl,
    dynamic_tables,
    entity_detail,
    experiments,
    formats,
    functions,
    grants,
    inference,
    information,
    lineage,
    loading,
    model_versions,
    models,
    online_tables,
    queries,
    reading,
    runs,
    sequences,
    show_tables,
    stages,
    tables,
    tags,
    tasks,
    unloading,
    views,
)
from churn.emulator.translation import calls, columns, expressions, tables as named_tables

SNOWFLAKE: Dialect[Account, Session] = Dialect.of(
    named_tables.SUBSYSTEM,
    columns.SUBSYSTEM,
    expressions.SUBSYSTEM,
    calls.SUBSYSTEM,
    context.SUBSYSTEM,
    context_functions.SUBSYSTEM,
    databases.SUBSYSTEM,
    sequences.SUBSYSTEM,
    tables.SUBSYSTEM,
    alter_tables.SUBSYSTEM,
    show_tables.SUBSYSTEM,
    views.SUBSYSTEM,
    ddl.SUBSYSTEM,
    information.SUBSYSTEM,
    queries.SUBSYSTEM,
    changes.SUBSYSTEM,
    account_objects.SUBSYSTEM,
    grants.SUBSYSTEM,
    stages.SUBSYSTEM,
    formats.SUBSYSTEM,
    reading.SUBSYSTEM,
    loading.SUBSYSTEM,
    unloading.SUBSYSTEM,
    functions.SUBSYSTEM,
    tags.SUBSYSTEM,
    models.SUBSYSTEM,
    model_versions.SUBSYSTEM,
    inference.SUBSYSTEM,
    lineage.SUBSYSTEM,
    experiments.SUBSYSTEM,
    runs.SUBSYSTEM,
    dynamic_tables.SUBSYSTEM,
    tasks.SUBSYSTEM,
    online_tables.SUBSYSTEM,
    datasets.SUBSYSTEM,
    entity_detail.SUBSYSTEM,
)
