"""Which Python interpreter runs a program or a plugin, and in which environment.

A virtual environment that is named has to be there: nothing is installed or downloaded. Where
none is named, ``PULUMI_PYTHON_CMD`` decides, else the interpreter that the engine itself runs in,
which is known to have the Pulumi SDK.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from drstate.sandbox.engine.failure import FailedCommandError


def interpreter(virtualenv: str, folder: Path, env: Mapping[str, str]) -> str:
    """The interpreter to start. ``virtualenv``: as named in a file of ``folder``; may be empty.

    Raises FailedCommandError for one that is not there.
    """
    if virtualenv:
        place = folder / virtualenv
        found = place / "bin" / "python"
        if not found.is_file():
            problem = "is no virtual environment" if place.is_dir() else "does not exist"
            raise FailedCommandError(
                f"runtime.options.virtualenv names {place}, which {problem}; the embedded engine "
                f"makes none. Run `python3 -m venv {place}` and `{found} -m pip install pulumi`"
            )
        return str(found)
    named = env.get("PULUMI_PYTHON_CMD")
    if not named:
        return sys.executable
    command = shutil.which(named, path=env.get("PATH"))
    if command is None:
        raise FailedCommandError(
            f"PULUMI_PYTHON_CMD names '{named}', which is not on PATH; correct it or unset it"
        )
    return command


def environment(executable: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that runs ``executable``: its virtual environment is active."""
    bin_folder = Path(executable).parent
    found = dict(env)
    if (bin_folder.parent / "pyvenv.cfg").is_file():
        found["VIRTUAL_ENV"] = str(bin_folder.parent)
        found["PATH"] = f"{bin_folder}:{env.get('PATH', '')}"
        found.pop("PYTHONHOME", None)
    return found
