"""Options: every one has its variable, the default scope, and what the shell completes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from drstate_cli.main import app
from tests.planning.planning_estate import demo


def _commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


COMMANDS = dict(_commands(typer.main.get_command(app)))


def _options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option" and one.name != "help"]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_has_its_variable(path):
    options = _options(COMMANDS[path])
    assert len(options) >= 8  # the common ones at least
    for option in options:
        longest = max(option.opts, key=len)
        name = longest.removeprefix("--").replace("-", "_").upper()
        assert option.envvar == f"DRSTATE_{name}", longest


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_says_what_it_is_for(path):
    for option in _options(COMMANDS[path]):
        assert option.help, option.opts


def test_one_letter_means_the_same_in_every_command():
    meanings: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for option in _options(command):
            for short in option.opts:
                if not short.startswith("--"):
                    longest = max(option.opts, key=len)
                    meanings.setdefault(short, set()).add(longest)
    assert all(len(found) == 1 for found in meanings.values()), meanings
    assert {"-c", "-e", "-o", "-t", "-y", "-p", "-m", "-C"} <= set(meanings)


def test_a_variable_stands_for_its_option(drstate, monkeypatch):
    monkeypatch.setenv("DRSTATE_CUSTOMER", "acme")
    monkeypatch.setenv("DRSTATE_ENVIRONMENT", "staging")
    assert "no execution of acme/staging" in drstate("status").err


def test_the_option_wins_over_its_variable(drstate, monkeypatch):
    monkeypatch.setenv("DRSTATE_CUSTOMER", "acme")
    monkeypatch.setenv("DRSTATE_ENVIRONMENT", "staging")
    assert "no execution of globex/staging" in drstate("status", "-c", "globex").err


def test_the_project_folder_may_stand_before_the_command(drstate, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.delenv("DRSTATE_HOME")
    said = drstate("-C", str(tmp_path / "elsewhere"), "history", "-o", "json")
    assert said.code == 0
    assert (tmp_path / "elsewhere" / ".drstate").is_dir()


class TestDefaultScope:
    def test_it_completes_what_the_options_leave_out(self, drstate, project):
        (project / "drstate.yaml").write_text("default: {customer: nobody, environment: staging}\n")
        assert "nobody/staging" in drstate("plan", "--phase", "activate").err

    def test_an_option_wins_over_it(self, drstate, project):
        (project / "drstate.yaml").write_text("default: {customer: nobody, environment: staging}\n")
        said = drstate("plan", "--phase", "activate", "-c", "someone")
        assert "someone/staging" in said.err

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("default: [acme]\n", "must be a mapping"),
            ("default: {client: acme}\n", "must be a mapping"),
            ("- acme\n", "must be a mapping"),
            ("default: {customer: [}\n", "not valid YAML"),
        ],
    )
    def test_a_broken_file_is_named_with_the_mend(self, drstate, project, content, told):
        (project / "drstate.yaml").write_text(content)
        said = drstate("plan", "--phase", "activate")
        assert said.code == 2
        assert "drstate.yaml" in said.err
        assert told in said.err
        assert "help:" in said.err

    def test_an_empty_file_gives_none(self, drstate, project):
        (project / "drstate.yaml").write_text("")
        assert "-c/--customer and -e/--environment" in drstate("plan", "--phase", "activate").err


class TestCompletion:
    @pytest.fixture
    def complete(self, drstate, monkeypatch):
        def run(line: str) -> list[str]:
            monkeypatch.setenv("_DRSTATE_COMPLETE", "complete_bash")
            monkeypatch.setenv("COMP_WORDS", line)
            monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
            said = drstate()
            assert said.code == 0
            assert said.err == ""
            return said.out.split()

        return run

    @pytest.mark.parametrize(
        ("line", "offered"),
        [
            ("drstate up -c ", ["acme", "globex", "initech"]),
            ("drstate up -c g", ["globex"]),
            ("drstate up -c acme -e ", ["production", "staging"]),
            # a file of groups beside the scope's is no environment
            ("drstate up -c initech -e ", ["production"]),
            ("drstate group show -c initech -e production l", ["ledger"]),
            ("drstate preview --phase ", ["replicate", "instantiate", "activate", "cleanup"]),
            ("drstate up --ph", ["--phase"]),
            ("drstate sandbox st", ["start", "stop", "status"]),
            (
                "drstate history -o ",
                ["text", "json", "ndjson", "markdown", "md", "html", "junit"],
            ),
        ],
    )
    def test_names_come_from_the_project(self, complete, line, offered):
        assert complete(line) == offered

    def test_environments_are_those_of_the_customer(self, complete, project):
        (project / "stacks" / "globex" / "staging.yaml").unlink()
        assert complete("drstate up -c globex -e ") == ["production"]

    def test_without_a_journal_no_execution_is_offered_and_none_is_made(self, complete, project):
        assert complete("drstate logs ") == []
        assert not (project.parent / "home").exists()

    def test_targets_are_what_the_scope_protects(self, complete, project):
        from datetime import UTC, datetime

        from drstate.journal.sqlite import open_journal

        home = project.parent / "home"
        journal = open_journal(home / "journal.db", now=lambda: datetime.now(UTC))
        journal.save_catalog(demo().model_copy(update={"version": 0}))
        journal.close()
        assert complete("drstate up -c acme -e production -t o") == ["orders"]
        assert complete("drstate up -c acme -e production -t aurora") == [demo().entries[0].key]
        assert complete("drstate up -c acme -e staging -t o") == []
        assert complete("drstate up -t o") == []

    def test_a_damaged_journal_offers_nothing(self, complete, project):
        home = project.parent / "home"
        home.mkdir()
        (home / "journal.db").write_bytes(b"not a database" * 100)
        assert complete("drstate logs ") == []

    def test_phases_offered_are_the_phases_there_are(self):
        from drstate.model.phases import Phase
        from drstate_cli.completing import PHASES

        assert set(PHASES) == set(Phase)
