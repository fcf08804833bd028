"""What is asked in a hurry loads little."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SHOW = "import sys; print('\\n'.join(sorted(sys.modules)))"


def _loaded(program: str, env: dict[str, str]) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}\n{_SHOW}"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name.partition(".")[0] for name in ended.stdout.split()}


@pytest.fixture
def env(project) -> dict[str, str]:
    import os

    return dict(os.environ)


def test_the_command_line_itself_loads_nothing_heavy(env):
    loaded = _loaded("import drstate_cli.main", env)
    assert "drstate_cli" in loaded
    assert not loaded & {"pydantic", "boto3", "botocore", "pulumi", "rich", "yaml", "moto", "grpc"}


@pytest.mark.parametrize("line", ["status", "history", "logs", "compliance"])
def test_reading_the_journal_loads_neither_the_engine_nor_aws(env, line):
    program = f"from drstate_cli.main import call; call([{line!r}])"
    loaded = _loaded(program, env)
    assert "sqlite3" in loaded
    assert not loaded & {"boto3", "botocore", "pulumi", "pulumi_aws", "rich", "moto", "grpc"}
