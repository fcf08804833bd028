"""What must hold of the action and the workflows as they are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.harness import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
#: of the module registry; its binary is kept between runs, outside of the repository
ACTIONLINT = "1.7.12"
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def workflow(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in workflow(path)["jobs"].items():
            for step in job["steps"]:
                yield f"{path.name} {name}", step
    for step in ACTION["runs"]["steps"]:
        yield "action.yml", step


def actionlint() -> str:
    """The linter: the one on PATH, the one that was kept, or built from the module registry."""
    found = shutil.which("actionlint")
    if found:
        return found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "drstate-tests" / f"actionlint-{ACTIONLINT}"
    if (folder / "actionlint").is_file():
        return str(folder / "actionlint")
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        pytest.skip("neither actionlint nor go is on PATH")
    built = subprocess.run(
        [go, "install", f"github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}"],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"actionlint {ACTIONLINT} cannot be had: {built.stderr.strip()[-200:]}")
    return str(folder / "actionlint")


def test_actionlint_has_nothing_to_say():
    # without a repository around it, the linter does not know `./`
    ended = subprocess.run(
        [actionlint(), "-no-color", "-shellcheck=", "-pyflakes=", *map(str, WORKFLOWS)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_actionlint_would_have_found_a_wrong_input(tmp_path: Path):
    copied = tmp_path / ".github" / "workflows" / "wrong.yml"
    copied.parent.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", tmp_path)
    text = (FOLDER / "drstate-recover.yml").read_text(encoding="utf-8")
    copied.write_text(text.replace("          command: ${{", "          comand: ${{"))
    ended = subprocess.run(
        [actionlint(), "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert '"comand" is not defined' in ended.stdout


def test_actions_of_others_are_pinned_by_commit():
    used = [step["uses"] for _, step in steps() if "uses" in step]
    assert used
    assert [one for one in used if one != "./" and not _PINNED.fullmatch(one)] == []


def test_values_reach_scripts_by_env_only():
    assert [place for place, step in steps() if "${{" in step.get("run", "")] == []


def test_no_key_that_lasts_is_anywhere():
    for path in (*WORKFLOWS, ROOT / "action.yml"):
        text = path.read_text(encoding="utf-8").lower()
        for word in ("secrets.", "access-key", "access_key", "aws_secret"):
            assert word not in text, f"{path.name}: {word}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_have_least_permissions_a_time_limit_and_are_never_cut_off(path: Path):
    document = workflow(path)
    assert document["permissions"] == {}
    for name, job in document["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 350, name
        asked = job["permissions"]
        assert set(asked.values()) <= {"read", "write"}
        signs_in = any((step.get("with") or {}).get("role-to-assume") for step in job["steps"])
        writes = {scope for scope, level in asked.items() if level == "write"}
        comments = any((step.get("with") or {}).get("comment") for step in job["steps"])
        expected = ({"id-token"} if signs_in else set()) | (
            {"pull-requests"} if comments else set()
        )
        assert writes == expected, name
        if signs_in:
            assert job["environment"], "OIDC trusts Environments"
            queue = job.get("concurrency") or document.get("concurrency")
            assert queue["cancel-in-progress"] is False
            assert "${{" in queue["group"]
    for _, step in [
        one for one in steps() if one[1].get("uses", "").startswith("actions/checkout")
    ]:
        assert step["with"]["persist-credentials"] is False


def test_the_lock_of_the_action_is_the_part_of_the_whole_one_that_running_needs():
    command = [sys.executable, str(ROOT / "scripts" / "lock_run.py"), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_docs_name_every_input_and_every_output():
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    names = [*ACTION["inputs"], *ACTION["outputs"]]
    assert [name for name in names if f"`{name}`" not in text] == []
