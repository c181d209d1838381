"""How rows that were scored differ from a baseline, and when that is worth an alarm.

Numbers in, numbers out: arrays of NumPy and frozen records, no table and no file. What is not
defined is None in a record and NaN in an array, never 0.
"""
