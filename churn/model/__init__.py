"""Numbers in, numbers out: split, train, evaluate, explain, draw."""
