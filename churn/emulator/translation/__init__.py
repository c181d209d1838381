"""Rewrites of trees: what Snowflake means, said in the dialect that DuckDB is spoken to."""
