"""Key pairs and tokens of identity providers, by the unmodified connector."""

from __future__ import annotations

import http.client
import json
import re
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import jwt
import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector.errors import DatabaseError

from churn.emulator.server import Emulator
from tests.conftest import ROOT

pytestmark = pytest.mark.emulator

ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:ORG/REPO:environment:snowflake"
KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def public(key: rsa.RSAPrivateKey) -> str:
    pem = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    """An emulator that asks, and a service user with a key and a trusted provider."""
    with Emulator(users={"ADMIN": "secret"}, issuers={ISSUER: public(KEY)}) as emulator:
        admin = emulator.connection | {"user": "admin", "password": "secret"}
        with snowflake.connector.connect(**admin) as connection:
            for statement in statements():
                connection.cursor().execute(statement)
        yield emulator


def statements() -> list[str]:
    """How the README says to make the user and its roles, after the setup."""
    written = re.findall(r"   `((?:CREATE|GRANT) .*?;)`", (ROOT / "README.md").read_text())
    assert len(written) == 6
    body = "".join(public(KEY).splitlines()[1:-1])
    key = f"ALTER USER CHURN_CI SET RSA_PUBLIC_KEY = '{body}'"
    return ["CREATE ROLE CHURN_ROLE", "CREATE WAREHOUSE CHURN_WH", *written, key]


def logged_in(**login: Any) -> Any:
    with snowflake.connector.connect(**login) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT CURRENT_USER(), CURRENT_ROLE()")
        return cursor.fetchone()


def user_of(guarded: Emulator, **login: Any) -> str:
    where = {k: v for k, v in guarded.connection.items() if k not in ("user", "password", "role")}
    return str(logged_in(**where, **login)[0])


def test_a_key_pair(guarded: Emulator) -> None:
    login = {"user": "churn_ci", "authenticator": "SNOWFLAKE_JWT"}
    assert user_of(guarded, **login, private_key=private(KEY)) == "CHURN_CI"
    with pytest.raises(DatabaseError, match="JWT token is invalid") as error:
        user_of(guarded, **login, private_key=private(OTHER))
    assert error.value.errno == 390144
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        user_of(guarded, **login | {"user": "admin"}, private_key=private(KEY))


def test_a_key_whose_token_has_expired(guarded: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_LIFETIME_IN_SECONDS", "-60")
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        user_of(guarded, user="churn_ci", authenticator="SNOWFLAKE_JWT", private_key=private(KEY))


def token(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": "snowflakecomputing.com", "exp": now + 60}
    return jwt.encode(claims | changes, key, algorithm="RS256")


def of_the_workflow(name: str, role: str, guarded: Emulator) -> dict[str, Any]:
    """The connection that a workflow writes, to the emulator."""
    workflow = (ROOT / ".github" / "workflows" / name).read_text()
    assert "uses: ./.github/actions/snowflake\n" in workflow
    assert "SNOWFLAKE_ROLE: ${{ vars." in workflow
    text = (ROOT / ".github" / "actions" / "snowflake" / "action.yml").read_text()
    written = re.search(r"<<TOML\n(.*?)\n +TOML\n", text, re.DOTALL)
    assert written
    values = {
        "SNOWFLAKE_ACCOUNT": "emulator",
        "SNOWFLAKE_USER": "CHURN_CI",
        "SNOWFLAKE_ROLE": role,
        "SNOWFLAKE_WAREHOUSE": "CHURN_WH",
        "token": token(),
    }
    filled = re.sub(r"\$(\w+)", lambda v: values[v[1]], written[1])
    connection: dict[str, Any] = tomllib.loads(filled)["ci"]
    return connection | {k: guarded.connection[k] for k in ("host", "port", "protocol")}


@pytest.mark.parametrize(
    ("workflow", "role"),
    [("train-remote.yml", "CHURN_ROLE"), ("verify-account.yml", "CHURN_VERIFY")],
)
def test_the_token_of_a_workflow(
    guarded: Emulator, monkeypatch: pytest.MonkeyPatch, workflow: str, role: str
) -> None:
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")
    login = of_the_workflow(workflow, role, guarded)
    assert logged_in(**login) == ("CHURN_CI", role)
    with pytest.raises(DatabaseError, match="does not exist or not authorized"):
        logged_in(**login | {"role": "SYSADMIN"})


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60},
        {"sub": "repo:ORG/OTHER:environment:snowflake"},
        {"aud": "elsewhere"},
        {"iss": "https://elsewhere"},
        {"key": OTHER},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_token_that_proves_nothing(
    guarded: Emulator, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")
    with pytest.raises(DatabaseError, match="workload identity credential is invalid"):
        user_of(
            guarded,
            authenticator="WORKLOAD_IDENTITY",
            workload_identity_provider="OIDC",
            token=token(**changes),
        )


@pytest.mark.parametrize("user", ["nobody", "churn_ci", "admin"])
def test_no_password_is_no_login(guarded: Emulator, user: str) -> None:
    answer = asked(guarded, "", {"LOGIN_NAME": user, "PASSWORD": ""})
    assert (answer["success"], answer["code"]) == (False, "390100")


def asked(guarded: Emulator, query: str, data: dict[str, str]) -> Any:
    """What the emulator says to a login of this content."""
    host = guarded.connection["host"]
    with closing(http.client.HTTPConnection(host, guarded.port, timeout=10)) as connection:
        body = json.dumps({"data": data})
        connection.request("POST", f"/session/v1/login-request{query}", body)
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())


def test_a_login_that_cannot_be_read_is_answered(guarded: Emulator) -> None:
    bare = jwt.encode({"exp": int(time.time()) + 60}, KEY, algorithm="RS256")
    for query, data in (
        ("?roleName=a%20b", {"LOGIN_NAME": "admin", "PASSWORD": "secret"}),
        ("", {"LOGIN_NAME": "churn_ci", "AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": bare}),
    ):
        assert not asked(guarded, query, data)["success"]


def test_a_disabled_user(guarded: Emulator) -> None:
    admin = guarded.connection | {"user": "admin", "password": "secret"}
    login = {"user": "churn_ci", "authenticator": "SNOWFLAKE_JWT", "private_key": private(KEY)}
    with snowflake.connector.connect(**admin) as connection:
        connection.cursor().execute("ALTER USER CHURN_CI SET DISABLED = TRUE")
        with pytest.raises(DatabaseError, match="User access disabled"):
            user_of(guarded, **login)
        connection.cursor().execute("ALTER USER CHURN_CI SET DISABLED = FALSE")
    assert user_of(guarded, **login) == "CHURN_CI"


def test_a_role_that_a_role_of_the_user_has(guarded: Emulator) -> None:
    admin = guarded.connection | {"user": "admin", "password": "secret"}
    with snowflake.connector.connect(**admin) as connection:
        connection.cursor().execute("CREATE ROLE IF NOT EXISTS below")
        connection.cursor().execute("GRANT ROLE below TO ROLE CHURN_ROLE")
    where = {k: v for k, v in guarded.connection.items() if k not in ("user", "password")}
    login = {"user": "churn_ci", "authenticator": "SNOWFLAKE_JWT", "private_key": private(KEY)}
    assert logged_in(**where | login | {"role": "BELOW"}) == ("CHURN_CI", "BELOW")


def test_a_procedure_runs_as_its_caller(guarded: Emulator) -> None:
    admin = guarded.connection | {"user": "admin", "password": "secret"}
    with snowflake.connector.connect(**admin) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE IF NOT EXISTS procedures")
        cursor.execute(
            "CREATE OR REPLACE PROCEDURE who() RETURNS STRING LANGUAGE PYTHON RUNTIME_VERSION = "
            "'3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'who' AS $$\n"
            "def who(session):\n    return session.sql('SELECT CURRENT_USER()').collect()[0][0]\n$$"
        )
        cursor.execute("CALL who()")
        assert cursor.fetchall() == [("ADMIN",)]


def test_other_ways_are_refused_by_name(guarded: Emulator) -> None:
    with pytest.raises(DatabaseError, match="a login by OAUTH"):
        user_of(guarded, user="x", authenticator="oauth", token="t")
