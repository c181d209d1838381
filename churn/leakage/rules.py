"""What the audit looks for: each rule with what it means and how to fix what it finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    name: str
    means: str
    fix: str


RULES = {
    rule.name: rule
    for rule in (
        # The function itself
        Rule(
            "crash",
            "The function raises an error on data that keeps the contracts.",
            "Handle entities with one event, with none in a window, and events on any day.",
        ),
        Rule(
            "table",
            "The function does not return a table with the columns that its kind needs.",
            "Return a Polars frame (or a frame of an engine) with the key and one column each.",
        ),
        Rule(
            "one-row-per-entity",
            "An entity stands on more than one row, or a row names no entity.",
            "Group by the key, and join only tables that have each entity once.",
        ),
        Rule(
            "ignores-input",
            "Nothing in the result moves when the known past changes: it was remembered or fixed.",
            "Compute from the tables that are passed in, and keep nothing between calls.",
        ),
        Rule(
            "random",
            "Two calls with the same input give different results.",
            "Draw from a generator that is seeded inside the function, or do not draw at all.",
        ),
        Rule(
            "memory",
            "The result depends on earlier calls: something is kept between them.",
            "Remove the cache or the global that is written to; pass what is needed in.",
        ),
        Rule(
            "clock",
            "The result depends on when it is computed.",
            "Use windows.as_of in place of today or now.",
        ),
        Rule(
            "row-order",
            "The result depends on the order of the rows, which no table promises.",
            "Sort by a declared key before taking a first, a last, or a row number.",
        ),
        Rule(
            "column-order",
            "The result depends on the position of a column in its table.",
            "Take columns by name, never by position.",
        ),
        Rule(
            "id",
            "The result depends on the number in an id: numbering often follows time or outcome.",
            "Use ids to join and to group, never as a value.",
        ),
        # The future
        Rule(
            "future",
            "A value moves when only rows after the as-of date change.",
            "Filter to dates before windows.observation.end before anything is computed: also "
            "before means, ranks, quantiles and fill values.",
        ),
        Rule(
            "membership",
            "Who is in the result depends on rows after the as-of date.",
            "Choose the entities by their events in the observation window.",
        ),
        Rule(
            "late-attribute",
            "A value moves with an attribute or a status that was set after the as-of date.",
            "Take the value that was valid on the as-of date, and treat later dates as unknown.",
        ),
        Rule(
            "as-of-day",
            "What happens on the as-of date itself is not seen, though it is known.",
            "Keep dates before windows.observation.end: the as-of date is the last known day.",
        ),
        Rule(
            "observation-start",
            "A value begins on one fixed day, whatever the first day of the observation window.",
            "Use windows.observation_start in place of a date or a number of days.",
        ),
        Rule(
            "output-order",
            "The order of the rows or columns of the result depends on the future.",
            "Sort the result by the key, and name its columns in a fixed order.",
        ),
        # Labels
        Rule(
            "label-overlap",
            "The label moves with events that were known already, or that lie in the gap.",
            "Look at events in windows.outcome only.",
        ),
        Rule(
            "label-late",
            "The label does not see the first days of the outcome window.",
            "Start at windows.outcome.start.",
        ),
        Rule(
            "label-early-end",
            "The label does not see the last days of the outcome window.",
            "End after windows.outcome_end.",
        ),
        Rule(
            "label-hole",
            "The label does not see some days in the midst of the outcome window.",
            "Look at every day from windows.outcome.start to windows.outcome_end.",
        ),
        Rule(
            "label-endless",
            "The label moves with events after the outcome window.",
            "End before windows.outcome.end: an open end lets labels change with every new day.",
        ),
        Rule(
            "label-coverage",
            "The data ends before the outcome window does: what happens later is not in the label.",
            "Choose an earlier as-of date, or wait for the data.",
        ),
        Rule(
            "label-past",
            "The label does not depend on the outcome window at all: it is a feature in disguise.",
            "Decide by what happened in windows.outcome.",
        ),
        Rule(
            "label-values",
            "The label holds something other than 0 and 1.",
            "Give 1 to those of whom it is true, and 0 to the others.",
        ),
        # Splits and fitted steps
        Rule(
            "split-values",
            "SPLIT holds something other than train, valid and test, or lacks train or test.",
            "Give every row one of train, valid and test.",
        ),
        Rule(
            "split-entity",
            "An entity, or a snapshot of it, stands in more than one part.",
            "Split by entity, for instance by a hash of the key.",
        ),
        Rule(
            "split-near-duplicate",
            "Two spellings of one id stand in different parts.",
            "Bring ids into one form (trim, case, leading zeros) before splitting by them.",
        ),
        Rule(
            "split-label",
            "The part of an entity depends on the label.",
            "Split by a hash of the key; check that the label is as frequent in all parts.",
        ),
        Rule(
            "test-label",
            "Something moves with the labels of the test part: it was used to fit or to choose.",
            "Fit on the training part, choose by cross-validation on it, read the test part last.",
        ),
        Rule(
            "test-fit",
            "Rows of the training part move with features of the test part: a step was fitted on "
            "both.",
            "Fit encoders, scalers, imputers and selectors on the training part only.",
        ),
        Rule(
            "own-label",
            "A row's feature moves with the row's own label.",
            "Encode by the labels of other rows only, for instance out of fold.",
        ),
        Rule(
            "test-resampled",
            "Rows of the test part were repeated or left out.",
            "Resample the training part only, after splitting.",
        ),
    )
}


@dataclass(frozen=True)
class Finding:
    """A rule that is broken, where, and the smallest example that shows it.

    Args:
        column: Empty where the result as a whole is meant.
    """

    rule: str
    column: str
    example: str

    @property
    def fix(self) -> str:
        return RULES[self.rule].fix

    def __str__(self) -> str:
        where = f" {self.column}" if self.column else ""
        means = RULES[self.rule].means
        return f"{self.rule}{where}: {means}\n  Seen: {self.example}\n  Fix: {self.fix}"


@dataclass(frozen=True)
class Report:
    """What an audit says.

    Args:
        calls: How often it called the function.
        skipped: What could not be asked, since the function raised an error there.
        clocks: How each table that the function takes was dated.
    """

    kind: str
    findings: tuple[Finding, ...]
    calls: int
    seconds: float
    skipped: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(finding.rule for finding in self.findings)

    def __str__(self) -> str:
        cost = f"{self.calls} calls in {self.seconds:.1f} s"
        if self.skipped:
            cost += f"; not asked, for it raised an error: {', '.join(self.skipped)}"
        if self.clocks:
            cost += f"; tables: {', '.join(self.clocks)}"
        if self.ok:
            return f"No leak found in the {self.kind}: {cost}."
        findings = "\n".join(map(str, self.findings))
        return f"{len(self.findings)} findings in the {self.kind}: {cost}.\n{findings}"
