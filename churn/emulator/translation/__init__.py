"""Rewrites of trees: what Snowflake means, in SQL that means the same in DuckDB."""
