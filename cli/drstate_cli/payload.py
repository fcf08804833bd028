"""stdout: the payload and nothing else. stderr: what people read while they wait.

A reader that goes away (`| head`) is no error. Nor does a full disk behind a redirection end a run:
what cannot be written any more is dropped, and that is told at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from drstate_cli.options import Color, Common, Output
from drstate_cli.repeating import REPEATED

if TYPE_CHECKING:
    from rich.console import Console

    from drstate.errors import DrstateError

_RED, _YELLOW, _RESET = "\x1b[1;31m", "\x1b[33m", "\x1b[0m"
SANDBOX_NOTICE = "SANDBOX: an emulated AWS; no real account is touched"
#: why something that was to be said could not be written, a reader that went away apart
UNWRITTEN: list[str] = []
#: colours of the lines that want attention
PAINTS = {"error": _RED, "warning": _YELLOW}


def emit(common: Common, schema: str, document: dict[str, Any], text: Callable[[], str]) -> None:
    """Print one answer: a JSON document with its schema, or the text made by ``text``."""
    if common.output is Output.TEXT:
        write(sys.stdout, _fitted(text(), sys.stdout))
    else:
        # one document a line is also valid ndjson
        indent = 2 if common.output is Output.JSON else None
        whole = {"schema": schema, **REPEATED.document(document)}
        write(sys.stdout, json.dumps(whole, indent=indent, default=str))


def emit_line(document: dict[str, Any]) -> None:
    """Print one ndjson line at once."""
    write(sys.stdout, json.dumps(REPEATED.document(document), default=str))


def emit_error(error: DrstateError) -> None:
    """The answer of a command that could not give its own, for programs."""
    document = {"error": error.as_dict(), "exit_code": int(error.exit_code)}
    write(sys.stdout, json.dumps({"schema": "drstate.error/1", **REPEATED.document(document)}))


def tell(error: DrstateError) -> None:
    """What people read of an error: what happened, why, and what helps."""
    print(f"error: {error.what}", file=sys.stderr)
    from drstate_cli.render.words import hanging

    if error.why:
        print(f"  why:  {hanging(error.why)}", file=sys.stderr)
    if error.hint:
        print(f"  help: {hanging(REPEATED.text(error.hint))}", file=sys.stderr)


def say(text: str) -> None:
    """A line for people, on stderr."""
    write(sys.stderr, _fitted(text, sys.stderr))


def write(stream: TextIO, text: str) -> None:
    """Print a line at once; where it cannot be written any more, do nothing from then on."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        hush(stream)
    except OSError as error:
        hush(stream)
        UNWRITTEN.append(str(error.strerror or error))


def hush(stream: TextIO) -> None:
    """Send the rest of the stream nowhere, so that flushing it at exit does not fail either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def painted(common: Common, level: str, text: str) -> str:
    """The line in the colour of its level, where stderr shows colours."""
    paint = PAINTS.get(level)
    return f"{paint}{text}{_RESET}" if paint and _colored(common) else text


def console() -> Console:
    """A rich console on stderr; only drawn on where ``live`` allows it."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=False)


def live(common: Common) -> bool:
    """Whether a moving display may be drawn: a terminal, with colours, that nothing else reads."""
    return not common.machine and sys.stderr.isatty() and _colored(common)


def _colored(common: Common) -> bool:
    if common.color is not Color.AUTO:
        return common.color is Color.ALWAYS
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain


def _fitted(text: str, stream: TextIO) -> str:
    """On a terminal: long lines broken between words and indented. Elsewhere: as it is."""
    text = REPEATED.text(text)
    if not stream.isatty():
        return text
    from drstate_cli.render.words import folded

    return folded(text, shutil.get_terminal_size().columns)
