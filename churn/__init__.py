"""Customer churn on Snowflake, test-driven, with local emulation."""

__version__ = "0.1.0"
