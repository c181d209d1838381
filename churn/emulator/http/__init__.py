"""The protocol that Snowflake's clients speak."""
