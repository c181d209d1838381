"""Who may log in: by password, by key pair, by a token of an identity provider."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt

from churn.emulator import catalog
from churn.emulator.errors import SqlError, unsupported
from churn.emulator.objects import Name, Object

if TYPE_CHECKING:
    from churn.emulator.account import Account

AUDIENCE = "snowflakecomputing.com"
ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"]
KEYS = ("rsa_public_key", "rsa_public_key_2")


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
            if account.users.get(name, "") != asked.get("PASSWORD"):
                raise SqlError("Incorrect username or password was specified.", 390100, "28000")
            return name
        case "SNOWFLAKE_JWT":
            return _by_key(account, name, str(asked.get("TOKEN")))
        case "WORKLOAD_IDENTITY" if asked.get("PROVIDER") == "OIDC":
            return _by_identity(account, str(asked.get("TOKEN")))
        case other:
            raise unsupported(f"a login by {other}")


def _by_key(account: Account, name: str, token: str) -> str:
    """The token is signed by one of the two keys of the user."""
    user = account.objects.find("USER", Name(name=name))
    for key in [user[k] for k in KEYS if user.get(k)] if user else []:
        try:
            proven = jwt.decode(token, _pem(key), ALGORITHMS, options={"require": ["exp"]})
        except jwt.PyJWTError:
            continue
        if str(proven["sub"]).rpartition(".")[2] == name:
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
    head = catalog.clauses(str(user.get("workload_identity", "")).strip("()"))
    return {key: head.text(key) for key in head.options}
