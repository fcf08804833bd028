"""Where the file backend keeps things, and which backends are served at all.

It refuses every backend but ``file://`` ones, and file backends in a layout older than ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import yaml

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import write_durably
from drstate.sandbox.engine.names import ORGANIZATION, StackName

META_VERSION = 1


@dataclass(frozen=True)
class Layout:
    """Paths of one file backend. ``url`` is the address as the user gave it."""

    root: Path
    url: str

    @property
    def base(self) -> Path:
        """The folder that holds everything."""
        return self.root / ".pulumi"

    @property
    def meta(self) -> Path:
        """The file that states the layout's version."""
        return self.base / "meta.yaml"

    def stacks(self, project: str) -> Path:
        """The folder of a project's state files."""
        return self.base / "stacks" / project

    def state(self, stack: StackName) -> Path:
        """The state file."""
        return self.stacks(stack.project) / f"{stack.name}.json"

    def state_backup(self, stack: StackName) -> Path:
        """The state before its last write."""
        return self.stacks(stack.project) / f"{stack.name}.json.bak"

    def tags(self, stack: StackName) -> Path:
        """The stack's tags."""
        return self.stacks(stack.project) / f"{stack.name}.pulumi-tags"

    def side_journal(self, stack: StackName, run: str) -> Path:
        """The steps of one running update."""
        return self.stacks(stack.project) / f"{stack.name}.json.{run}.journal"

    def side_journals(self, stack: StackName) -> list[Path]:
        """The side journals that are there, oldest first."""
        prefix, suffix = f"{stack.name}.json.", ".journal"
        folder = self.stacks(stack.project)
        found = []
        for path in folder.iterdir() if folder.is_dir() else ():
            run = path.name[len(prefix) : -len(suffix)]
            if path.name.startswith(prefix) and path.name.endswith(suffix) and "." not in run:
                found.append(path)
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def backups(self, stack: StackName) -> Path:
        """The folder of a stack's backups."""
        return self.base / "backups" / stack.project / stack.name

    def history(self, stack: StackName) -> Path:
        """The folder of a stack's history."""
        return self.base / "history" / stack.project / stack.name

    def locks(self, stack: StackName) -> Path:
        """The folder of a stack's lock files."""
        return self.base / "locks" / ORGANIZATION / stack.project / stack.name

    def prepare(self) -> None:
        """Check the layout's version; a backend without one becomes ours."""
        try:
            meta = yaml.safe_load(self.meta.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if any((self.base / "stacks").glob("*.json")):
                raise FailedCommandError(
                    f"the state in {self.url} is not grouped by project; run `pulumi state "
                    "upgrade` with the Pulumi CLI first"
                ) from None
            write_durably(self.meta, f"version: {META_VERSION}\n".encode())
            return
        except (OSError, yaml.YAMLError) as error:
            raise FailedCommandError(f"could not read {self.meta}: {error}") from error
        version = meta.get("version") if isinstance(meta, dict) else None
        if version != META_VERSION:
            raise FailedCommandError(
                f"{self.meta} states layout version {version}; this engine serves {META_VERSION}"
            )


def open_layout(env: Mapping[str, str], project_url: str, folder: Path) -> Layout:
    """The backend that a command talks to. Raises FailedCommandError for any but a file backend."""
    url = env.get("PULUMI_BACKEND_URL") or project_url
    if not url:
        raise FailedCommandError(
            "no backend is configured; the embedded engine keeps state in files: set "
            "PULUMI_BACKEND_URL to file://<folder>"
        )
    if not url.startswith("file://"):
        raise FailedCommandError(
            f"the backend {url} is not served by the embedded engine; use file://<folder>, or the "
            "Pulumi CLI for other backends"
        )
    path = unquote(url.removeprefix("file://").partition("?")[0])
    if path == "~" or path.startswith("~/"):
        root = Path(env.get("HOME", str(Path.home()))) / path[2:]
    else:
        root = folder / path
    root = root.resolve()
    if not root.is_dir():
        raise FailedCommandError(
            f"the backend folder {root} does not exist; make it, or correct PULUMI_BACKEND_URL"
        )
    return Layout(root, url)
