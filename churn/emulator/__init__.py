"""A local Snowflake: fakesnow's translation to DuckDB, and what its clients need besides.

The unmodified connector, Snowpark and snowflake-ml speak HTTP to it. It knows nothing of churn.
"""
