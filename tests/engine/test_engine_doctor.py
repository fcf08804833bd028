"""What doctor says about an engine that cannot work: what is missing, and what mends it."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
from engine_lab import Lab

from drstate.engine.choice import choose_engine
from drstate.engine.facts import engine_facts


def told(lab: Lab, settings, engine=None) -> dict[str, str]:
    facts = engine_facts(engine or lab.engine, settings, {"HOME": str(lab.home)})
    return {one.what: one.mend for one in facts.troubles}


def test_a_missing_plugin_is_mended_by_the_installer(lab: Lab):
    assert told(lab, lab.settings) == {
        "the provider plugin 'aws' is not installed": "drstate engine install"
    }


def test_a_missing_passphrase_is_told_with_its_variable(lab: Lab):
    env = {name: value for name, value in lab.settings.env.items() if "PASSPHRASE" not in name}
    found = told(lab, dataclasses.replace(lab.settings, env=env))
    assert "PULUMI_CONFIG_PASSPHRASE" in found["no passphrase for the stacks' secrets"]


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_a_backend_out_of_reach_is_told(lab: Lab):
    settings = dataclasses.replace(
        lab.settings, backend_url=(lab.home / "nowhere" / "state").as_uri()
    )
    found = told(lab, settings, choose_engine(sandbox=True, requested="pulumi"))
    assert any("PULUMI_BACKEND_URL" in mend for mend in found.values()), found
