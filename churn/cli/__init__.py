"""The command line: parse, call one pipeline, print.

Exit codes: 0 done, 1 a gate failed or the data is bad, 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from typer.core import TyperGroup

from churn import __version__, bootstrap
from churn.domain.errors import ChurnError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn.stores import ModelVersion, Run


CHOSEN: ContextVar[dict[str, str | None]] = ContextVar("chosen")


def _remember(name: str) -> Any:
    """Keep the option for `_settings`: commands need not pass it on."""

    def callback(value: str | None) -> str | None:
        CHOSEN.set(CHOSEN.get({}) | {name: value})
        return value

    return callback


class Group(TyperGroup):
    """Errors that a user can act on are printed, not thrown."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ChurnError as error:
            typer.secho(f"Error: {error}", err=True, fg="red")
            raise typer.Exit(error.exit_code) from error


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        help=text,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )


app = _group(
    "Customer churn: features written once, a model trained on them, a list of customers at risk."
)
data = _group("Make sample data, and check data against its contracts.")
runs = _group("Look at the runs of the experiment.")
models = _group("Look at the registered models, and choose among them.")
leakage = _group("Ask whether a function knows what it could not have known.")
sql = _group("Print and run the SQL scripts: setup, load, inference, cleanup.")
emulator = _group("Run a local Snowflake, and see what it does.")
for name, group in (
    ("data", data),
    ("runs", runs),
    ("models", models),
    ("leakage", leakage),
    ("sql", sql),
    ("emulator", emulator),
):
    app.add_typer(group, name=name)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date written as 2024-06-30") from None


Data = Annotated[
    Optional[Path],
    typer.Option("--data", help="Folder with customers and orders, as .csv or .parquet. [data]"),
]
AsOf = Annotated[
    Optional[date],
    typer.Option(
        "--as-of",
        parser=_date,
        metavar="DATE",
        help="Last day that is known; ends the observation window. [2024-06-30]",
    ),
]
ObservationStart = Annotated[
    Optional[date],
    typer.Option(
        "--observation-start",
        parser=_date,
        metavar="DATE",
        help="First day of the observation window. [half a year before]",
    ),
]
OutcomeEnd = Annotated[
    Optional[date],
    typer.Option(
        "--outcome-end",
        parser=_date,
        metavar="DATE",
        help="Last day of the outcome window. [half a year after]",
    ),
]
Target = Annotated[
    Optional[str],
    typer.Option(
        "--target",
        callback=_remember("target"),
        help="Who computes and who remembers: local or snowflake. [local]",
    ),
]
Connection = Annotated[
    Optional[str],
    typer.Option(
        "--connection",
        callback=_remember("connection"),
        help="To Snowflake: a name in connections.toml, or emulator: one in this process.",
    ),
]
Script = Annotated[str, typer.Argument(help="setup, load, inference or cleanup.")]
Out = Annotated[
    Optional[Path],
    typer.Option(help="File to write: .csv or .parquet. In Snowflake, without it: a table."),
]
Seed = Annotated[Optional[int], typer.Option("--seed", min=0, help="Of all randomness. [42]")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
View = Annotated[str, typer.Option("--view", help="Feature view.")]
Version = Annotated[str, typer.Option("--version", help="Version of the feature view.")]
ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="NAME, NAME@ALIAS or NAME/V1; V1 or @ALIAS alone also do."
    ),
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"churn {__version__}")
        raise typer.Exit


@data.command("generate")
def data_generate(
    out: Annotated[Path, typer.Option(help="Folder to write customers.csv and orders.csv to.")],
    customers: Annotated[int, typer.Option(min=1, help="How many customers.")] = 3000,
    seed: Seed = None,
) -> None:
    """Write customers and orders of our own making: seeded, with honest signal."""
    from churn.engines.polars import PolarsEngine
    from churn.pipelines.generate import generate

    settings = bootstrap.settings({"seed": seed})
    written = generate(PolarsEngine(out), customers=customers, seed=settings.seed)
    for table, rows in written.items():
        typer.echo(f"{table}: {rows:,} rows in {out}")


@data.command("check")
def data_check(
    data: Data = None,
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Report every way in which the data breaks its contracts; exit code 1 if there is one."""
    from churn import printing
    from churn.pipelines.check import check

    settings = _settings(data, as_of, observation_start, outcome_end)
    found = check(bootstrap.engine(settings), settings.windows)
    if json:
        _print_json({"ok": not found, "problems": found})
    else:
        printing.problems(found)
        errors = sum(p.severity == "error" for p in found)
        printing.say(
            f"{settings.data}: {errors} errors, {len(found) - errors} warnings"
            if found
            else f"{settings.data} keeps its contracts"
        )
    if found:
        raise typer.Exit(1)


@data.command("load")
def data_load(data: Data = None, target: Target = None, connection: Connection = None) -> None:
    """Copy customers and orders from the folder into Snowflake, in place of what is there."""
    from churn import printing
    from churn.domain.errors import UsageError

    settings = _settings(data)
    if not settings.remote:
        raise UsageError(
            "the local target reads the files where they are",
            "Say where to load them: --connection NAME.",
        )
    for table, rows in bootstrap.load(settings).items():
        printing.say(f"{rows:,} rows in {table}")


@app.command("labels")
def labels(
    out: Out = None,
    data: Data = None,
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Write CUSTOMER_ID and IS_CHURNED for each customer active in the observation window."""
    from churn import printing
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    settings = _settings(data, as_of, observation_start, outcome_end)
    engine = bootstrap.engine(settings)
    printing.warn(require(engine, settings.windows, outcome=True))
    found = prepare.labels(engine, settings.windows)
    where = out or prepare.LABELS_TABLE
    printing.say(f"{engine.write(found, where):,} labels in {_place(engine, where)}")


@app.command("features")
def features(
    out: Out = None,
    data: Data = None,
    view: View = "CUSTOMER_FEATURES",
    version: Version = "v2",
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Write the features of each customer active in the observation window, as of its last day."""
    from churn import printing
    from churn.domain.features import feature_view
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    settings = _settings(data, as_of, observation_start, outcome_end)
    chosen = feature_view(view, version)
    engine = bootstrap.engine(settings)
    printing.warn(require(engine, settings.windows, outcome=False))
    found = prepare.features(engine, chosen, settings.windows)
    where = out or prepare.features_table(chosen)
    rows = engine.write(found, where)
    printing.say(f"{rows:,} rows of {chosen} in {_place(engine, where)}")


@app.command("explore")
def explore(
    data: Data = None,
    view: View = "CUSTOMER_FEATURES",
    version: Version = "v2",
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Show churn rates, orders by month, and how the features are distributed."""
    from churn import printing
    from churn.domain.features import feature_view
    from churn.pipelines.explore import explore

    settings = _settings(data, as_of, observation_start, outcome_end)
    found = explore(bootstrap.engine(settings), feature_view(view, version), settings.windows)
    _print_json(found) if json else printing.exploration(found)


@app.command("train")
def train(
    data: Data = None,
    view: View = "CUSTOMER_FEATURES",
    version: Version = "v2",
    search: Annotated[int, typer.Option(min=0, help="Draws of the randomized search.")] = 20,
    seed: Seed = None,
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Refuse features and labels that leak.")
    ] = True,
    compute_pool: Annotated[
        Optional[str],
        typer.Option(help="Run it as an ML Job on this compute pool. Never verified."),
    ] = None,
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Train, choose by cross-validation, test once, register, and list the customers at risk."""
    from churn import printing
    from churn.domain.features import feature_view

    settings = _settings(data, as_of, observation_start, outcome_end, seed=seed)
    chosen = feature_view(view, version)
    if compute_pool:
        from churn import jobs
        from churn.connecting import connect

        given = {"view": view, "version": version, "search": search, "seed": settings.seed}
        dates = {"as-of": as_of, "observation-start": observation_start, "outcome-end": outcome_end}
        words = [
            f"--{name}={value}" for name, value in (given | dates).items() if value is not None
        ]
        jobs.train(
            connect(settings),
            pool=compute_pool,
            database=settings.database,
            arguments=[*words, *([] if audit else ["--no-audit"]), *(["--json"] if json else [])],
            say=printing.say,
        )
        return
    engine = bootstrap.engine(settings)
    stores = bootstrap.stores(settings)
    with printing.progress() as progress:
        progress("start", 0, 1)
        from churn.pipelines.train import run, summary

        progress("start", 1, 1)
        done = run(
            engine,
            stores,
            chosen,
            settings.windows,
            draws=search,
            seed=settings.seed,
            code_version=bootstrap.code_version(),
            progress=progress,
            audit=audit,
        )
    if json:
        printing.warn(done.findings)
        _print_json(summary(done, done.risk_list.location))
    else:
        printing.training(done)


@app.command("score")
def score(
    data: Data = None,
    as_of: AsOf = None,
    model: Annotated[
        str, typer.Option(help="NAME[@ALIAS|/VERSION]; the default version otherwise.")
    ] = "CUSTOMER_CHURN_PREDICTOR",
    out: Annotated[
        Optional[Path], typer.Option(help="File to write as well: .csv or .parquet.")
    ] = None,
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Write the list of customers at risk as of a date: the likeliest first, with reasons."""
    from churn import printing
    from churn.engines import files
    from churn.pipelines.score import score
    from churn.stores import Reference

    settings = _settings(data, as_of)
    reference = Reference.parse(model)
    engine = bootstrap.engine(settings)
    scored = score(engine, bootstrap.stores(settings), reference, settings.as_of)
    if out:
        files.write(scored.rows, out)
    location = str(out) if out else scored.location
    if json:
        printing.warn(scored.findings)
        _print_json(
            {
                "model": scored.version.name,
                "model_version": scored.version.version,
                "as_of": scored.as_of,
                "customers": scored.rows.height,
                "at_risk": int(scored.rows["IS_AT_RISK"].sum()),
                "counts": scored.counts,
                "findings": scored.findings,
                "risk_list": location,
            }
        )
    else:
        printing.risk_list(scored, location)


@runs.command("list")
def runs_list(json: Json = False, target: Target = None, connection: Connection = None) -> None:
    """All finished runs, the newest first."""
    from churn import printing

    found = _stores().experiments.runs()
    _print_json({"runs": found}) if json else printing.runs(found)


@runs.command("show")
def runs_show(
    run: Annotated[str, typer.Argument(help="Id of the run, or its beginning, or its name.")],
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """One run: parameters, metrics, findings and where its artifacts are."""
    from churn import printing

    found = _run(_stores().experiments.runs(), run)
    _print_json(found) if json else printing.run(found)


@runs.command("compare")
def runs_compare(
    run: Annotated[
        Optional[list[str]], typer.Argument(help="Runs to compare; those of the last training.")
    ] = None,
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Runs side by side."""
    from churn import printing

    found = _stores().experiments.runs()
    if not found:
        raise StoreError("there are no runs yet", "Train first: churn train --data DIR")
    last = [r for r in found if r.training == found[0].training]
    chosen = [_run(found, name) for name in run] if run else last
    _print_json({"runs": chosen}) if json else printing.comparison(chosen)


@models.command("list")
def models_list(
    name: Annotated[str, typer.Option(help="The model.")] = "CUSTOMER_CHURN_PREDICTOR",
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """All versions, the oldest first."""
    from churn import printing

    found = _stores().models.versions(name.upper())
    _print_json({"models": found}) if json else printing.models(found)


@models.command("show")
def models_show(
    model: ModelArgument, json: Json = False, target: Target = None, connection: Connection = None
) -> None:
    """One version: metrics, aliases, comment."""
    from churn import printing

    found = _model(model)
    _print_json(found) if json else printing.model(found)


@models.command("lineage")
def models_lineage(
    model: ModelArgument, json: Json = False, target: Target = None, connection: Connection = None
) -> None:
    """Where a version comes from: run, feature view, training set, data, threshold, code."""
    from churn import printing

    found = _model(model)
    if json:
        lineage = found.lineage.as_dict()
        _print_json({"model": found.name, "model_version": found.version, **lineage})
    else:
        printing.lineage(found)


@models.command("set-default")
def models_set_default(
    model: ModelArgument, json: Json = False, target: Target = None, connection: Connection = None
) -> None:
    """Make a version the one that is meant when none is named."""
    from churn.stores import Reference

    _print_version(_stores().models.set_default(Reference.parse(model)), json=json)


@models.command("set-alias")
def models_set_alias(
    model: ModelArgument,
    alias: Annotated[str, typer.Argument(help="For instance PRODUCTION.")],
    json: Json = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Give a version an alias, taking it from the version that had it; in either order."""
    from churn.stores import VERSION, Reference

    if VERSION.fullmatch(alias) and not VERSION.fullmatch(model):
        model, alias = alias, model
    _print_version(_stores().models.set_alias(Reference.parse(model), alias), json=json)


@leakage.command("check")
def leakage_check(
    function: Annotated[str, typer.Argument(metavar="MODULE:FUNCTION", help="What to audit.")],
    data: Data = None,
    kind: Annotated[str, typer.Option(help="features, labels or training.")] = "features",
    as_of: AsOf = None,
    observation_start: ObservationStart = None,
    outcome_end: OutcomeEnd = None,
    json: Json = False,
) -> None:
    """Audit function(orders, customers, windows); exit code 1 if it leaks."""
    from churn import printing
    from churn.pipelines.audit import check

    settings = _settings(data, as_of, observation_start, outcome_end)
    report = check(bootstrap.engine(settings), function, kind, settings.windows)
    if json:
        _print_json({"ok": report.ok, "kind": report.kind, "findings": report.findings})
    else:
        printing.say(str(report))
    if not report.ok:
        raise typer.Exit(1)


@leakage.command("rules")
def leakage_rules(json: Json = False) -> None:
    """Each rule, what it means and how to mend what it finds."""
    from churn import printing
    from churn.leakage.rules import RULES

    if json:
        _print_json({"rules": list(RULES.values())})
        return
    for rule in RULES.values():
        printing.say(f"{rule.name}\n  {rule.means}\n  Mend: {rule.mend}")


@sql.command("plan")
def sql_plan(script: Script, data: Data = None) -> None:
    """Print a script with the names of the settings in it."""
    from churn import scripts

    typer.echo(scripts.rendered(script, _settings(data).names))


@sql.command("apply")
def sql_apply(
    script: Script, data: Data = None, target: Target = None, connection: Connection = None
) -> None:
    """Run a script in Snowflake, and print what its queries answer."""
    from churn import connecting, printing, scripts

    settings = _settings(data)
    text = scripts.rendered(script, settings.names)
    with connecting.session(settings) as session:
        for done in scripts.run(session, text):
            printing.statement(done)
    if script == "load":
        bootstrap.loaded(settings)


@sql.command("destroy")
def sql_destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    target: Target = None,
    connection: Connection = None,
) -> None:
    """Remove everything that the setup made, with all that is in it, after showing it."""
    from churn import connecting, printing, scripts

    settings = _settings()
    text = scripts.rendered("cleanup", settings.names)
    typer.echo(text)
    with connecting.session(settings) as session:
        for line in bootstrap.contents(session, settings.database):
            typer.echo(f"  {line}")
        if not yes:
            typer.confirm("Remove all of this?", abort=True)
        for done in scripts.run(session, text):
            printing.statement(done)


@app.command("doctor")
def doctor(target: Target = None, connection: Connection = None, json: Json = False) -> None:
    """Check a connection before anything is created; exit code 1 if something is missing."""
    from churn import printing
    from churn.connecting import connect
    from churn.doctor import examine

    settings = _settings()
    found = list(examine(connect(settings), settings.database))
    if json:
        _print_json({"ok": all(f.ok for f in found), "findings": found})
    else:
        printing.findings(found)
    if not all(f.ok for f in found):
        raise typer.Exit(1)


@emulator.command("serve")
def emulator_serve(
    port: Annotated[int, typer.Option(min=0, help="0 for one that is free.")] = 8085,
    path: Annotated[
        Optional[Path], typer.Option(help="Folder to keep everything in; otherwise in memory.")
    ] = None,
) -> None:
    """Serve a local Snowflake on loopback until interrupted; prints how to connect."""
    from churn.emulator.server import Emulator

    running = Emulator(path, port)
    typer.echo(running.toml())
    running.serve()


@emulator.command("coverage")
def emulator_coverage(json: Json = False) -> None:
    """List what the emulator implements, how far, the test that holds it; and what it refuses."""
    from churn.emulator.coverage import as_markdown, table

    _print_json(table()) if json else typer.echo(as_markdown())


def main() -> None:
    app()


def _settings(
    data: Path | None = None,
    as_of: date | None = None,
    observation_start: date | None = None,
    outcome_end: date | None = None,
    seed: int | None = None,
) -> bootstrap.Settings:
    flags = {
        "data": data,
        "as_of": as_of,
        "observation_start": observation_start,
        "outcome_end": outcome_end,
        "seed": seed,
    }
    return bootstrap.settings(flags | _context())


def _context() -> dict[str, Any]:
    """`--target` and `--connection` of the command that runs."""
    return CHOSEN.get({})


def _stores() -> Any:
    return bootstrap.stores(_settings())


def _model(text: str) -> ModelVersion:
    from churn.stores import Reference

    found: ModelVersion = _stores().models.get(Reference.parse(text))
    return found


def _run(found: Sequence[Run], text: str) -> Run:
    """By id, the beginning of an id, or a name: the newest of that name."""
    for run in found:
        if run.id.startswith(text.lower()) or run.name.lower() == text.lower():
            return run
    raise StoreError.unknown("run", text, [f"{run.name} {run.id[:8]}" for run in found[:20]])


def _place(engine: Any, where: Path | str) -> str:
    return str(where) if isinstance(where, Path) else f"{engine.source}.{where}"


def _print_version(version: ModelVersion, *, json: bool) -> None:
    if json:
        _print_json(version)
    else:
        aliases = f", aliases {', '.join(version.aliases)}" if version.aliases else ""
        typer.echo(f"{version}{' is the default version' if version.is_default else ''}{aliases}")


def _print_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    from dataclasses import fields, is_dataclass

    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "to_dicts"):
        return value.to_dicts()
    if isinstance(value, date | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
