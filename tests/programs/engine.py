"""The embedded engine behind the Automation API, for tests of programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from drstate.engine.choice import choose_engine
from drstate.engine.settings import EngineSettings
from drstate.engine.stacks import Stacks
from drstate.programs.site import preload
from drstate.sandbox.engine.command import EmbeddedPulumi
from drstate.sandbox.engine.passphrase import PUBLIC
from drstate.sandbox.provider.folder import plugin_folder

PROJECT = """\
name: drstate
runtime: python
main: stacks
stackConfigDir: stacks
plugins:
  providers:
    - name: aws
      path: {plugin}
"""


def open_stacks(folder: Path, env: Mapping[str, str]) -> Stacks:
    """Stacks in a project and a file backend of their own under ``folder``."""
    preload()
    state = folder / "state"
    (folder / "stacks").mkdir(parents=True)
    state.mkdir()
    (folder / "stacks" / "__main__.py").write_text("")
    (folder / "Pulumi.yaml").write_text(PROJECT.format(plugin=plugin_folder(folder)))
    settings = EngineSettings(
        work_dir=folder,
        backend_url=f"file://{state}",
        env={**env, "PULUMI_CONFIG_PASSPHRASE": PUBLIC},
    )
    return Stacks(
        choose_engine(sandbox=True, requested="embedded", embedded=EmbeddedPulumi),
        settings,
        monotonic=time.monotonic,
    )
