"""What ``drstate preview`` refuses before it looks at anything."""

from __future__ import annotations

import contextlib
import json

import pytest

from drstate.journal import open_journal
from drstate.model.scope import ScopeKey
from tests.inventory.test_git_difference import git
from tests.planning.planning_estate import demo


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("--all", "--changed", "main"), "--all and --changed exclude each other"),
        (("--changed", "main", "--base", "main"), "--changed and --base exclude each other"),
        (("--all", "-t", "orders"), "--target has no meaning with --all"),
        (("--changed", "main", "--to", "us-west-2"), "--to has no meaning with --changed"),
        (("--all", "--limit", "3999"), "--limit 3999 is out of bounds"),
        (("--all", "--limit", "64001"), "--limit 64001 is out of bounds"),
        (("--all", "--approval", "maybe"), "--approval 'maybe' does not exist"),
        (("--all", "--phase", "fly"), "--phase 'fly' does not exist"),
        (("-o", "markdown"), "the scope is not complete"),
    ],
)
def test_options_that_contradict_each_other_are_refused_with_a_remedy(drstate, line, told):
    said = drstate("preview", *line)
    assert said.code == 2
    assert told in said.err
    assert "help:" in said.err
    assert said.out == ""


def test_a_base_that_git_does_not_know_is_told_with_what_fetches_it(drstate, project):
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    said = drstate("preview", "--changed", "origin/main")
    assert said.code == 6
    assert "git fetch origin main" in said.err


def test_a_project_without_git_names_the_ways_without_it(drstate, project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    said = drstate("preview", "--changed", "main")
    assert said.code == 2
    assert "--all" in said.err


def test_an_error_is_a_document_where_a_program_reads(drstate):
    said = drstate("preview", "--all", "--changed", "main", "-o", "json")
    assert '"schema": "drstate.error/1"' in said.out


def test_a_change_that_touches_nothing_says_so_and_needs_no_sandbox(drstate, project, tmp_path):
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    said = drstate("preview", "--changed", "main", "--write-to", str(tmp_path / "out"))
    assert said.code == 0
    assert "no scope is touched" in said.err
    assert (tmp_path / "out" / "index.json").exists()


@pytest.fixture
def cloned(project):
    """The project as a clone, at main."""
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    return project


def test_a_scope_file_with_a_mistake_is_told_in_its_comment(drstate, cloned, tmp_path):
    file = cloned / "stacks" / "acme" / "staging.yaml"
    file.write_text(file.read_text().replace("  recovery: us-west-2", "  recovery: '@all|<b>'"))
    out = tmp_path / "out"
    said = drstate("preview", "--changed", "main", "--write-to", str(out), "-o", "json")
    assert said.code == 1
    (row,) = json.loads((out / "index.json").read_text())["scopes"]
    assert (row["refused"], row["empty"], row["file"]) == (True, False, "acme.staging.md")
    text = (out / "acme.staging.md").read_text()
    assert "`acme/staging`: `replicate` cannot be previewed" in text
    assert "regions.recovery" in text
    assert "`@all|<b>`" in text or "@all|<b>" not in text
    (answer,) = json.loads(said.out)["scopes"]
    assert answer["error"]["code"] == "Config"


def test_a_scope_whose_file_is_gone_and_that_has_no_standby_is_nothing_to_do(
    drstate, cloned, tmp_path
):
    (cloned / "stacks" / "acme" / "staging.yaml").unlink()
    out = tmp_path / "out"
    assert drstate("preview", "--changed", "main", "--write-to", str(out)).code == 0
    (row,) = json.loads((out / "index.json").read_text())["scopes"]
    assert (row["empty"], row["refused"]) == (True, False)
    assert "its file is gone" in (out / "acme.staging.md").read_text()


def test_one_that_is_still_protected_is_refused(drstate, cloned, tmp_path):
    key = ScopeKey(customer="acme", environment="staging")
    with contextlib.closing(open_journal(tmp_path / "home" / "journal.db")) as journal:
        journal.save_catalog(demo().model_copy(update={"scope": key, "version": 0}))
    (cloned / "stacks" / "acme" / "staging.yaml").unlink()
    said = drstate("preview", "--changed", "main")
    assert said.code == 1
    assert "stacks/acme/staging.yaml is gone, and acme/staging is still protected" in said.out
    assert "restore stacks/acme/staging.yaml" in said.out


def test_narrowing_says_how_many_scopes_it_leaves_out(drstate, cloned):
    (cloned / "stacks" / "acme" / "staging.yaml").unlink()
    said = drstate("preview", "--changed", "main", "-c", "globex")
    assert said.code == 0
    assert "only globex: 1 of 1 scopes left out" in said.err


def test_a_verb_without_markdown_says_which_have_it(drstate):
    said = drstate("plan", "-o", "markdown", "--phase", "replicate")
    assert said.code == 2
    assert "drstate report -o markdown" in said.err
