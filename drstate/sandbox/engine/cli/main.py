"""The ``drstate-engine`` executable: the embedded engine with the command line of ``pulumi``.

stdout, stderr and exit codes are the CLI's, so that other tools can put it in its place. It asks
nothing: what needs consent needs ``--yes``. It refuses nothing by itself; the engine does.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import IO

from drstate.sandbox.engine.checkpoint import ENGINE_VERSION
from drstate.sandbox.engine.cli.about import about_lines, help_lines
from drstate.sandbox.engine.cli.interrupts import Interrupts
from drstate.sandbox.engine.failure import CODE_FAILED, CODE_TERMINATED
from drstate.sandbox.engine.host import Host
from drstate.sandbox.engine.output import OnLine, Output


def run() -> None:
    """The entry point."""
    sys.exit(main(sys.argv[1:]))


def main(args: list[str]) -> int:
    """Serve one command line of this process; its exit code."""
    output = Output(_writer(sys.stdout), _writer(sys.stderr))
    words = [word for word in args if word != "--non-interactive"]
    if words in ([], ["help"], ["--help"], ["-h"]):
        output.out("\n".join(help_lines()))
        return CODE_FAILED if not words else 0
    if words == ["about"]:
        output.out("\n".join(about_lines()))
        return 0
    if words in (["version"], ["--version"]):
        output.out(ENGINE_VERSION)
        return 0
    return _serve(args, output)


def _serve(args: list[str], output: Output) -> int:
    # late: `version`, which tools ask first, needs none of it
    from drstate.sandbox.engine.command import EmbeddedPulumi  # noqa: PLC0415

    interrupts = Interrupts(output.out)
    interrupts.install()
    host = replace(
        Host(),
        interrupted=interrupts.interrupted,
        terminated=interrupts.terminated,
        grace=float("inf"),
        read_input=sys.stdin.read,
        detached=True,
    )
    code = EmbeddedPulumi(host=host).serve(args, str(_here()), dict(os.environ), output)
    if interrupts.terminated():
        output.err("error: update cancelled")
        return CODE_TERMINATED
    if output.raised is not None:
        reason = getattr(output.raised, "strerror", None) or output.raised
        output.err(f"error: not all that there was to say could be written: {reason}")
        return code or CODE_FAILED
    return code


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a folder that is gone is the shell's to tell
    except FileNotFoundError:
        return "/"


def _writer(stream: IO[str]) -> OnLine:
    """Writes each line at once; a reader that has gone away does not end an update."""

    def write(line: str) -> None:
        try:
            stream.write(line + "\n")
            stream.flush()
        except OSError as error:
            _hush(stream)
            if not isinstance(error, BrokenPipeError):
                raise

    return write


def _hush(stream: IO[str]) -> None:
    """Send the rest of the stream nowhere: what is left in its buffer must not fail at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
