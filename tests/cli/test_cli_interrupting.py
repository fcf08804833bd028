"""The deadline of an interrupted run is a number of seconds, or refused with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.errors import ConfigError
from drstate_cli.interrupting import VARIABLE, interrupt_policy
from drstate_cli.options import Color, Common, Output

COMMON = Common(
    cwd=Path(),
    home=Path(),
    sandbox=True,
    output=Output.TEXT,
    color=Color.NEVER,
    interactive=False,
    debug=False,
)


@pytest.mark.parametrize(("text", "seconds"), [("", 60.0), ("0", 0.0), ("2.5", 2.5)])
def test_the_deadline_is_taken_from_the_environment(monkeypatch, text, seconds):
    monkeypatch.setenv(VARIABLE, text)
    assert interrupt_policy(COMMON).deadline_seconds == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_a_deadline_of_no_length_is_refused(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigError, match=VARIABLE) as refused:
        interrupt_policy(COMMON)
    assert "60 s" in refused.value.hint
