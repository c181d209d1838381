"""The monitor as one page or one picture: needs no network, and no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from uuid import uuid4

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from churn.domain.errors import StoreError, UsageError
from churn.domain.rules import SCORE, Rule
from churn.monitoring.judge import Judgement, Status
from churn.monitoring.measure import Histogram
from churn.monitoring.series import Series
from churn.pipelines.monitor_files import Monitored

BLUE, ORANGE, GREY, RED = "#1f6fb4", "#d9822b", "#9aa5ad", "#c23030"
COLUMNS = 8
"""The columns that are drawn: those that moved most."""

PERFORMANCE = ("ROC_AUC", "LOG_LOSS", "F1", "CALIBRATION_GAP")

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .7rem; text-align: left; }
tr { border-bottom: 1px solid #d5dade; } img { max-width: 100%; height: auto; }
"""


def write(result: Monitored, path: Path) -> Path:
    """A page (.html) or a picture (.png), by the file's ending.

    Raises:
        UsageError: Another ending.
        StoreError: The place cannot be written to.
    """
    if path.suffix not in {".html", ".png"}:
        raise UsageError(
            f"{path} ends in {path.suffix or 'nothing'}", "Name a file that ends in .html or .png."
        )
    content = page(result).encode() if path.suffix == ".html" else picture(result)
    aside = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}", "Choose a place that you may write."
        ) from error
    return path


def page(result: Monitored) -> str:
    """HTML with its figures inside, each with a text that says what it shows."""
    sections = [
        *("<h2>Alarms</h2>", _alarms(result), "<h2>Findings</h2>", _listed(result.findings)),
        *_image("Performance", performance(result), _about_performance(result)),
        *_image("Drift", drift(result), _about_drift(result)),
        *_image("Baseline against the newest period", histograms(result), _about_bins(result)),
    ]
    if any(series.segment for series in result.measures.series):
        sections += _image("Segments", segments(result), _about_segments(result))
    sections += ["<h2>The newest period in figures</h2>", _figures(result)]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(_title(result))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(_title(result))}</h1>\n" + "\n".join(sections) + "\n</body>\n</html>\n"
    )


def picture(result: Monitored) -> bytes:
    """Performance and drift over time, as PNG."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    grid = figure.add_gridspec(3, 2)
    places = [grid[row, column] for row in (0, 1) for column in (0, 1)]
    _draw_performance(result, [figure.add_subplot(place) for place in places])
    _draw_drift(result, figure.add_subplot(grid[2, :]))
    figure.suptitle(_title(result))
    return _bytes(figure, "png")


def performance(result: Monitored) -> Figure:
    figure = Figure(figsize=(10, 6), layout="constrained")
    _draw_performance(result, list(figure.subplots(2, 2).ravel()))
    return figure


def drift(result: Monitored) -> Figure:
    figure = Figure(figsize=(10, 4), layout="constrained")
    _draw_drift(result, figure.subplots())
    return figure


def histograms(result: Monitored) -> Figure:
    """Shares in the bins of the columns that moved most."""
    chosen = [_histogram(result, name) for name in _moved(result)]
    rows = max(-(-len(chosen) // 2), 1)
    figure = Figure(figsize=(10, 2.6 * rows), layout="constrained")
    every = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, histogram in zip(every, chosen, strict=False):
        _draw_bins(result, histogram, axes)
    for axes in every[len(chosen) :]:
        axes.set_axis_off()
    return figure


def segments(result: Monitored) -> Figure:
    """ROC-AUC of each segment in the newest period that was judged, and its largest drift."""
    names = list(dict.fromkeys(s.segment for s in result.measures.series if s.segment))
    figure = Figure(figsize=(10, 1.2 + 0.3 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    ranked = {s.segment: s for s in _every(result, "", "ROC_AUC")}
    everybody = _last(ranked[None].value) if None in ranked else None
    for place, segment in enumerate(names):
        newest = None if everybody is None else _one(ranked[segment], everybody)
        if newest:
            value, low, high = newest
            left.plot([low, high], [place, place], color=BLUE)
            left.plot(value, place, "o", color=BLUE)
        moved = [_recent(s.value) for s in result.measures.series if _is_index(s, segment)]
        right.barh(place, max((m for m in moved if m is not None), default=0.0), color=ORANGE)
    if everybody is not None:
        left.axvline(ranked[None].value[everybody], color=GREY, linestyle="--", label="everybody")
        left.legend(fontsize=8)
    left.set_yticks(range(len(names)), [str(segment) for segment in names], fontsize=8)
    left.set_xlabel("ROC-AUC, 95 % interval")
    right.set_xlabel("largest PSI of a feature")
    return figure


def _draw_performance(result: Monitored, every: Sequence[Axes]) -> None:
    for axes, metric in zip(every, PERFORMANCE, strict=True):
        _frame(result, axes, metric)
        for series in _every(result, "", metric):
            if series.segment is None:
                _draw_series(result, axes, series)
        for judgement in result.judgements:
            if judgement.segment is None and _concerns(judgement, metric):
                _shade(axes, judgement)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)


def _draw_series(result: Monitored, axes: Axes, series: Series) -> None:
    x = np.arange(len(result.periods))
    if np.isfinite(series.low).any():
        axes.fill_between(x, series.low, series.high, color=BLUE, alpha=0.2, label="95 % interval")
    axes.plot(x, series.value, "o-", color=BLUE, markersize=3, label="period")
    if np.isfinite(series.baseline):
        axes.axhline(series.baseline, color=GREY, label="reference")
    if np.isfinite(series.no_skill).any():
        axes.plot(x, series.no_skill, ":", color=GREY, label="no skill")
    for rule in dict.fromkeys(judgement.rule for judgement in result.judgements):
        limit = _limit(rule, series)
        if limit is not None:
            axes.axhline(limit, color=RED, linestyle="--", linewidth=1, label=f"limit: {rule.name}")


def _limit(rule: Rule, series: Series) -> float | None:
    """Where a rule's limit lies on the metric's own scale, if it stands still."""
    if rule.metric != series.metric or rule.breach is None or rule.relative_to == "no_skill":
        return None
    if rule.relative_to == "nothing":
        return rule.breach
    limit = series.baseline + (rule.breach if rule.side == "above" else -rule.breach)
    return limit if np.isfinite(limit) else None


def _draw_drift(result: Monitored, axes: Axes) -> None:
    _frame(result, axes, "PSI of the columns that moved most")
    x = np.arange(len(result.periods))
    for name in _moved(result):
        (series,) = [s for s in _every(result, name, "PSI") if s.segment is None]
        axes.plot(x, series.value, "o-", markersize=3, linewidth=1, label=_called(result, name))
    rules = {judgement.rule for judgement in result.judgements}
    for limit in sorted({r.breach for r in rules if r.metric == "PSI" and r.breach is not None}):
        axes.axhline(limit, color=RED, linestyle="--", linewidth=1, label=f"limit {limit:g}")
    for judgement in result.judgements:
        if judgement.segment is None and judgement.rule.kind in {"drift", "data"}:
            _shade(axes, judgement)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(bottom=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, ncols=2)


def _draw_bins(result: Monitored, histogram: Histogram, axes: Axes) -> None:
    newest = _newest(histogram)
    x = np.arange(len(histogram.labels))
    before = histogram.baseline / max(histogram.baseline.sum(), 1)
    axes.bar(x - 0.2, before, 0.4, color=GREY, label="baseline")
    if newest is not None:
        after = histogram.current[newest] / histogram.current[newest].sum()
        axes.bar(x + 0.2, after, 0.4, color=BLUE, label=str(result.periods[newest]))
    axes.set_xticks(x, histogram.labels, rotation=60, ha="right", fontsize=6)
    axes.set_title(_called(result, histogram.column), fontsize=9)
    axes.legend(fontsize=7)


def _shade(axes: Axes, judgement: Judgement) -> None:
    """The periods in which a rule was in breach."""
    for period, status in enumerate(judgement.statuses):
        if status >= Status.BREACH:
            axes.axvspan(period - 0.5, period + 0.5, color=RED, alpha=0.06, linewidth=0)


def _frame(result: Monitored, axes: Axes, title: str) -> None:
    step = max(len(result.periods) // 6, 1)
    shown = range(0, len(result.periods), step)
    axes.set_xticks(shown, [str(result.periods[i]) for i in shown], fontsize=7)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(b=False)


def _moved(result: Monitored) -> list[str]:
    """Columns with an alarm first, then by their largest index."""
    alarmed = {j.column for j in result.judgements if j.segment is None and _is_bad(j)}
    largest = {
        s.column: (s.column in alarmed, float(np.nanmax(s.value, initial=0.0)))
        for s in result.measures.series
        if s.metric == "PSI" and s.segment is None
    }
    return sorted(largest, key=lambda name: largest[name], reverse=True)[:COLUMNS]


def _is_bad(judgement: Judgement) -> bool:
    return any(status >= Status.BREACH for status in judgement.statuses)


def _every(result: Monitored, column: str, metric: str) -> list[Series]:
    return [
        s
        for s in result.measures.series
        if (s.column, s.metric) == (column, metric) and s.kind != "estimate"
    ]


def _is_index(series: Series, segment: object) -> bool:
    return series.metric == "PSI" and series.segment == segment and series.is_feature


def _concerns(judgement: Judgement, metric: str) -> bool:
    same = {"CALIBRATION_SHIFT": "CALIBRATION_GAP", "LOG_LOSS_AGAINST_NO_SKILL": "LOG_LOSS"}
    return same.get(judgement.rule.metric, judgement.rule.metric) == metric


def _histogram(result: Monitored, column: str) -> Histogram:
    return next(h for h in result.measures.histograms if h.column == column)


def _newest(histogram: Histogram) -> int | None:
    filled = np.flatnonzero(histogram.current.sum(axis=1))
    return int(filled[-1]) if len(filled) else None


def _last(values: np.ndarray) -> int | None:
    known = np.flatnonzero(np.isfinite(values))
    return int(known[-1]) if len(known) else None


def _recent(values: np.ndarray) -> float | None:
    place = _last(values)
    return None if place is None else float(values[place])


def _one(series: Series, place: int) -> tuple[float, float, float] | None:
    if not np.isfinite(series.value[place]):
        return None
    value = float(series.value[place])
    low, high = (float(x[place]) for x in (series.low, series.high))
    return value, low if np.isfinite(low) else value, high if np.isfinite(high) else value


def _called(result: Monitored, column: str) -> str:
    return result.score if column == SCORE else column


def _title(result: Monitored) -> str:
    if not result.periods:
        return "Monitor: no periods"
    count, opened = len(result.periods), len(result.open)
    return (
        f"Monitor: {count} periods from {result.periods[0]} to {result.periods[-1]}, "
        f"{opened} open alarms"
    )


def _image(title: str, figure: Figure, about: str) -> list[str]:
    data = base64.b64encode(_bytes(figure, "svg")).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return [f"<h2>{escape(title)}</h2>", f'<img alt="{escape(about)}" src="{source}">']


def _bytes(figure: Figure, kind: str) -> bytes:
    # No date and no random names: equal runs give equal files.
    with mpl.rc_context({"svg.hashsalt": "monitor", "svg.fonttype": "none"}):
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=110, metadata=metadata)
    return buffer.getvalue()


def _alarms(result: Monitored) -> str:
    rows = [
        (
            *(a.kind, a.rule, a.column or "", a.segment or "everybody", a.opened),
            *(a.closed or "open", f"{a.value:.4g}", f"{a.limit:.4g}"),
        )
        for a in result.alarms
    ]
    names = ("kind", "rule", "column", "segment", "opened", "closed", "value", "limit")
    return _table(names, rows) if rows else "<p>None.</p>"


def _figures(result: Monitored) -> str:
    """Every figure of everybody in the newest period, with interval and rows."""
    if not result.periods:
        return "<p>None.</p>"
    newest = result.periods[-1]
    shown = result.metrics.filter(
        pl.col("SEGMENT_COLUMN").is_null(),
        pl.col("VALUE").is_not_null(),
        pl.col("PERIOD_START") == pl.lit(newest),
    )
    names = ("KIND", "COLUMN_NAME", "METRIC", "VALUE", "LOW", "HIGH", "N", "BASELINE_N")
    return _table(names, [[_cell(v) for v in row] for row in shown.select(names).iter_rows()])


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _listed(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _about_performance(result: Monitored) -> str:
    parts = []
    for metric in PERFORMANCE:
        for series in _every(result, "", metric):
            place = _last(series.value)
            if series.segment is None and place is not None:
                value, low, high = _one(series, place) or (0.0, 0.0, 0.0)
                parts.append(f"{metric} {value:.3f} ({low:.3f} to {high:.3f})")
    newest = "; ".join(parts) or "nothing is judged yet"
    return f"Performance by period with 95 % intervals, reference and limits. Newest: {newest}."


def _about_drift(result: Monitored) -> str:
    parts = []
    for name in _moved(result):
        series = next(s for s in _every(result, name, "PSI") if s.segment is None)
        value = _recent(series.value)
        if value is not None:
            parts.append(f"{_called(result, name)} {value:.3f}")
    return f"PSI by period, with its limits. Newest: {', '.join(parts) or 'none'}."


def _about_bins(result: Monitored) -> str:
    names = ", ".join(_called(result, name) for name in _moved(result))
    return f"Shares in the bins of the baseline and of the newest period: {names}."


def _about_segments(result: Monitored) -> str:
    names = dict.fromkeys(str(s.segment) for s in result.measures.series if s.segment)
    return f"ROC-AUC and largest PSI of a feature in each segment: {', '.join(names)}."
