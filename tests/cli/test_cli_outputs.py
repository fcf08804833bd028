"""Every verb that answers something does so for people and as lines (as documents: beside it)."""

from __future__ import annotations

import json
import os

import pytest

from drstate_cli.main import call

SCOPE = ("-c", "globex", "-e", "staging")
VERBS = {
    ("discover", *SCOPE): "drstate.inventory/1",
    ("plan", "--phase", "replicate", *SCOPE): "drstate.plan/1",
    ("preview", "--phase", "replicate", *SCOPE): "drstate.preview/1",
    ("capture", *SCOPE): "drstate.capture/1",
    ("up", "--phase", "replicate", "--approval", "required", "--yes", *SCOPE): "drstate.status/1",
    ("resume", *SCOPE): "drstate.status/1",
    ("status", *SCOPE): "drstate.status/1",
    ("watch", *SCOPE): "drstate.status/1",
    ("history",): "drstate.history/1",
    ("logs", *SCOPE): "drstate.logs/1",
    ("cancel", *SCOPE): "drstate.status/1",
    ("technologies",): "drstate.technologies/1",
    ("doctor",): "drstate.doctor/1",
    ("sandbox", "status"): "drstate.sandbox/1",
    ("version",): "drstate.version/1",
}


@pytest.fixture
def said(bench, tmp_path, monkeypatch, capsys):
    """Run a command line in this process, on the shared sandbox and a copy of what is known."""
    copied = bench.copy(tmp_path / "copy")
    kept = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("DRSTATE_", "AWS_")):
            monkeypatch.delenv(name)
    for name, value in copied.environment().items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        code = call([*arguments])
        seen = capsys.readouterr()
        assert code in (0, 1, 10, 11), seen.err
        return seen.out

    yield run
    copied.stop()
    os.environ.clear()
    os.environ.update(kept)


#: what begins or ends an execution can be said once only
ONCE = {"up": ("text",), "cancel": ("json",)}


def test_every_verb_answers_as_text_and_as_lines(said):
    for line, schema in VERBS.items():
        for form in ONCE.get(line[0], ("text", "ndjson")):
            out = said(*line, "-o", form)
            assert out.strip(), (line, form)
            if form == "text":
                with pytest.raises(ValueError, match=r"Expecting value|Extra data"):
                    json.loads(out)
            elif form == "json":
                assert json.loads(out)["schema"] == schema, line
            else:
                lines = [json.loads(row) for row in out.splitlines()]
                assert lines[-1]["schema"] == schema, line
                assert {row["schema"] for row in lines[:-1]} <= {"drstate.event/1"}, line
