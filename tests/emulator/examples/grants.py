"""Examples of churn/emulator/statements/grants.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "grant": [("CREATE ROLE {db}_R", None), ("GRANT USAGE ON DATABASE {db} TO ROLE {db}_R", None),
              ('SHOW GRANTS TO ROLE {db}_R ->> SELECT "privilege" FROM $1', [("USAGE",)]),
              ("GRANT SELECT ON TABLE nope TO ROLE {db}_R", 2003),
              ("GRANT USAGE ON DATABASE {db} TO ROLE nobody", 2003), ("DROP ROLE {db}_R", None)],
    "revoke": [("CREATE ROLE {db}_R", None), ("GRANT USAGE ON DATABASE {db} TO ROLE {db}_R", None),
               ("REVOKE USAGE ON DATABASE {db} FROM ROLE {db}_R", None),
               ('SHOW GRANTS TO ROLE {db}_R ->> SELECT "privilege" FROM $1', []), ("DROP ROLE {db}_R", None)],
    "show_grants": [("CREATE ROLE {db}_R", None), ("GRANT USAGE ON DATABASE {db} TO ROLE {db}_R", None),
                    ('SHOW GRANTS ON DATABASE {db} ->> SELECT "grantee_name" FROM $1', [("{db}_R",)]),
                    ("DROP ROLE {db}_R", None)],
}  # fmt: skip
