"""The Pulumi project of the sandbox: a working folder of its own.

A rehearsal needs a provider plugin that a user's Pulumi.yaml must not name, and writes settings
files for stacks that a user's repository must not get. So the sandbox has its own project beside
its state; the Pulumi CLI can be used in it as well. The user's Pulumi.yaml is neither read nor
touched.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from drstate.engine.settings import PROJECT
from drstate.model.places import STACKS

#: where settings files of stacks and the program are, in a user's project and here

_PROGRAM = '''\
"""Declares what was last planned for the stack at hand, so that plain Pulumi commands work too."""

from pathlib import Path

import pulumi

from drstate.engine.planned import load_planned
from drstate.programs.site import declare

declare(load_planned(Path({home!r}), pulumi.get_stack()))
'''


def sandbox_project(home: Path, plugins: Mapping[str, Path]) -> Path:
    """The working folder under ``home``, made or brought up to date; safe to call at every start.

    ``home`` is the folder of the sandbox's journal; ``plugins`` maps provider packages to the
    folders of their plugins.
    """
    folder = home / "project"
    (folder / STACKS).mkdir(parents=True, exist_ok=True)
    project = {
        "name": PROJECT,
        "description": "the sandbox's own project, written by drstate; changes here are lost",
        "runtime": "python",
        "main": STACKS,
        "stackConfigDir": STACKS,
        "plugins": {
            "providers": [
                {"name": name, "path": str(path)} for name, path in sorted(plugins.items())
            ]
        },
    }
    _write(folder / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))
    _write(folder / STACKS / "__main__.py", _PROGRAM.format(home=str(home)))
    return folder


def _write(file: Path, text: str) -> None:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    # in one step: other processes of the same sandbox may be reading
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as temporary:
        temporary.write(text)
    Path(name).replace(file)
