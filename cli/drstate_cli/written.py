"""Reads the folder that ``drstate preview --write-to`` makes: an index, and a text for each scope.

The folder may have come from another job, as a file of its run: nothing outside it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drstate.errors import ConfigError, UnknownNameError
from drstate_cli.reviewing import INDEX

if TYPE_CHECKING:
    from drstate.report.review import Index, IndexRow

_ANEW = "write it anew: drstate preview --all -o markdown --write-to DIR"


def read_index(folder: Path) -> Index:
    """The index of a folder. Raises UnknownNameError, ConfigError."""
    from pydantic import ValidationError

    from drstate.report.review import Index

    path = folder / INDEX
    if not path.is_file():
        raise UnknownNameError(
            f"there is no {INDEX} in {folder}",
            why="--from names a folder that drstate preview has written",
            hint="drstate preview --all -o markdown --write-to DIR",
        )
    try:
        return Index.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, ValueError, OSError) as error:
        raise ConfigError(
            f"{path} is not what drstate preview writes", why=str(error), hint=_ANEW
        ) from error


def read_text(folder: Path, row: IndexRow) -> str:
    """The text of one scope. Raises ConfigError where it is missing or outside the folder."""
    if Path(row.file).name != row.file:
        raise ConfigError(
            f"{INDEX} names {row.file!r}, which is not a file of {folder}",
            why="texts are beside the index",
            hint=_ANEW,
        )
    try:
        return (folder / row.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{INDEX} names {row.file}, which cannot be read", why=str(error), hint=_ANEW
        ) from error
