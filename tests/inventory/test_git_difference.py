"""What differs from another branch, and the files as they were; real repositories throughout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from drstate.errors import ConfigError, UnknownNameError
from drstate.inventory.git import difference, files_of

NAMES = ("stacks", "Pulumi.yaml", "drstate.yaml")


def git(folder: Path, *arguments: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "protocol.file.allow=always")
    ended = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout of a branch that was made from main."""
    folder = tmp_path / "clone"
    (folder / "stacks" / "acme").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    write(folder, "stacks/acme/staging.yaml", "one")
    write(folder, "stacks/acme/production.yaml", "one")
    write(folder, "Pulumi.yaml", "name: drstate")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    git(folder, "switch", "-qc", "change")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_commits_the_working_tree_and_new_files_differ(clone):
    write(clone, "stacks/acme/staging.yaml", "two")
    git(clone, "commit", "-qam", "two")
    write(clone, "stacks/acme/production.yaml", "not committed")
    write(clone, "stacks/globex/a name\nwith a break.yaml", "new")
    write(clone, ".gitignore", "ignored\n")
    write(clone, "ignored", "x")
    assert difference(clone, "main").paths == (
        ".gitignore",
        "stacks/acme/production.yaml",
        "stacks/acme/staging.yaml",
        "stacks/globex/a name\nwith a break.yaml",
    )


def test_what_went_on_at_the_base_is_not_ours(clone):
    git(clone, "switch", "-q", "main")
    write(clone, "stacks/acme/production.yaml", "theirs")
    git(clone, "commit", "-qam", "theirs")
    git(clone, "switch", "-q", "change")
    write(clone, "stacks/acme/staging.yaml", "ours")
    git(clone, "commit", "-qam", "ours")
    assert difference(clone, "main").paths == ("stacks/acme/staging.yaml",)


def test_a_change_that_is_reverted_differs_no_more(clone):
    write(clone, "Pulumi.yaml", "name: other")
    git(clone, "commit", "-qam", "other")
    git(clone, "revert", "--no-edit", "HEAD")
    assert difference(clone, "main").paths == ()


def test_a_renamed_file_is_gone_there_and_new_here(clone):
    git(clone, "mv", "stacks/acme/staging.yaml", "stacks/acme/development.yaml")
    assert difference(clone, "main").paths == (
        "stacks/acme/development.yaml",
        "stacks/acme/staging.yaml",
    )


def test_a_project_in_a_folder_of_the_repository_sees_its_own_files(clone):
    project = clone / "dr" / "project"
    write(clone, "dr/project/stacks/acme/staging.yaml", "one")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "a project")
    git(clone, "branch", "-f", "main")
    write(clone, "dr/project/stacks/acme/staging.yaml", "two")
    write(clone, "Pulumi.yaml", "of another project")
    found = difference(project, "main")
    assert found.paths == ("stacks/acme/staging.yaml",)
    with files_of(project, found.commit, NAMES) as there:
        assert (there / "stacks/acme/staging.yaml").read_text() == "one"
        assert not (there / "Pulumi.yaml").exists()


def test_the_files_of_the_base_are_as_they_were_and_gone_afterwards(clone):
    write(clone, "stacks/acme/staging.yaml", "two")
    (clone / "Pulumi.yaml").unlink()
    commit = difference(clone, "main").commit
    with files_of(clone, commit, NAMES) as there:
        assert (there / "stacks/acme/staging.yaml").read_text() == "one"
        assert (there / "Pulumi.yaml").read_text() == "name: drstate"
        assert not (there / "drstate.yaml").exists()
    assert not there.exists()
    assert git(clone, "status", "--short") == "D Pulumi.yaml\n M stacks/acme/staging.yaml"


def test_a_link_in_the_base_is_not_followed(clone, tmp_path):
    (tmp_path / "secret").write_text("x")
    (clone / "stacks" / "acme" / "link.yaml").symlink_to(tmp_path / "secret")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "link")
    with files_of(clone, "HEAD", NAMES) as there:
        assert not (there / "stacks/acme/link.yaml").exists()


def test_the_surroundings_of_a_hook_do_not_send_it_elsewhere(clone, monkeypatch, tmp_path):
    write(clone, "Pulumi.yaml", "changed")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert difference(clone, "main").paths == ("Pulumi.yaml",)


class TestRefusals:
    @pytest.mark.parametrize("base", ["--output=x", "-", "", " "])
    def test_a_name_cannot_be_an_option(self, clone, base):
        with pytest.raises(UnknownNameError, match="is no branch or commit"):
            difference(clone, base)

    def test_an_unknown_branch_is_to_be_fetched(self, clone):
        with pytest.raises(UnknownNameError) as raised:
            difference(clone, "origin/release")
        assert raised.value.hint == "fetch it: git fetch origin release"

    def test_a_folder_without_git_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        with pytest.raises(ConfigError, match="is not a git checkout") as raised:
            difference(tmp_path, "main")
        assert "--all" in raised.value.hint

    def test_a_shallow_clone_without_the_branch_is_to_be_deepened(self, clone, tmp_path):
        shallow = tmp_path / "shallow"
        git(tmp_path, "clone", "-q", "--depth", "1", "-b", "change", clone.as_uri(), str(shallow))
        with pytest.raises(UnknownNameError) as raised:
            difference(shallow, "origin/main")
        assert "fetch-depth: 0" in raised.value.hint

    def test_a_clone_too_shallow_for_a_common_commit_too(self, clone, tmp_path):
        for branch in ("main", "change"):
            git(clone, "switch", "-q", branch)
            write(clone, "Pulumi.yaml", branch)
            git(clone, "commit", "-qam", branch)
        shallow = tmp_path / "shallow"
        git(tmp_path, "clone", "-q", "--depth", "1", "-b", "change", clone.as_uri(), str(shallow))
        git(shallow, "fetch", "-q", "--depth", "1", "origin", "main")
        with pytest.raises(ConfigError, match="too shallow") as raised:
            difference(shallow, "FETCH_HEAD")
        assert "fetch-depth: 0" in raised.value.hint

    def test_branches_that_share_nothing_are_told(self, clone):
        git(clone, "switch", "-q", "--orphan", "other")
        git(clone, "commit", "-q", "--allow-empty", "-m", "other")
        with pytest.raises(ConfigError, match="no commit in common"):
            difference(clone, "main")

    def test_git_that_is_not_there_is_told(self, clone, monkeypatch):
        monkeypatch.setenv("PATH", str(clone))
        with pytest.raises(ConfigError, match="git is not installed"):
            difference(clone, "main")
