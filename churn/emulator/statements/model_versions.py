"""Versions of models: from a stage, aliases, metadata, files."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, exists, invalid, missing
from churn.emulator.language.names import Name, identifier, like
from churn.emulator.language.places import Place
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.lifecycle import answer_if_exists, replace_object
from churn.emulator.statements.packages import package_of
from churn.emulator.statements.show import common
from churn.emulator.statements.stages import place

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("model_versions")

SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")


def versions(account: Account, model: Name) -> list[Object]:
    """By creation."""
    return account.objects.children("MODEL VERSION", model)


def need_version(account: Account, model: Object, written: str) -> Object:
    """The version of that name or alias; names come first, then aliases."""
    held = versions(account, model.name)
    by_name = {v.name.name: v for v in held}
    for name in (written, written.upper()):
        if name in by_name:
            return by_name[name]
    alias = written.upper()
    if alias in SYSTEM_ALIASES and held:
        return {"DEFAULT": by_name[model["default"]], "FIRST": held[0], "LAST": held[-1]}[alias]
    for version in held:
        if version.get("alias") in (written, alias):
            return version
    raise missing("version", f"{written} of model {model.name}")


def aliases(account: Account, model: Object, version: Object) -> list[str]:
    every = versions(account, model.name)
    held = [
        *(["DEFAULT"] if version.name.name == model["default"] else []),
        *(["FIRST"] if version.name == every[0].name else []),
        *(["LAST"] if version.name == every[-1].name else []),
    ]
    return held + ([version["alias"]] if version.get("alias") else [])


def folder_of(account: Account, version: Object) -> Path:
    return account.folder / "models" / str(version["folder"])


def unload(account: Account, version: Object) -> Path:
    """Forget a version that goes; returns its folder."""
    folder = folder_of(account, version)
    account.models.pop(folder, None)
    return folder.parent.parent


@SUBSYSTEM.place("model")
def _snow(session: Session, name: str, path: str) -> Place:
    """snow://model/<name>/versions/<version>/<path>."""
    model = access.need_object(session, "MODEL", session.name(name), "READ")
    parts = path.split("/", 2)
    if len(parts) < 2 or parts[0] != "versions":
        raise invalid(f"snow://model/{name}/{path}: files are below versions/<version>")
    version = need_version(session.account, model, parts[1].strip('"'))
    parts[1] = version.name.name
    root = folder_of(session.account, version).parent.parent
    return Place(root, "/".join(parts), "")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] <name> WITH VERSION <version> FROM MODEL <source> "
    "[VERSION <from_version>]",
    "ALTER MODEL [IF EXISTS] <name> ADD VERSION <version> FROM MODEL <source> "
    "[VERSION <from_version>]",
    page="create-model",
)
def copy_version(session: Session, parsed: Parsed) -> Result:
    account = session.account
    source = access.need_object(session, "MODEL", session.name(parsed["source"]))
    chosen = parsed["from_version"] or source["default"]
    origin = need_version(account, source, identifier(chosen))
    return _add_version(session, parsed, folder_of(account, origin), dict(origin.properties))


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] <name> WITH VERSION <version> FROM <@stage>",
    "ALTER MODEL [IF EXISTS] <name> ADD VERSION <version> FROM <@stage>",
    page="create-model",
    limits="Models that snowflake-ml packaged.",
)
def create_model(session: Session, parsed: Parsed) -> Result:
    where = place(session, parsed["stage"])
    if not (where.target / "MANIFEST.yml").is_file():
        raise SqlError(
            f"Model manifest file MANIFEST.yml is not found in {parsed['stage']}", 399103, "22000"
        )
    return _add_version(session, parsed, where.target, {})


def _add_version(
    session: Session, parsed: Parsed, files: Path, properties: Mapping[str, Any]
) -> Result:
    """Files first, under a name nobody knows; then the version, at once."""
    account = session.account
    name, version = session.name(parsed["name"]), identifier(parsed["version"])
    creating = parsed.text[:6].upper() == "CREATE"
    if version in SYSTEM_ALIASES:
        raise invalid(f"{version} is a system alias")
    if creating:
        if answer := answer_if_exists(session, parsed, "MODEL", name):
            return answer
    else:
        access.need_object(session, "MODEL", name)
        if account.objects.find("MODEL VERSION", name.child(version)):
            raise exists("version", version)
    # A folder of its own, so that no other version is ever found under its name.
    folder = f"{uuid.uuid4().hex}/versions/{version}"
    shutil.copytree(files, account.folder / "models" / folder)
    kept = {k: v for k, v in properties.items() if k == "metadata"}
    with account.objects.together():
        if creating:
            replace_object(session, session.owned("MODEL", name, default=version))
        account.objects.add(
            session.owned("MODEL VERSION", name.child(version), **kept, folder=folder)
        )
    return status(f"Model {name.name} successfully {'created' if creating else 'altered'}.")


@SUBSYSTEM.statement(
    "ALTER MODEL [IF EXISTS] <name> DROP VERSION <version>", page="alter-model-drop-version"
)
def drop_version(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    version = need_version(account, model, identifier(parsed["version"]))
    if version.name.name == model["default"]:
        raise SqlError(
            f"Cannot drop the default version {version.name.name} of model {model.name.name}.",
            399104,
            "22000",
        )
    account.objects.drop("MODEL VERSION", version.name)
    shutil.rmtree(unload(account, version), ignore_errors=True)
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER MODEL [IF EXISTS] <name> SET DEFAULT_VERSION = <version>", page="alter-model"
)
def set_default(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    version = need_version(account, model, identifier(parsed["version"]))
    account.objects.put(model.having(default=version.name.name))
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER MODEL [IF EXISTS] <name> VERSION <version> SET ALIAS = <alias>", page="alter-model"
)
def set_alias(session: Session, parsed: Parsed) -> Result:
    """At most one alias a version, each unique in its model."""
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    version = need_version(account, model, identifier(parsed["version"]))
    alias = identifier(parsed["alias"])
    with account.objects.together():
        every = versions(account, model.name)
        if alias in SYSTEM_ALIASES or alias in {v.name.name for v in every}:
            raise invalid(f"{alias} cannot be an alias: it is a version's name or a system alias")
        holder = next((v for v in every if v.get("alias") == alias), None)
        if holder is not None and holder.name != version.name:
            raise exists("alias", f"{alias}' of version '{holder.name.name}")
        if version.get("alias") not in (None, alias):
            raise invalid(
                f"version {version.name.name} has the alias {version['alias']}; unset it first"
            )
        account.objects.put(version.having(alias=alias))
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER MODEL [IF EXISTS] <name> VERSION <version> UNSET ALIAS", page="alter-model"
)
def unset_alias(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    version = need_version(account, model, identifier(parsed["version"]))
    account.objects.put(version.having(alias=None))
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER MODEL [IF EXISTS] <name> MODIFY VERSION <version> SET {COMMENT|METADATA} = <'value'>",
    page="alter-model-modify-version",
)
def modify_version(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    version = need_version(account, model, identifier(parsed["version"]))
    value = unquote(parsed["value"])
    if parsed["comment"].upper() == "COMMENT":
        account.objects.put(replace(version, comment=value))
    else:
        try:
            account.objects.put(version.having(metadata=json.loads(value)))
        except json.JSONDecodeError as error:
            raise invalid(f"METADATA is not JSON: {error}") from error
    return status(DONE)


@SUBSYSTEM.statement(
    "SHOW VERSIONS [LIKE <'pattern'>] IN MODEL <name>", page="show-versions-in-model"
)
def show_versions(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    pattern = unquote(parsed["pattern"]) if parsed.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "aliases", "comment", "database_name", "schema_name"), TEXT),
        **dict.fromkeys(("model_name", "is_default_version", "functions", "metadata"), TEXT),
        **dict.fromkeys(
            ("user_data", "model_attributes", "size", "environment", "runnable_in"), TEXT
        ),
        **dict.fromkeys(("inference_services", "model_spec"), TEXT),
    }
    rows = []
    for version in versions(account, model.name):
        if not like(pattern, version.name.name):
            continue
        package = package_of(folder_of(account, version))
        rows.append(
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
    return Result(table_of(rows, columns))


@SUBSYSTEM.statement(
    "SHOW FUNCTIONS [LIKE <'pattern'>] IN MODEL <name> VERSION <version>",
    "SHOW FUNCTIONS [LIKE <'pattern'>] IN MODEL <name>",
    page="show-functions-in-model",
)
def show_model_functions(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    chosen = identifier(parsed["version"]) if "version" in parsed.groups else model["default"]
    package = package_of(folder_of(account, need_version(account, model, chosen)))
    columns = dict.fromkeys(("name", "return_type", "arguments", "language", "description"), TEXT)
    rows = [
        {
            "name": method.name,
            "return_type": "TABLE" if method.is_table else "OBJECT",
            "arguments": f"{method.name}({', '.join(t for _, t in method.inputs)})",
            "language": "PYTHON",
        }
        for method in package.methods.values()
    ]
    return Result(table_of(rows, columns))
