"""Throw-away copies for previews: what they are sealed with."""

from __future__ import annotations

from dataclasses import replace

from drstate.engine.scratch import scratch_settings
from tests.engine.engine_lab import Lab

NAME, FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"


def test_a_passphrase_that_the_settings_bring_along_is_kept(lab: Lab):
    with scratch_settings(lab.settings) as scratch:
        assert scratch.env[NAME] == lab.passphrase


def test_without_one_the_copy_is_sealed_with_one_that_nobody_keeps(lab: Lab):
    settings = replace(lab.settings, env={FILE: "/nowhere"})
    made = []
    for _ in range(2):
        with scratch_settings(settings) as scratch:
            assert FILE not in scratch.env
            made.append(scratch.env[NAME])
    assert len({*made}) == 2
