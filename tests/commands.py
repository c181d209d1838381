"""Commands as people type them."""

from __future__ import annotations

import re

from typer.testing import CliRunner, Result

from churn.cli import app


def churn(*arguments: object) -> Result:
    """Run the command and pass on what is no error of the user."""
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refused(code: int, *arguments: object) -> str:
    """The command's one error message."""
    result = churn(*arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return re.sub(r"\s+", " ", result.stderr)
