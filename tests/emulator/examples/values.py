"""Examples of the functions of churn/emulator/translation/moments.py and casts.py."""

from __future__ import annotations

import datetime as dt

from tests.emulator.examples.steps import Examples

FUNCTIONS: Examples = {
    "TO_CHAR": [("SELECT TO_CHAR('2024-04-05'::DATE, 'MON YYYY'), TO_CHAR(-7, 'FM99MI')", [("Apr 2024", "7-")])],
    "TO_VARCHAR": [("SELECT TO_VARCHAR('2024-04-05 01:02:03'::TIMESTAMP_NTZ)", [("2024-04-05 01:02:03.000",)]),
                   ("SELECT TO_VARCHAR(MAX(column1), 'YYYY') FROM VALUES ('2024-04-05'::DATE)", [("2024",)])],
    "TO_DATE": [("SELECT TO_DATE('10-AUG-2025'), TO_DATE('05/10/2024', 'MM/DD/YYYY')",
                 [(dt.date(2025, 8, 10), dt.date(2024, 5, 10))]),
                ("SELECT TO_DATE('nope')", 100040), ("SELECT TO_DATE('nope', 'YYYY')", 100096)],
    "DATE": [("SELECT DATE('2024-05-10')", [(dt.date(2024, 5, 10),)])],
    "TRY_TO_DATE": [("SELECT TRY_TO_DATE('nope')", [(None,)])],
    "TO_TIME": [("SELECT TO_TIME('04:01 PM'), TO_TIME('11.15.00', 'HH24.MI.SS')", [(dt.time(16, 1), dt.time(11, 15))]),
                ("SELECT TO_TIME('nope')", 100108)],
    "TIME": [("SELECT TIME('13:30:00')", [(dt.time(13, 30),)])],
    "TRY_TO_TIME": [("SELECT TRY_TO_TIME('nope')", [(None,)])],
    "TO_TIMESTAMP": [("SELECT TO_TIMESTAMP('31536000000'), TO_TIMESTAMP(1000, 3)",
                      [(dt.datetime(1971, 1, 1), dt.datetime(1970, 1, 1, 0, 0, 1))]),
                     ("SELECT TO_TIMESTAMP('nope')", 100035)],
    "TRY_TO_TIMESTAMP": [("SELECT TRY_TO_TIMESTAMP('nope')", [(None,)])],
    "TO_TIMESTAMP_NTZ": [("SELECT TO_TIMESTAMP_NTZ('2024-01-02 16:00:00 +02:00')", [(dt.datetime(2024, 1, 2, 16),)])],
    "TRY_TO_TIMESTAMP_NTZ": [("SELECT TRY_TO_TIMESTAMP_NTZ('nope')", [(None,)])],
    "TO_TIMESTAMP_LTZ": [("SELECT TO_TIMESTAMP_LTZ('2024-01-02 16:00:00 +02:00')::VARCHAR",
                          [("2024-01-02 14:00:00.000 +0000",)])],
    "TRY_TO_TIMESTAMP_LTZ": [("SELECT TRY_TO_TIMESTAMP_LTZ('nope')", [(None,)])],
    "TO_BINARY": [("SELECT TO_VARCHAR(TO_BINARY('48656c', 'HEX'), 'UTF-8')", [("Hel",)]),
                  ("SELECT TO_BINARY('HELP')", 100115)],
    "TRY_TO_BINARY": [("SELECT TRY_TO_BINARY('HELP', 'HEX')", [(None,)])],
}  # fmt: skip
