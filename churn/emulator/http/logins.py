"""Logins: who may, by password, by key pair, by a token of an identity provider."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from typing import Any

import jwt

from churn.emulator.account import access, execution
from churn.emulator.account.account import SYSTEM_ROLES, Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import has_database, has_schema
from churn.emulator.language.clauses import clauses
from churn.emulator.language.errors import SqlError, unsupported
from churn.emulator.language.names import Name

AUDIENCE = "snowflakecomputing.com"
ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"]


KEYS = ("rsa_public_key", "rsa_public_key_2")


def login(
    account: Account,
    user: str,
    *,
    database: str | None = None,
    schema: str | None = None,
    role: str | None = None,
    warehouse: str | None = None,
) -> Session:
    """A new session. What it names and is not there is left unset, as Snowflake does.

    Raises:
        SqlError: The role does not exist.
    """
    if role and not (account.has_role(role) and access.assigned(account, user, role)):
        raise SqlError(
            f"Role '{role}' specified in the connect string does not exist or not authorized. "
            f"Contact your local system administrator, or attempt to login with another role.",
            390189,
            "08001",
        )
    first = next(r for r in SYSTEM_ROLES if access.assigned(account, user, r))
    session = execution.open_session(account, user.upper(), role or first)
    here = Name(name=warehouse or "")
    if account.objects.find("WAREHOUSE", here) and access.visible(session, "WAREHOUSE", here):
        session.warehouse = warehouse
    seen = database and access.visible(session, "DATABASE", Name(name=database))
    if database and seen and has_database(account, database):
        known = schema if schema and has_schema(account, database, schema) else None
        public = "PUBLIC" if not schema and has_schema(account, database, "PUBLIC") else None
        session.cursor.use(database, known or public)
    return session


def user_of(account: Account, asked: Mapping[str, Any]) -> str:
    """The user that a login request proves to be.

    An account without users of its own believes everybody.

    Raises:
        SqlError: It proves nothing.
    """
    name = str(asked.get("LOGIN_NAME") or "EMULATOR").upper()
    if account.users is None:
        return name
    match asked.get("AUTHENTICATOR"):
        case None | "SNOWFLAKE":
            proven = _by_password(account, name, str(asked.get("PASSWORD")))
        case "SNOWFLAKE_JWT":
            proven = _by_key(account, name, str(asked.get("TOKEN")))
        case "WORKLOAD_IDENTITY" if asked.get("PROVIDER") == "OIDC":
            proven = _by_identity(account, str(asked.get("TOKEN")))
        case other:
            raise unsupported(f"a login by {other}")
    user = account.objects.find("USER", Name(name=proven))
    if user and str(user.get("disabled")).upper() == "TRUE":
        raise SqlError("User access disabled. Contact your administrator.", 390101, "28000")
    return proven


def _by_password(account: Account, name: str, password: str) -> str:
    """Or by a one-time password, with which a procedure opens its own session."""
    if account.one_time_passwords.pop(password, None) == name:
        return name
    known = account.users or {}
    if name in known and hmac.compare_digest(known[name].encode(), password.encode()):
        return name
    raise SqlError("Incorrect username or password was specified.", 390100, "28000")


def _by_key(account: Account, name: str, token: str) -> str:
    """The token is signed by one of the two keys of the user, and says so."""
    user = account.objects.find("USER", Name(name=name))
    for key in [user[k] for k in KEYS if user.get(k)] if user else []:
        try:
            proven = jwt.decode(
                token, _pem(key), ALGORITHMS, options={"require": ["exp", "iss", "sub"]}
            )
        except jwt.PyJWTError:
            continue
        subject = str(proven["sub"])
        of_the_subject = str(proven["iss"]).startswith(f"{subject}.SHA256:")
        if subject.rpartition(".")[2] == name and of_the_subject:
            return name
    raise SqlError(f"JWT token is invalid. [{uuid.uuid4()}]", 390144, "28000")


def _pem(body: str) -> str:
    """A public key with the first and last lines that Snowflake leaves out."""
    return f"-----BEGIN PUBLIC KEY-----\n{body.strip()}\n-----END PUBLIC KEY-----"


def _by_identity(account: Account, token: str) -> str:
    """The provider that a user trusts says that the token's bearer is that user."""
    for user in account.objects.all("USER"):
        trusted = _trusted(user)
        issuer, subject = trusted.get("ISSUER", ""), trusted.get("SUBJECT")
        if issuer not in account.issuers:
            continue
        try:
            proven = jwt.decode(
                token,
                account.issuers[issuer],
                ALGORITHMS,
                audience=AUDIENCE,
                issuer=issuer,
                options={"require": ["exp", "sub"]},
            )
        except jwt.PyJWTError:
            continue
        if proven["sub"] == subject:
            return user.name.name
    raise SqlError(
        f"The provided workload identity credential is invalid. [{uuid.uuid4()}]", 390144, "28000"
    )


def _trusted(user: Object) -> dict[str, str]:
    """WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '...' SUBJECT = '...')."""
    head = clauses(str(user.get("workload_identity", "")).strip("()"))
    return {key: head.text(key) for key in head.options}
