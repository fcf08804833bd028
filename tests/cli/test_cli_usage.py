"""What was typed wrong: the exit code, what is wrong, and what helps; nothing on stdout."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("up --bogus", 2, ["no such option: --bogus", "help: drstate up --help"]),
        ("up --pase x", 2, ["--pase", "--phase"]),
        ("up --yes", 2, ["--phase is missing", "replicate"]),
        ("up --phase recover --yes", 2, ["'recover'", "activate"]),
        ("up --phase activate -c acme -e staging", 2, ["--yes must be given", "drstate preview"]),
        ("plan --phase activate -c acme", 2, ["-e/--environment missing"]),
        ("plan --phase activate", 2, ["-c/--customer and -e/--environment missing"]),
        ("plan --phase activate --approval never", 2, ["--approval 'never'", "automatic"]),
        ("plan --phase activate -c umbra -e production", 6, ["umbra", "acme/production"]),
        ("plan --phase activate -c acme -e stagin", 6, ["did you mean acme/staging"]),
        ("status -c acme", 2, ["-e/--environment missing"]),
        ("status -c acme -e prod", 6, ["'prod'", "production"]),
        ("status -c not,a,name -e staging", 6, ["'not,a,name'", "letters"]),
        ("status -c acme -e staging", 6, ["no execution of acme/staging"]),
        ("status 20990101-000000-0000", 6, ["20990101-000000-0000"]),
        ("watch", 6, ["no execution"]),
        ("logs", 6, ["no execution"]),
        ("sandbox status", 6, ["no sandbox is running", "help: drstate sandbox start"]),
        ("sandbox env", 6, ["no sandbox is running", "help: drstate sandbox start"]),
        ("doctor --sandbox", 6, ["no sandbox is running", "help: drstate sandbox start"]),
        ("history --limit 0", 2, ["--limit"]),
    ],
)
def test_it_is_refused_with_its_code_and_a_remedy(drstate, line, code, told):
    said = drstate(*line.split())
    assert said.code == code, said.err
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "  help: " in said.err
    assert "Traceback" not in said.err
    for part in told:
        assert part in said.err


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("sandbx", "drstate sandbox?"),
        ("strat", "drstate start or drstate sandbox start"),
        ("reset", "drstate sandbox reset"),
        ("sandbox strt", "drstate start or drstate sandbox start"),
        ("previw", "drstate preview"),
    ],
)
def test_an_unknown_command_suggests_from_the_whole_tree(drstate, line, meant):
    said = drstate(*line.split())
    assert said.code == 2
    assert f"did you mean {meant}" in said.err


def test_an_unknown_command_that_is_like_nothing_points_to_the_list(drstate):
    said = drstate("xyzzy")
    assert said.code == 2
    assert "help: drstate --help lists them" in said.err


@pytest.mark.parametrize("line", ["", "sandbox"])
def test_a_bare_group_shows_its_help_on_stderr_and_fails(drstate, line):
    said = drstate(*line.split())
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: drstate")
    assert "error:" not in said.err


def test_help_lists_every_command_with_a_whole_sentence(drstate):
    said = drstate("--help")
    assert said.code == 0
    listed = said.out.partition("Commands:")[2]
    for name in ("discover", "up", "resume", "sandbox"):
        assert f"\n  {name} " in listed
    assert "..." not in listed


def test_for_programs_the_error_is_one_document(drstate):
    said = drstate("status", "-c", "acme", "-e", "staging", "-o", "json")
    assert said.code == 6
    found = json.loads(said.out)
    assert next(iter(found)) == "schema"
    assert found["schema"] == "drstate.error/1"
    assert found["exit_code"] == 6
    assert found["error"]["code"] == "UnknownName"
    assert found["error"]["hint"]
    assert said.err.startswith("error: ")


def test_debug_shows_the_traceback(drstate):
    assert "Traceback" in drstate("status", "--debug").err


def test_a_bug_is_named_and_is_no_traceback(drstate, monkeypatch):
    from drstate.execution import readers

    def broken(*_, **__):
        raise ZeroDivisionError("a hole")

    monkeypatch.setattr(readers.Readers, "open", broken)
    said = drstate("history")
    assert said.code == 255
    assert "a bug in drstate: ZeroDivisionError: a hole" in said.err
    assert "--debug" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("raised", [KeyboardInterrupt, EOFError])
def test_an_interruption_is_130_and_says_where_to_look(drstate, monkeypatch, raised):
    from drstate.execution import readers

    def interrupted(*_, **__):
        raise raised

    monkeypatch.setattr(readers.Readers, "open", interrupted)
    said = drstate("history")
    assert said.code == 130
    assert "drstate status" in said.err
