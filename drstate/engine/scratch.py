"""Previews without a trace: a throw-away project and backend that hold one stack's state.

A stack that does not exist yet, or whose state is about to be moved, is previewed on a copy, so
that a preview never creates a stack, a settings file or a lock anywhere. The copy is deleted at
the end.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from drstate.engine.settings import EngineSettings


@contextmanager
def scratch_settings(
    settings: EngineSettings, *, keep_passphrase: bool = False
) -> Iterator[EngineSettings]:
    """Settings like ``settings``, but with a project and a backend that vanish afterwards.

    Secrets in it are sealed with a passphrase that nobody keeps, unless ``keep_passphrase``, or
    with one that the settings bring along: its key has been derived already.
    """
    project = settings.project()
    with tempfile.TemporaryDirectory(prefix="drstate-preview-") as name:
        folder = Path(name)
        state = folder / "state"
        state.mkdir()
        copy = _relocated(project, settings.work_dir)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(copy), encoding="utf-8")
        env = dict(settings.env)
        if not keep_passphrase and "PULUMI_CONFIG_PASSPHRASE" not in env:
            env["PULUMI_CONFIG_PASSPHRASE"] = secrets.token_hex(16)
            env.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        env.pop("PULUMI_BACKEND_URL", None)
        yield replace(
            settings,
            work_dir=folder,
            backend_url=state.as_uri(),
            secrets_provider=None,
            pulumi_home=settings.pulumi_home,
            env=env,
        )


def _relocated(project: dict[str, object], folder: Path) -> dict[str, Any]:
    """The project file for another folder: no program, no backend, absolute plugin paths."""
    copy: dict[str, Any] = {
        key: value
        for key, value in project.items()
        if key not in ("main", "backend", "stackConfigDir", "config")
    }
    plugins = copy.get("plugins")
    if isinstance(plugins, dict):
        copy["plugins"] = {
            kind: [
                {**one, "path": str((folder / str(one["path"])).resolve())}
                if isinstance(one, dict) and "path" in one
                else one
                for one in listed or ()
            ]
            for kind, listed in plugins.items()
        }
    return copy
