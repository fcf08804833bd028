"""Which journal a project has: the file in its home, or a DynamoDB table that machines share.

The choice is made like that of the backend: the command line or ``DRSTATE_JOURNAL``, then
``drstate.journal`` of Pulumi.yaml, else the file. A sandbox has its own journal, whatever the
project asks for; only the command line and the environment send it to a table, which is then an
emulated one. Nothing is guessed, and nothing here makes a table.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from drstate.errors import ConfigError

VARIABLE = "DRSTATE_JOURNAL"
SECTION, KEY = "drstate", "journal"
#: what is said for the file in the home, where the project or the environment names a table
FILE = "file"
#: that file's name
JOURNAL_FILE = "journal.db"
SCHEME = "dynamodb"
EXAMPLE = "dynamodb://drstate-journal?region=us-west-2"
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class TablePlace:
    """A DynamoDB table that holds a journal."""

    table: str
    region: str

    def __str__(self) -> str:
        return f"{SCHEME}://{quote(self.table)}?region={self.region}"


def place_of(address: str, where: str) -> TablePlace | None:
    """The table that an address names; None for ``file``. Raises ConfigError naming ``where``."""
    if address == FILE:
        return None
    parts = urlsplit(address)
    named = parse_qs(parts.query, keep_blank_values=True)
    region = named.pop("region", [""])
    if parts.scheme != SCHEME:
        why = f"it has to be {FILE}, or begin with {SCHEME}://"
    elif not _TABLE.fullmatch(parts.netloc) or parts.path.strip("/"):
        why = "a table's name has 3 to 255 letters, digits, dots, dashes and underscores"
    elif len(region) != 1 or not _REGION.fullmatch(region[0]):
        why = "it does not name one region"
    elif named:
        why = f"it has more than a region: {', '.join(sorted(named))}"
    else:
        return TablePlace(parts.netloc, region[0])
    raise ConfigError(
        f"{where}: {address!r} is not the address of a journal", why=why, hint=f"like {EXAMPLE}"
    )


def chosen(
    project_dir: Path,
    *,
    sandbox: bool,
    asked: str | None = None,
    env: Mapping[str, str] | None = None,
) -> TablePlace | None:
    """The table of the project's journal; None: the file in its home. Raises ConfigError.

    ``asked`` is what the command line says.
    """
    known = os.environ if env is None else env
    if asked:
        return place_of(asked, "--journal")
    if known.get(VARIABLE):
        return place_of(known[VARIABLE], VARIABLE)
    named = None if sandbox else _of_project(project_dir / "Pulumi.yaml")
    return None if named is None else place_of(named, f"{SECTION}.{KEY} of Pulumi.yaml")


def _of_project(file: Path) -> str | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # a project that cannot be read is told by whoever needs it
    if f"{KEY}:" not in text:
        return None
    import yaml  # noqa: PLC0415 slow to load, and seldom needed

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{file} cannot be read", why=str(error), hint="mend the file and try again"
        ) from error
    section = content.get(SECTION) if isinstance(content, dict) else None
    found = section.get(KEY) if isinstance(section, dict) else None
    return None if found is None else str(found)
