"""Examples of churn/emulator/statements/runs.py."""

from __future__ import annotations

from tests.emulator.examples.steps import RUN, E, Examples

EXAMPLES: Examples = {
    "add_run": [E, RUN, ("ALTER EXPERIMENT e ADD RUN r", 2002), ("ALTER EXPERIMENT nope ADD RUN r", 2003)],
    "commit_run": [E, RUN, ("ALTER EXPERIMENT e COMMIT RUN r WITH STATUS = 'FAILED'", None),
                   ("ALTER EXPERIMENT e COMMIT RUN r", 399202)],
    "drop_run": [E, RUN, ("ALTER EXPERIMENT e DROP RUN r", None), ("ALTER EXPERIMENT e DROP RUN r", 2003)],
    "modify_run": [E, RUN, ('ALTER EXPERIMENT e MODIFY RUN r ADD METRICS = $$[{"name": "a", "value": 0.5, "step": 0}, '
                            '{"name": "a", "value": 0.25, "step": 1}]$$', None),
                   ("SELECT STEP, VALUE FROM TABLE(SYSTEM$GET_EXPERIMENT_RUN_METRICS('e', 'r')) ORDER BY STEP",
                    [(0, 0.5), (1, 0.25)]),
                   ("ALTER EXPERIMENT e COMMIT RUN r", None),
                   ("ALTER EXPERIMENT e MODIFY RUN r ADD PARAMETERS = $$[]$$", 399202)],
    "show_runs": [E, RUN, ("SHOW RUNS LIKE 'R' IN EXPERIMENT e ->> SELECT \"name\", \"status\" FROM $1", [("R", "RUNNING")])],
    "show_run_facts": [E, RUN, ('ALTER EXPERIMENT e MODIFY RUN r ADD PARAMETERS = $$[{"name": "p", "value": "1"}]$$', None),
                       ('SHOW RUN PARAMETERS IN EXPERIMENT e RUN r ->> SELECT "name", "value" FROM $1', [("p", "1")]),
                       ("SHOW RUN METRICS IN EXPERIMENT e", [])],
    "resolve_id": [E, RUN, ("CALL SYSTEM$RESOLVE_EXPERIMENT_ID('e')", None),
                   ("CALL SYSTEM$RESOLVE_EXPERIMENT_RUN_ID('e', 'r')", None),
                   ("CALL SYSTEM$RESOLVE_EXPERIMENT_RUN_ID('e', 'none')", 2003)],
}  # fmt: skip

FUNCTIONS: Examples = {
    "SYSTEM$GET_EXPERIMENT_RUN_METRICS": [
        E, RUN, ('ALTER EXPERIMENT e MODIFY RUN r ADD METRICS = $$[{"name": "a", "value": 0.5, "step": 3}]$$', None),
        ("SELECT METRIC_NAME, STEP, VALUE FROM TABLE(SYSTEM$GET_EXPERIMENT_RUN_METRICS('e', 'r'))", [("a", 3, 0.5)]),
        ("SELECT * FROM TABLE(SYSTEM$GET_EXPERIMENT_RUN_METRICS('e', 'none'))", 2003)],
}  # fmt: skip
