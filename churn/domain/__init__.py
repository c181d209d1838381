"""What churn means: values and rules, from the standard library only."""
