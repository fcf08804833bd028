"""What was last planned for a stack, for ``stacks/__main__.py`` and so for plain Pulumi commands.

The journal's file knows it on the machine that planned. A clone in CI has no such file, and neither
has a project whose journal is a table that machines share, so the same value is also kept as a file
beside the stacks' settings, to be committed with them. The journal's file wins where both are
there. Nothing else is read, and a stack that was never planned is refused.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from drstate.errors import ConfigError, UnknownNameError
from drstate.journal import open_journal
from drstate.journal.address import JOURNAL_FILE, chosen
from drstate.model.places import STACKS
from drstate.model.shard import ShardInput

FOLDER = "planned"


def planned_file(project: Path, stack: str) -> Path:
    """Where the committed copy is."""
    return project / STACKS / FOLDER / f"{stack}.json"


def save_planned(project: Path, shard: ShardInput) -> Path:
    """Write the copy that clones read. Unchanged content leaves the file alone."""
    file = planned_file(project, shard.stack)
    text = shard.model_dump_json(indent=2, by_alias=True) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as temporary:
        temporary.write(text)
    Path(name).replace(file)
    return file


def _journal(home: Path) -> Path | None:
    """The journal of a sandbox or a project; ``DRSTATE_HOME`` tells where a project keeps it.

    A project whose journal is a table may have an old file, which is not believed any more.
    """
    if chosen(home, sandbox=False) is not None:
        return None
    folders = [home, home / ".drstate"]
    if os.environ.get("DRSTATE_HOME"):
        folders.append(Path(os.environ["DRSTATE_HOME"]))
    return next((one / JOURNAL_FILE for one in folders if (one / JOURNAL_FILE).is_file()), None)


def load_planned(home: Path, stack: str) -> ShardInput:
    """The shard that was last planned for the stack.

    ``home`` is a project's folder, or the sandbox's. Raises UnknownNameError where nothing was
    planned, ConfigError for a file that cannot be read.
    """
    journal = _journal(home)
    if journal is not None:
        store = open_journal(journal)
        try:
            found = store.planned_shard(stack)
        finally:
            store.close()
        if found is not None:
            return found
    file = planned_file(home, stack)
    try:
        return ShardInput.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise UnknownNameError(
            f"nothing was planned for stack {stack}",
            why=f"neither the journal under {home} nor {file} has it",
            hint="run `drstate up --phase replicate` for its scope; in a clone, commit "
            f"{STACKS}/{FOLDER}/ where drstate runs",
        ) from error
    except (OSError, ValidationError) as error:
        raise ConfigError(
            f"{file} cannot be read",
            why=str(error),
            hint="restore it from version control, or plan again: `drstate up`",
        ) from error
