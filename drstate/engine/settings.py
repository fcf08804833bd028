"""Where stacks are kept and what every engine command is told.

Nothing here is read from globals: whoever composes the program builds one ``EngineSettings`` from
options, the environment, or the sandbox. It refuses to hold secrets in its text form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from drstate.errors import ConfigError

#: the project that every stack belongs to; the committed Pulumi.yaml says the same
PROJECT = "drstate"
#: operations that the engine runs at once inside one stack
DEFAULT_PARALLEL = 16


@dataclass(frozen=True)
class EngineSettings:
    """``work_dir`` holds Pulumi.yaml. It is never written to here (``project`` makes one)."""

    work_dir: Path
    #: None: what the environment, Pulumi.yaml or `pulumi login` say
    backend_url: str | None = None
    #: ``passphrase`` (None), ``awskms://…``: used when a stack is created
    secrets_provider: str | None = None
    pulumi_home: Path | None = None
    #: added to the process environment for every command; may hold the passphrase
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    parallel: int = DEFAULT_PARALLEL

    def command_env(self) -> dict[str, str]:
        """Environment variables for the engine's commands."""
        env = {"PULUMI_SKIP_UPDATE_CHECK": "true", **self.env}
        if self.backend_url:
            env["PULUMI_BACKEND_URL"] = self.backend_url
        return env

    def backend(self, process_env: Mapping[str, str]) -> str:
        """The backend's address as far as it can be told without a command; "" if it cannot."""
        known = self.backend_url or self.env.get("PULUMI_BACKEND_URL")
        known = known or process_env.get("PULUMI_BACKEND_URL")
        if known:
            return known
        backend = self.project().get("backend")
        return str(backend.get("url") or "") if isinstance(backend, dict) else ""

    def backend_folder(self, process_env: Mapping[str, str]) -> Path | None:
        """Folder of a ``file://`` backend (the one that holds ``.pulumi``), else None."""
        url = self.backend(process_env)
        if not url.startswith("file://"):
            return None
        path = unquote(urlsplit(url)._replace(query="").geturl().removeprefix("file://"))
        if path == "~" or path.startswith("~/"):
            return Path(process_env.get("HOME", str(Path.home()))) / path[2:]
        return self.work_dir / path

    def stack_secrets(self) -> tuple[str, ...]:
        """Secrets providers that the settings files of stacks name, each once, sorted.

        A file that names none uses the backend's own. Files that cannot be read name none here:
        the engine tells what is wrong with them.
        """
        folder = self.work_dir / str(self.project().get("stackConfigDir") or ".")
        found: set[str] = set()
        for file in sorted(folder.glob("Pulumi.*.yaml")):
            try:
                data = yaml.safe_load(file.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, yaml.YAMLError):
                continue
            named = data.get("secretsprovider") if isinstance(data, dict) else None
            if isinstance(named, str):
                found.add(named)
        return tuple(sorted(found))

    def project(self) -> dict[str, object]:
        """Pulumi.yaml as data. Raises ConfigError where it is missing or not readable."""
        file = self.work_dir / "Pulumi.yaml"
        try:
            data = yaml.safe_load(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(
                f"{self.work_dir} has no Pulumi.yaml",
                why="stacks belong to a Pulumi project",
                hint="run drstate in the folder of your project, or name it with -C/--cwd",
            ) from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(
                f"{file} cannot be read", why=str(error), hint="mend the file and try again"
            ) from error
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            raise ConfigError(
                f"{file} names no project",
                why="the key 'name' is missing or not a text",
                hint=f"add `name: {PROJECT}`",
            )
        return data
