"""Provider plugins that are Python programs: a folder with PulumiPlugin.yaml.

It refuses plugin folders of other languages; executables need nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.language.interpreter import environment, interpreter
from drstate.sandbox.engine.language.runtime import PYTHON, read_runtime

FILE = "PulumiPlugin.yaml"
#: where a plugin's own environment is if the file names none
_OWN = "venv"


def python_plugin(folder: Path, env: Mapping[str, str]) -> tuple[list[str], dict[str, str]] | None:
    """The command and environment that start the plugin of a folder.

    None for a folder without PulumiPlugin.yaml. Raises FailedCommandError, naming the file.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        runtime = read_runtime((content or {}).get("runtime"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, AttributeError) as error:
        raise FailedCommandError(f"could not read {file}: {error}") from error
    if runtime.name != PYTHON:
        raise FailedCommandError(
            f"{file} asks for the runtime '{runtime.name}'; the embedded engine starts Python "
            "plugins and executables: put the plugin's executable there instead"
        )
    named = runtime.virtualenv or (_OWN if (folder / _OWN / "bin" / "python").is_file() else "")
    executable = interpreter(named, folder, env)
    return [executable, "-u", str(folder)], environment(executable, env)
