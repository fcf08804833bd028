"""A clean clone with a sandbox, and a machine that runs its workflows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drstate.sandbox.forkserver.wire import VARIABLE
from tests import forks
from tests.ci.github_standin import TOKEN, GitHub, serving
from tests.ci.runner import Runner
from tests.e2e.harness import ROOT, Bench

#: the one scope of the clone: small, and nothing in it waits for people by itself
CUSTOMER, ENVIRONMENT = "acme", "staging"

_DRSTATE = """#!{python} -E
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from drstate.sandbox.forkserver.client import Forked
here = Path(os.environ[{variable!r}])
sys.exit(Forked(here, "drstate_cli.main:run", argv=sys.argv[1:], streams=(0, 1, 2)).wait())
"""


def git(folder: Path, *words: str) -> str:
    """A command of git, with a name of its own and nobody's settings."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "alice" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "alice@acme.example" for who in ("AUTHOR", "COMMITTER")},
    }
    ended = subprocess.run(
        ["git", "-C", str(folder), *words], env=env, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def clone(folder: Path) -> Path:
    """What a checkout of this repository holds, and nothing that lies about beside it."""
    if (ROOT / ".git").exists():
        listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = [name for name in listed.split("\0") if name]
    else:
        kept = (*ROOT.glob("*.*"), *(ROOT / "requirements").glob("*"))
        deep = [one for part in (".github", "stacks") for one in (ROOT / part).rglob("*")]
        names = [str(one.relative_to(ROOT)) for one in (*kept, *deep) if one.is_file()]
    for name in names:
        # tests run in no job, and another scope would only take time
        other = name.startswith("stacks/") and name.endswith(".yaml")
        if name.startswith("tests/") or (other and f"{CUSTOMER}/{ENVIRONMENT}" not in name):
            continue
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "as it is")
    return folder


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A clone whose sandbox has the demo estate; nothing is protected yet. Only copied."""
    bench = Bench(tmp_path_factory.mktemp("ci"))
    bench.project.mkdir(parents=True)
    clone(bench.project)
    forks.sandbox(bench.sandbox)
    yield bench
    bench.stop()


@pytest.fixture
def bench(origin: Bench, tmp_path: Path) -> Iterator[Bench]:
    """A clone of one's own, and its sandbox."""
    copied = origin.copy(tmp_path / "bench")
    yield copied
    copied.stop()


@pytest.fixture
def github() -> Iterator[GitHub]:
    """GitHub's API."""
    with serving(GitHub()) as served:
        yield served


@pytest.fixture
def machine(github: GitHub, tmp_path: Path) -> Callable[[Bench], Runner]:
    """A runner with the clone as its workspace; ``drstate`` is installed on it."""

    def make(bench: Bench) -> Runner:
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        server = forks.server()
        shim = bin_folder / "drstate"
        if server is None:
            shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m drstate_cli.main "$@"\n')
        else:
            text = _DRSTATE.format(python=sys.executable, root=str(ROOT), variable=VARIABLE)
            shim.write_text(text)
        shim.chmod(0o755)
        env = bench.environment()
        del env["DRSTATE_CWD"]  # a job is in its workspace
        return Runner(
            workspace=bench.project,
            temp=tmp_path / "runner",
            env={
                **env,
                **({} if server is None else {VARIABLE: str(server)}),
                "PATH": f"{bin_folder}:{Path(sys.executable).parent}:{env['PATH']}",
                "GITHUB_API_URL": github.url,
                "TEST_GITHUB_TOKEN": TOKEN,
            },
            variables={"DRSTATE_REGION": "us-west-2"},
        )

    return make
