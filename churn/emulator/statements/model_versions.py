"""Models: versions from a stage, aliases, metadata, files, and inference that runs the model.

A version is the folder that snowflake-ml packaged; its own packager loads it, once a process.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml
from sqlglot import exp

from churn.emulator import access, catalog, stages, statements, tags
from churn.emulator.catalog import SHOW, TEXT, WHEN, common, shown
from churn.emulator.errors import SqlError, compilation, exists, invalid, missing, unsupported
from churn.emulator.objects import Name, Object, like
from churn.emulator.rewrite import function, rewrite, table, text
from churn.emulator.session import DONE, identifier, status
from churn.emulator.statements import Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")

# What there is


def versions(account: Account, model: Name) -> list[Object]:
    """By creation."""
    return account.objects.children("MODEL VERSION", model)


def need_version(account: Account, model: Object, written: str) -> Object:
    """The version of that name or alias; names come first, then aliases."""
    found = versions(account, model.name)
    by_name = {v.name.name: v for v in found}
    for name in (written, written.upper()):
        if name in by_name:
            return by_name[name]
    alias = written.upper()
    if alias in SYSTEM_ALIASES and found:
        return {"DEFAULT": by_name[model["default"]], "FIRST": found[0], "LAST": found[-1]}[alias]
    for version in found:
        if version.get("alias") in (written, alias):
            return version
    raise missing("version", f"{written} of model {model.name}")


def aliases(account: Account, model: Object, version: Object) -> list[str]:
    found = versions(account, model.name)
    held = [
        *(["DEFAULT"] if version.name.name == model["default"] else []),
        *(["FIRST"] if version.name == found[0].name else []),
        *(["LAST"] if version.name == found[-1].name else []),
    ]
    return held + ([version["alias"]] if version.get("alias") else [])


def folder_of(account: Account, version: Object) -> Path:
    return account.folder / "models" / str(version["folder"])


def _snow(session: Session, name: str, path: str) -> stages.Place:
    """snow://model/<name>/versions/<version>/<path>."""
    model = session.need("MODEL", session.name(name), "READ")
    parts = path.split("/", 2)
    if len(parts) < 2 or parts[0] != "versions":
        raise invalid(f"snow://model/{name}/{path}: files are below versions/<version>")
    version = need_version(session.account, model, parts[1].strip('"'))
    parts[1] = version.name.name
    root = folder_of(session.account, version).parent.parent
    return stages.Place(root, "/".join(parts), "")


stages.SNOW["model"] = _snow


# CREATE, ALTER, DROP


@statement(
    "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] <name> WITH VERSION <version> FROM MODEL <source> "
    "[VERSION <from_version>]",
    "ALTER MODEL [IF EXISTS] <name> ADD VERSION <version> FROM MODEL <source> "
    "[VERSION <from_version>]",
    page="create-model",
)
def copy_version(session: Session, words: Words) -> Result:
    account = session.account
    source = session.need("MODEL", session.name(words["source"]))
    chosen = words["from_version"] or source["default"]
    origin = need_version(account, source, identifier(chosen))
    return _add_version(session, words, folder_of(account, origin), dict(origin.properties))


@statement(
    "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] <name> WITH VERSION <version> FROM <@stage>",
    "ALTER MODEL [IF EXISTS] <name> ADD VERSION <version> FROM <@stage>",
    page="create-model",
    limits="Models that snowflake-ml packaged.",
)
def create_model(session: Session, words: Words) -> Result:
    where = stages.place(session, words["stage"])
    if not (where.target / "MANIFEST.yml").is_file():
        raise SqlError(
            f"Model manifest file MANIFEST.yml is not found in {words['stage']}", 399103, "22000"
        )
    return _add_version(session, words, where.target, {})


def _add_version(
    session: Session, words: Words, files: Path, properties: Mapping[str, Any]
) -> Result:
    """Files first, under a name nobody knows; then the version, at once."""
    account = session.account
    name, version = session.name(words["name"]), identifier(words["version"])
    creating = words.text[:6].upper() == "CREATE"
    if version in SYSTEM_ALIASES:
        raise invalid(f"{version} is a system alias")
    if creating:
        if answer := catalog.taken(session, words, "MODEL", name):
            return answer
    else:
        session.need("MODEL", name)
        if account.objects.find("MODEL VERSION", name.child(version)):
            raise exists("version", version)
    # A folder of its own, so that no other version is ever found under its name.
    folder = f"{uuid.uuid4().hex}/versions/{version}"
    shutil.copytree(files, account.folder / "models" / folder)
    kept = {k: v for k, v in properties.items() if k == "metadata"}
    with account.objects.together():
        if creating:
            catalog.renew(session, session.owned("MODEL", name, default=version))
        account.objects.add(
            session.owned("MODEL VERSION", name.child(version), **kept, folder=folder)
        )
    return status(f"Model {name.name} successfully {'created' if creating else 'altered'}.")


def _unload(account: Account, version: Object) -> Path:
    """Forget a version that goes; returns its folder."""
    folder = folder_of(account, version)
    account.models.pop(folder, None)
    return folder.parent.parent


catalog.droppable(
    "MODEL",
    "drop-model",
    lambda account, name: [_unload(account, v) for v in versions(account, name)],
)


@statement("ALTER MODEL [IF EXISTS] <name> DROP VERSION <version>", page="alter-model-drop-version")
def drop_version(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    version = need_version(account, model, identifier(words["version"]))
    if version.name.name == model["default"]:
        raise SqlError(
            f"Cannot drop the default version {version.name.name} of model {model.name.name}.",
            399104,
            "22000",
        )
    account.objects.drop("MODEL VERSION", version.name)
    shutil.rmtree(_unload(account, version), ignore_errors=True)
    return status(DONE)


@statement("ALTER MODEL [IF EXISTS] <name> SET DEFAULT_VERSION = <version>", page="alter-model")
def set_default(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    version = need_version(account, model, identifier(words["version"]))
    account.objects.put(model.having(default=version.name.name))
    return status(DONE)


@statement(
    "ALTER MODEL [IF EXISTS] <name> VERSION <version> SET ALIAS = <alias>", page="alter-model"
)
def set_alias(session: Session, words: Words) -> Result:
    """At most one alias a version, each unique in its model."""
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    version = need_version(account, model, identifier(words["version"]))
    alias = identifier(words["alias"])
    with account.objects.together():
        found = versions(account, model.name)
        if alias in SYSTEM_ALIASES or alias in {v.name.name for v in found}:
            raise invalid(f"{alias} cannot be an alias: it is a version's name or a system alias")
        holder = next((v for v in found if v.get("alias") == alias), None)
        if holder is not None and holder.name != version.name:
            raise exists("alias", f"{alias}' of version '{holder.name.name}")
        if version.get("alias") not in (None, alias):
            raise invalid(
                f"version {version.name.name} has the alias {version['alias']}; unset it first"
            )
        account.objects.put(version.having(alias=alias))
    return status(DONE)


@statement("ALTER MODEL [IF EXISTS] <name> VERSION <version> UNSET ALIAS", page="alter-model")
def unset_alias(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    version = need_version(account, model, identifier(words["version"]))
    account.objects.put(version.having(alias=None))
    return status(DONE)


@statement(
    "ALTER MODEL [IF EXISTS] <name> MODIFY VERSION <version> SET {COMMENT|METADATA} = <'value'>",
    page="alter-model-modify-version",
)
def modify_version(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    version = need_version(account, model, identifier(words["version"]))
    value = unquote(words["value"])
    if words["comment"].upper() == "COMMENT":
        account.objects.put(replace(version, comment=value))
    else:
        try:
            account.objects.put(version.having(metadata=json.loads(value)))
        except json.JSONDecodeError as error:
            raise invalid(f"METADATA is not JSON: {error}") from error
    return status(DONE)


@statement("COMMENT [IF EXISTS] ON MODEL <name> IS <'comment'>", page="comment")
def comment_model(session: Session, words: Words) -> Result:
    model = session.need("MODEL", session.name(words["name"]))
    session.account.objects.put(replace(model, comment=unquote(words["comment"])))
    return status(DONE)


@statement("ALTER MODEL [IF EXISTS] <name> SET COMMENT = <'value'>", page="alter-model")
def set_model_comment(session: Session, words: Words) -> Result:
    model = session.need("MODEL", session.name(words["name"]))
    session.account.objects.put(replace(model, comment=unquote(words["value"])))
    return status(DONE)


@statement("ALTER MODEL [IF EXISTS] <name> RENAME TO <new>", page="alter-model")
def rename_model(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    new = session.name(words["new"])
    catalog.need_schema(account, new)
    if account.objects.find("MODEL", new):
        raise exists("model", new)
    held = versions(account, model.name)
    carried = tags.references(session, "MODEL", model.name)
    with account.objects.together():
        account.objects.drop("MODEL", model.name)
        account.objects.add(replace(model, name=new))
        access.rename_all(account, "MODEL", model.name, new)
        for version in held:
            account.objects.add(replace(version, name=new.child(version.name.name)))
        for reference in carried:
            account.objects.drop("TAGGED", reference.name)
            key = new.child("MODEL").child(reference.name.name)
            account.objects.put(replace(reference, name=key))
    return status(DONE)


# SHOW


@statement(f"SHOW MODELS {SHOW}", page="show-models")
def show_models(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "model_type", "database_name", "schema_name", "comment"), TEXT),
        **dict.fromkeys(("owner", "default_version_name", "versions", "aliases"), TEXT),
        "owner_role_type": TEXT,
    }
    found = []
    for model in shown(session, words, "MODEL"):
        held = versions(session.account, model.name)
        named = {a: v.name.name for v in held for a in aliases(session.account, model, v)}
        found.append(
            common(model)
            | {
                "model_type": "USER_MODEL",
                "default_version_name": model["default"],
                "versions": json.dumps([v.name.name for v in held]),
                "aliases": json.dumps(named),
            }
        )
    return Result(statements.rows(found, columns))


@statement("SHOW VERSIONS [LIKE <'pattern'>] IN MODEL <name>", page="show-versions-in-model")
def show_versions(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    pattern = unquote(words["pattern"]) if words.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "aliases", "comment", "database_name", "schema_name"), TEXT),
        **dict.fromkeys(("model_name", "is_default_version", "functions", "metadata"), TEXT),
        **dict.fromkeys(
            ("user_data", "model_attributes", "size", "environment", "runnable_in"), TEXT
        ),
        **dict.fromkeys(("inference_services", "model_spec"), TEXT),
    }
    found = []
    for version in versions(account, model.name):
        if not like(pattern, version.name.name):
            continue
        package = package_of(folder_of(account, version))
        found.append(
            common(version)
            | {
                "aliases": json.dumps(aliases(account, model, version)),
                "model_name": model.name.name,
                "is_default_version": "true" if version.name.name == model["default"] else "false",
                "functions": json.dumps([m.name for m in package.methods.values()]),
                "metadata": json.dumps(version.get("metadata", {})),
                "user_data": json.dumps(package.manifest.get("user_data", {})),
                "model_attributes": json.dumps(package.attributes),
                "runnable_in": json.dumps(package.platforms),
                "inference_services": "[]",
                "model_spec": (package.folder / "model" / "model.yaml").read_text(),
            }
        )
    return Result(statements.rows(found, columns))


@statement(
    "SHOW FUNCTIONS [LIKE <'pattern'>] IN MODEL <name> VERSION <version>",
    "SHOW FUNCTIONS [LIKE <'pattern'>] IN MODEL <name>",
    page="show-functions-in-model",
)
def show_model_functions(session: Session, words: Words) -> Result:
    account = session.account
    model = session.need("MODEL", session.name(words["name"]))
    chosen = identifier(words["version"]) if "version" in words.groups else model["default"]
    package = package_of(folder_of(account, need_version(account, model, chosen)))
    columns = dict.fromkeys(("name", "return_type", "arguments", "language", "description"), TEXT)
    found = [
        {
            "name": method.name,
            "return_type": "TABLE" if method.is_table else "OBJECT",
            "arguments": f"{method.name}({', '.join(t for _, t in method.inputs)})",
            "language": "PYTHON",
        }
        for method in package.methods.values()
    ]
    return Result(statements.rows(found, columns))


def model_versions(session: Session, database: str) -> pa.Table:
    """INFORMATION_SCHEMA.MODEL_VERSIONS."""
    columns: dict[str, pa.DataType] = {
        **dict.fromkeys(("DATABASE_NAME", "SCHEMA_NAME", "MODEL_NAME", "MODEL_VERSION_NAME"), TEXT),
        "VERSION_ALIASES": pa.list_(TEXT),
        **dict.fromkeys(("COMMENT", "OWNER"), TEXT),
        "CREATED": WHEN,
        "LAST_ALTERED": WHEN,
        **dict.fromkeys(("FUNCTIONS", "MODEL_TYPE", "PYTHON_VERSION", "LANGUAGE"), TEXT),
        **dict.fromkeys(("DEPENDENCIES", "METADATA", "USERDATA"), TEXT),
    }
    account, found = session.account, []
    for model in account.objects.all("MODEL", database=database, parent=""):
        if not access.visible(session, "MODEL", model.name):
            continue
        for version in versions(account, model.name):
            package = package_of(folder_of(account, version))
            found.append(
                {
                    "DATABASE_NAME": model.name.database,
                    "SCHEMA_NAME": model.name.schema,
                    "MODEL_NAME": model.name.name,
                    "MODEL_VERSION_NAME": version.name.name,
                    "VERSION_ALIASES": aliases(account, model, version),
                    "COMMENT": version.comment,
                    "OWNER": version.owner,
                    "CREATED": version.created_on,
                    "LAST_ALTERED": version.created_on,
                    "FUNCTIONS": json.dumps([m.name for m in package.methods.values()]),
                    "MODEL_TYPE": "USER_MODEL",
                    "LANGUAGE": "PYTHON",
                    "METADATA": json.dumps(version.get("metadata", {})),
                    "USERDATA": json.dumps(package.manifest.get("user_data", {})),
                }
            )
    return statements.rows(found, columns)


catalog.INFORMATION["MODEL_VERSIONS"] = model_versions


@function("SYSTEM$ML_PLATFORM_CAPABILITIES", page="system_ml_platform_capabilities")
def capabilities(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    return exp.convert("{}")


@statement("{DESCRIBE|DESC} ARTIFACT REPOSITORY <name>", page="desc-artifact-repository")
def describe_repository(session: Session, words: Words) -> Result:
    """The one that every account has: what is installed here."""
    if words["name"].upper() != "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY":
        raise missing("artifact repository", words["name"])
    found: list[dict[str, object]] = [{"name": "PYPI_SHARED_REPOSITORY", "type": "PIP"}]
    return Result(statements.rows(found, {"name": TEXT, "type": TEXT}))


# The package


DUCK = {
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32"), "BIGINT"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "DOUBLE"),
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "UINT64": "BIGINT",
}
"""DuckDB's types of those in a model's signature; floats travel as doubles."""


@dataclass(frozen=True)
class Method:
    """One function of a model: its name in SQL and in Python, and its columns with their types."""

    name: str
    target: str
    is_table: bool
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Package:
    """A version's folder: the manifest and the signature in it."""

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "MANIFEST.yml").read_text())
        return loaded

    @cached_property
    def spec(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "model" / "model.yaml").read_text())
        return loaded

    @property
    def attributes(self) -> dict[str, Any]:
        found = {"framework": self.spec.get("model_type"), "task": self.spec.get("task")}
        return {k: v for k, v in found.items() if v}

    @property
    def platforms(self) -> list[str]:
        return list(self.manifest.get("target_platforms") or ["WAREHOUSE"])

    @cached_property
    def methods(self) -> dict[str, Method]:
        found = {}
        for each in self.manifest["methods"]:
            name = identifier(each["name"])
            target = each["handler"].split(".")[-2].removeprefix("functions.")
            target = next(t for t in self.spec["signatures"] if t.lower() == target.lower())
            signature = self.spec["signatures"][target]
            found[name] = Method(
                name,
                target,
                each["type"] == "TABLE_FUNCTION",
                tuple((c["name"], _duck(c["type"])) for c in signature["inputs"]),
                tuple((c["name"], _duck(c["type"])) for c in signature["outputs"]),
            )
        return found


@cache
def package_of(folder: Path) -> Package:
    """Read once: a version's folder never changes, and its name is never used again."""
    return Package(folder)


def _duck(kind: str) -> str:
    if kind not in DUCK:
        raise unsupported(f"a model's column of type {kind}")
    return DUCK[kind]


def loaded(account: Account, folder: Path) -> Any:
    """What snowflake-ml's packager makes of the folder, once."""
    with account.loading:
        if folder not in account.models:
            from snowflake.ml.model._packager import model_packager

            packager = model_packager.ModelPackager(str(folder / "model"))
            packager.load(as_custom_model=True)
            account.models[folder] = packager
        return account.models[folder]


def predictions(
    account: Account, folder: Path, method: Method, columns: Sequence[Any]
) -> pa.StructArray:
    """The method's outputs for columns of inputs, as Snowflake's own inference computes them."""
    import pandas as pd

    packager = loaded(account, folder)
    features = packager.meta.signatures[method.target].inputs
    given = pd.DataFrame({f.name: c.to_pandas() for f, c in zip(features, columns, strict=True)})
    try:
        # Columns without NULL need no masked arrays, which cost more than many a model.
        frame = given.astype(
            {f.name: f.as_dtype(force_numpy_dtype=not given[f.name].hasnans) for f in features}
        )
        found = getattr(packager.model, method.target)(frame)
    except Exception as error:
        raise SqlError(
            f"Python Interpreter Error:\n{type(error).__name__}: {error} in function "
            f"{method.name} of the model",
            100357,
            "P0000",
        ) from error
    arrays = [
        pa.array(
            found[name].to_numpy() if kind != "VARCHAR" else found[name].astype(str), _ARROW[kind]
        )
        for name, kind in method.outputs
    ]
    return pa.StructArray.from_arrays(arrays, names=[name for name, _ in method.outputs])


_ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}

# Inference in SQL


@rewrite(exp.ModelAttribute)
def inference(session: Session, node: exp.Expression) -> exp.Expression:
    """MODEL(m, v)!method(...) and m!method(...): an object; of a table function, its columns."""
    folder, method, arguments = _call(session, node)
    parent = node.parent
    if isinstance(parent, exp.TableFromRows):
        _expand(parent, _by_row(session, folder, method, arguments))
        return node
    if method.is_table:
        raise invalid(f"{method.name} is a table function: use it in FROM TABLE(...)")
    result = _at_once(session, node, folder, method, arguments)
    result = result or _by_row(session, folder, method, arguments)
    field = _field(node, method)
    if field is not None:
        typed = exp.Anonymous(
            this="struct_extract", expressions=[result, exp.Literal.string(field[1])]
        )
        field[0].replace(typed)
        return node
    return exp.Anonymous(this="_fs_global._emulator.object_of", expressions=[result])


def _field(node: exp.Expression, method: Method) -> tuple[exp.Expression, str] | None:
    """The extraction around it, where a CAST gives the value its type: no JSON in between."""
    parent = node.parent
    if not isinstance(parent, exp.JSONExtract) or not isinstance(parent.parent, exp.Cast):
        return None
    keys = [p.this for p in parent.expression.expressions if isinstance(p, exp.JSONPathKey)]
    known = [name for name, _ in method.outputs]
    return (parent, keys[0]) if len(keys) == 1 and keys[0] in known else None


def _call(session: Session, node: exp.Expression) -> tuple[Path, Method, list[exp.Expression]]:
    """What is called: the version's folder, its method, the arguments in the method's order."""
    account, target, call = session.account, node.this, node.expression
    chosen = None
    if isinstance(target, exp.Anonymous) and str(target.this).upper() == "MODEL":
        written = target.expressions[0].sql(dialect="snowflake")
        if len(target.expressions) > 1:
            chosen = _version_name(session, target.expressions[1])
    else:
        written = target.sql(dialect="snowflake")
    model = session.need("MODEL", session.name(written), "USAGE")
    version = need_version(account, model, chosen or model["default"])
    package = package_of(folder_of(account, version))
    name = str(call.this) if call.args.get("quoted") else str(call.this).upper()
    method = package.methods.get(name)
    if method is None:
        raise compilation(
            f"Unknown function {name} of model {model.name} version {version.name.name}; "
            f"it has {', '.join(package.methods)}.",
            2140,
            "42601",
        )
    return package.folder, method, _arguments(method, call.expressions)


def _version_name(session: Session, node: exp.Expression) -> str:
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "IDENTIFIER":
        node = node.expressions[0]
    if isinstance(node, exp.Parameter):
        return str(session.variables.get(text(node.this).upper(), ""))
    return text(node)


def _arguments(method: Method, given: list[exp.Expression]) -> list[exp.Expression]:
    """By position or by name, cast to the signature's types."""
    if len(given) != len(method.inputs):
        raise compilation(
            f"Invalid argument types for function {method.name}: it takes {len(method.inputs)} "
            f"arguments ({', '.join(n for n, _ in method.inputs)}), found {len(given)}.",
            1044,
            "42P13",
        )
    named = {text(a.this).upper(): a.expression for a in given if isinstance(a, exp.Kwarg)}
    if named and len(named) != len(given):
        raise invalid("arguments are all by position or all by name")
    found = []
    for i, (name, kind) in enumerate(method.inputs):
        if named and name.upper() not in named:
            raise compilation(f"Missing argument {name} of {method.name}.", 1044, "42P13")
        value = named[name.upper()] if named else given[i]
        to = exp.DataType.build(kind, dialect="duckdb")
        cast = exp.Cast(this=value.copy(), to=to)
        cast.meta["exact"] = True
        found.append(cast)
    return found


def _by_row(
    session: Session, folder: Path, method: Method, arguments: list[exp.Expression]
) -> exp.Expression:
    """The method as a function of DuckDB, which calls it with batches of rows."""
    digest = hashlib.sha256(f"{folder}:{method.name}".encode()).hexdigest()[:24]
    known = f"__model_{digest}"
    duck = session.cursor.duck
    there = duck.execute(
        "SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [known]
    ).fetchone()
    if there is None:

        def call(*columns: Any) -> pa.StructArray:
            return predictions(session.account, folder, method, columns)

        call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
                for i in range(len(method.inputs))
            ]
        )
        duck.create_function(
            known,
            call,
            [kind for _, kind in method.inputs],
            _struct(duck, method),
            type="arrow",
            null_handling="special",
        )
    return exp.Anonymous(this=known, expressions=arguments)


def _struct(duck: Any, method: Method) -> Any:
    return duck.struct_type({name: duck.type(kind) for name, kind in method.outputs})


def _expand(source: exp.Expression, call: exp.Expression) -> None:
    """FROM x, TABLE(m!f(...)): the rows of x with the function's columns."""
    join = source.parent
    select = join.parent if isinstance(join, exp.Join) else None
    if not isinstance(select, exp.Select):
        raise unsupported("TABLE(MODEL(...)!f(...)) without a table before it")
    if source.find(exp.Window):
        raise unsupported("TABLE(MODEL(...)!f(...) OVER (PARTITION BY ...))")
    inner = exp.Select(expressions=[exp.Star(), exp.Anonymous(this="unnest", expressions=[call])])
    inner.meta["named"] = True
    inner.set("from_", select.args["from_"].copy())
    select.set(
        "from_",
        exp.From(
            this=exp.Subquery(
                this=inner, alias=exp.TableAlias(this=exp.to_identifier("_explained", quoted=True))
            )
        ),
    )
    select.args["joins"].remove(join)


def _at_once(
    session: Session,
    node: exp.Expression,
    folder: Path,
    method: Method,
    arguments: list[exp.Expression],
) -> exp.Expression | None:
    """The whole source scored in one call and spliced in, where a query reads one source.

    DuckDB calls a function for each 2,048 rows, which costs more than many a model.
    """
    select = node.find_ancestor(exp.Select)
    if not session.computing or select is None or not _reads_one_source(select):
        return None
    source = select.args["from_"].this
    names = [f"__argument_{i}" for i in range(len(arguments))]
    query = exp.Select(
        expressions=[
            exp.Star(),
            *(exp.alias_(a.copy(), n, quoted=True) for a, n in zip(arguments, names, strict=True)),
        ]
    ).from_(source.copy())
    where = select.args.get("where")
    if where is not None and not where.find(exp.ModelAttribute):
        query.set("where", where.copy())
        select.set("where", None)
    for scope in _scopes(select):
        for cte in scope.expressions:
            query = query.with_(cte.args["alias"].copy(), as_=cte.this.copy(), append=True)
    rows = session.cursor.run(query)
    scored = predictions(session.account, folder, method, [rows.column(n) for n in names])
    result = f"__result_{uuid.uuid4().hex[:8]}"
    spliced = table(session.register(rows.drop_columns(names).append_column(result, scored)))
    alias = source.alias_or_name
    if alias:
        spliced.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        written = source.args["alias"].this if source.args.get("alias") else source.this
        if isinstance(written, exp.Identifier) and not written.quoted:
            spliced.args["alias"].this.set("this", alias.upper())
    select.set("from_", exp.From(this=spliced))
    hidden = exp.to_identifier(result, quoted=True)
    for item in select.expressions:
        for star in item.find_all(exp.Star) if item.is_star else ():
            star.set("except_", [*(star.args.get("except_") or []), hidden.copy()])
    return exp.column(hidden.copy())


def _reads_one_source(select: exp.Select) -> bool:
    """One table or subquery, on its own: nothing in it refers to a query around it."""
    plain = not any(select.args.get(k) for k in ("joins", "laterals", "pivots", "sample"))
    if not plain or not select.args.get("from_") or select.root().find(exp.Placeholder):
        return False
    within: exp.Expression = select
    while (parent := within.parent) is not None:
        if isinstance(
            parent, exp.Where | exp.Having | exp.Alias | exp.Join | exp.Lateral | exp.Condition
        ) and not isinstance(parent, exp.Subquery):
            return False
        within = parent
    return True


def _scopes(select: exp.Select) -> list[exp.With]:
    """The WITH clauses that the query sees, the outermost first."""
    found = []
    within: exp.Expression | None = select
    while within is not None:
        if isinstance(within.args.get("with_"), exp.With):
            found.append(within.args["with_"])
        within = within.parent
    return found[::-1]
