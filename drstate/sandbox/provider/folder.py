"""The folder that engines are pointed at, with an executable for this very environment.

The executable is written, not shipped: packages lose file modes, and it has to name the
interpreter that has our dependencies. One folder per interpreter and source tree, so that
environments do not overwrite each other's.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import tempfile
from pathlib import Path

EXECUTABLE = "pulumi-resource-aws"
_OWNER_RUNS_ALL_READ = 0o755


def plugin_folder(home: Path | None = None) -> Path:
    """The folder, made if need be."""
    source = Path(__file__).resolve().parents[3]
    script = _script(sys.executable, source)
    digest = hashlib.sha256(script.encode()).hexdigest()[:12]
    folder = (home or _cache()) / f"aws-plugin-{digest}"
    executable = folder / EXECUTABLE
    if not (executable.is_file() and os.access(executable, os.X_OK)):
        folder.mkdir(parents=True, exist_ok=True)
        _write(executable, script)
    return folder


def is_own(executable: Path) -> bool:
    """Whether an executable starts the plugin of this very environment and source tree."""
    if executable.name != EXECUTABLE:
        return False
    script = _script(sys.executable, Path(__file__).resolve().parents[3])
    try:
        return executable.read_text(encoding="utf-8", errors="replace") == script
    except OSError:
        return False


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "drstate"


def _script(interpreter: str, source: Path) -> str:
    """A shell script: interpreters' paths may be longer than a #! line can be."""
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(source))}${{PYTHONPATH:+:$PYTHONPATH}} "
        f'exec {shlex.quote(interpreter)} -P -m drstate.sandbox.provider.main "$@"\n'
    )


def _write(executable: Path, script: str) -> None:
    """In one step, since several processes may be at it."""
    handle, name = tempfile.mkstemp(dir=executable.parent, prefix=f".{EXECUTABLE}-")
    with os.fdopen(handle, "w") as file:
        file.write(script)
    written = Path(name)
    written.chmod(_OWNER_RUNS_ALL_READ)
    written.replace(executable)
