"""What a problem is: values and rules, from the standard library only."""
