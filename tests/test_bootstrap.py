from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from churn import __version__, bootstrap
from churn.domain.errors import UsageError
from churn.settings import Settings, settings
from tests.shipped import DEFAULT


def test_defaults() -> None:
    found = settings({}, {}, Path("none.toml"))
    assert found == Settings()
    assert found.windows(DEFAULT) == DEFAULT


def test_flags_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "churn.toml"
    file.write_text('data = "from-file"\nhome = "from-file"\nseed = 1\nas_of = 2024-03-31\n')
    environment = {"CHURN_HOME": "from-environment", "CHURN_SEED": "2", "OTHER": "x"}
    found = settings({"seed": 3, "as_of": None}, environment, file)
    assert found.data == Path("from-file")
    assert found.home == Path("from-environment")
    assert found.seed == 3
    assert found.as_of == date(2024, 3, 31)


def test_with_an_as_of_date_alone_the_windows_move() -> None:
    moved = Settings(as_of=date(2024, 12, 31))
    assert moved.windows(DEFAULT) == DEFAULT.ending(date(2024, 12, 31))
    kept = Settings(as_of=date(2024, 12, 31), outcome_end=date(2025, 3, 31))
    assert kept.windows(DEFAULT).outcome_end == date(2025, 3, 31)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dat = 'x'", r"no setting in .* 'dat'\n.*Did you mean"),
        ("seed = 'x'", "seed in .* is 'x'\n.*whole number"),
        ("as_of = 'x'", "as_of in .*\n.*date written as 2024-06-30"),
        ("not toml", "not valid TOML"),
        ("data = 3", "data in .* is 3\n.*a path"),
        ("home = ['a']", "home in .*\n.*a path"),
        ('data = "a\\u0000b"', "data in .*null byte"),
        (f"data = '{'x' * 300}'", "data in .*too long"),
        ("seed = 1.5", "seed in .* is 1.5\n.*whole number"),
        ("seed = true", "seed in .* is True\n.*whole number"),
        ("seed = -1", "seed in .* is -1"),
        ("seed = 4294967296", "a number from 0 to 4294967295"),
        (f"seed = {'9' * 5000}", "not valid TOML"),
        ("seed = " + "[" * 50_000, "not valid TOML"),
        ("as_of = 20240630", "as_of in .*\n.*date written as 2024-06-30"),
        ("as_of = 2024-06-30T12:00:00", "as_of in .*\n.*date written as 2024-06-30"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "churn.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        settings({}, {}, file)


def test_a_malformed_variable_is_named() -> None:
    with pytest.raises(UsageError, match="seed in CHURN_SEED is 'x'"):
        settings({}, {"CHURN_SEED": "x"}, Path("none.toml"))


def test_code_version_names_the_commit() -> None:
    assert bootstrap.code_version().startswith(__version__)
