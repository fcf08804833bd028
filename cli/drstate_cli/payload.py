"""stdout: the payload and nothing else. stderr: what people read while they wait."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drstate_cli.options import Color, Common, Output

if TYPE_CHECKING:
    from rich.console import Console


def emit(common: Common, schema: str, document: dict[str, Any], text: Callable[[], str]) -> None:
    """Print one answer: a JSON document with its schema, or the text made by ``text``."""
    if common.output is Output.TEXT:
        print(text())
    else:
        # one document a line is also valid ndjson
        indent = 2 if common.output is Output.JSON else None
        print(json.dumps({"schema": schema, **document}, indent=indent, default=str))


def emit_line(document: dict[str, Any]) -> None:
    """Print one ndjson line at once."""
    print(json.dumps(document, default=str), flush=True)


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def console(common: Common, *, stderr: bool = True) -> Console:
    """A rich console on stderr (or stdout) that keeps to ``--color`` and NO_COLOR."""
    from rich.console import Console

    never = common.color is Color.NEVER or bool(os.environ.get("NO_COLOR"))
    return Console(
        stderr=stderr,
        no_color=never,
        force_terminal=True if common.color is Color.ALWAYS else None,
        highlight=False,
        soft_wrap=False,
    )


def live(common: Common) -> bool:
    """Whether a moving display may be drawn: a terminal that nothing else reads."""
    return (
        not common.machine
        and sys.stderr.isatty()
        and not os.environ.get("CI")
        and os.environ.get("TERM") != "dumb"
    )
