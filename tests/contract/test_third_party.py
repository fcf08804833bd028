"""A package from another house adds a technology, and keeps the same contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(__file__).resolve().parent / "package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the package is installed, as pip does it."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for file in PACKAGE.rglob("*"):
        if file.suffix in (".py", ".toml"):
            copy = source / file.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(folder)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths = [str(folder), str(ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=env, cwd=ROOT
    )


def test_its_technology_is_listed_with_its_policy(installed: dict[str, str]) -> None:
    told = run(installed, "-m", "drstate_cli.main", "technologies", "-o", "json")
    rows = {row["technology"]: row for row in json.loads(told.stdout)["technologies"]}
    assert rows["log-group"]["declares"] == ["LogGroup"]
    assert rows["log-group"]["phases"]["cleanup"] == "Keep logs for a day."
    words = ("iam", "policy", "--technology", "log-group", "--for", "adapters")
    policy = json.loads(run(installed, "-m", "drstate_cli.main", *words).stdout)
    assert [one["Sid"] for one in policy["Statement"]] == ["LogGroupRun1", "LogGroupRun2"]


def test_it_keeps_the_contract_of_every_technology(installed: dict[str, str]) -> None:
    test = "tests/contract/test_contract.py::test_the_contract_is_kept[log-group]"
    done = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", test)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
