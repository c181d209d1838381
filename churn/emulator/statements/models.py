"""Models: their names, comments, and what is shown of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import need_schema
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import exists, missing
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.lifecycle import droppable
from churn.emulator.statements.model_versions import aliases, folder_of, unload, versions
from churn.emulator.statements.packages import package_of
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.tags import references

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("models")


droppable(
    SUBSYSTEM,
    "MODEL",
    "drop-model",
    lambda account, name: [unload(account, v) for v in versions(account, name)],
)


@SUBSYSTEM.statement("COMMENT [IF EXISTS] ON MODEL <name> IS <'comment'>", page="comment")
def comment_model(session: Session, parsed: Parsed) -> Result:
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    session.account.objects.put(replace(model, comment=unquote(parsed["comment"])))
    return status(DONE)


@SUBSYSTEM.statement("ALTER MODEL [IF EXISTS] <name> SET COMMENT = <'value'>", page="alter-model")
def set_model_comment(session: Session, parsed: Parsed) -> Result:
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    session.account.objects.put(replace(model, comment=unquote(parsed["value"])))
    return status(DONE)


@SUBSYSTEM.statement("ALTER MODEL [IF EXISTS] <name> RENAME TO <new>", page="alter-model")
def rename_model(session: Session, parsed: Parsed) -> Result:
    account = session.account
    model = access.need_object(session, "MODEL", session.name(parsed["name"]))
    new = session.name(parsed["new"])
    need_schema(account, new)
    if account.objects.find("MODEL", new):
        raise exists("model", new)
    held = versions(account, model.name)
    carried = references(session, "MODEL", model.name)
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


@SUBSYSTEM.statement(f"SHOW MODELS {SHOW}", page="show-models")
def show_models(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "model_type", "database_name", "schema_name", "comment"), TEXT),
        **dict.fromkeys(("owner", "default_version_name", "versions", "aliases"), TEXT),
        "owner_role_type": TEXT,
    }
    rows = []
    for model in shown(session, parsed, "MODEL"):
        held = versions(session.account, model.name)
        named = {a: v.name.name for v in held for a in aliases(session.account, model, v)}
        rows.append(
            common(model)
            | {
                "model_type": "USER_MODEL",
                "default_version_name": model["default"],
                "versions": json.dumps([v.name.name for v in held]),
                "aliases": json.dumps(named),
            }
        )
    return Result(table_of(rows, columns))


@SUBSYSTEM.view("MODEL_VERSIONS")
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
    account, rows = session.account, []
    for model in account.objects.all("MODEL", database=database, parent=""):
        if not access.visible(session, "MODEL", model.name):
            continue
        for version in versions(account, model.name):
            package = package_of(folder_of(account, version))
            rows.append(
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
    return table_of(rows, columns)


@SUBSYSTEM.statement("{DESCRIBE|DESC} ARTIFACT REPOSITORY <name>", page="desc-artifact-repository")
def describe_repository(session: Session, parsed: Parsed) -> Result:
    """The one that every account has: what is installed here."""
    if parsed["name"].upper() != "SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY":
        raise missing("artifact repository", parsed["name"])
    rows: list[dict[str, object]] = [{"name": "PYPI_SHARED_REPOSITORY", "type": "PIP"}]
    return Result(table_of(rows, {"name": TEXT, "type": TEXT}))
