"""Stack tags of the file backend: one small file beside the state file.

It refuses a tag file that cannot be read, and removes the file with its last tag's stack only.
"""

from __future__ import annotations

import json

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import write_durably
from drstate.sandbox.engine.layout import Layout
from drstate.sandbox.engine.names import StackName

_VERSION = 1


def read_tags(layout: Layout, stack: StackName) -> dict[str, str]:
    """The tags of a stack, by name."""
    path = layout.tags(stack)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in sorted(content["tags"].items())}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FailedCommandError(
            f"could not read the tags in {path}: {error}; remove the file to begin with none"
        ) from error


def write_tags(layout: Layout, stack: StackName, tags: dict[str, str]) -> None:
    """Replace the tags of a stack."""
    content = {"version": _VERSION, "tags": dict(sorted(tags.items()))}
    write_durably(
        layout.tags(stack), json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    )
