"""Hands a policy pack to the Pulumi CLI, with its configuration, for one preview.

The pack runs in a process of its own with this installation's Python; an engine that cannot run
packs is not given any. Findings of the pack stop nothing here: whoever previews judges by the same
rules, and refuses with everything else that is to be refused.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.engine.choice import CLI, EngineChoice

_ADVISORY = "advisory"


@dataclass(frozen=True)
class Pack:
    """A folder with PulumiPolicy.yaml, and policy -> its configuration."""

    folder: Path
    config: Mapping[str, Mapping[str, Any]]


@contextmanager
def pack_arguments(
    engine: EngineChoice, pack: Pack | None
) -> Iterator[tuple[list[str] | None, list[str] | None]]:
    """Packs and files of their configuration; nothing where the engine runs no packs."""
    if pack is None or engine.name != CLI:
        yield None, None
        return
    config = {
        name: {"enforcementLevel": _ADVISORY, **values} for name, values in pack.config.items()
    }
    with tempfile.TemporaryDirectory(prefix="drstate-policy-") as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        yield [str(pack.folder)], [str(file)]


def python_first(env: Mapping[str, str]) -> dict[str, str]:
    """A PATH on which the engine finds this Python, which has the pack's modules, before others."""
    known = env.get("PATH") or os.environ.get("PATH", os.defpath)
    own = str(Path(sys.executable).parent)
    return {"PATH": own if not known else f"{own}{os.pathsep}{known}"}
