"""From the fork to the end of a process: it becomes what a fresh interpreter would be.

Nothing of the server is left open. The function ends as a script does: SystemExit tells the exit
code, other exceptions are printed, threads are waited for, exit functions run. Taking the modules
apart at the end, which takes longer than many a command, is left out.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from .wire import Request

_RESET = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP)


def become(request: Request, streams: Iterable[int], foreign: Iterable[int]) -> NoReturn:
    """In the child: run the request. ``foreign``: the server's file numbers."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for one in _RESET:
            signal.signal(one, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python sets it
        for own, given in enumerate(streams):
            os.dup2(given, own)
            os.close(given)
        for number in foreign:
            with suppress(OSError):
                os.close(number)
        _open_streams()
        os.environ.clear()
        os.environ.update(request.env)
        os.chdir(request.cwd)
        sys.argv = list(request.argv)
        code = _run(request.target)
    except BaseException:  # noqa: BLE001 - whatever it is, the server's loop must not go on here
        with suppress(Exception):
            traceback.print_exc()
    finally:
        with suppress(BaseException):
            _flush()
        os._exit(code)


def _open_streams() -> None:
    sys.stdin, sys.stdout = _text(0, "r"), _text(1, "w")
    sys.stderr = _text(2, "w", errors="backslashreplace")
    # the server's own are not flushed at the end: what they hold is not this process's
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))


def _text(number: int, mode: str, errors: str = "strict") -> io.TextIOWrapper:
    raw = io.FileIO(number, mode, closefd=False)
    buffer = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    at_once = number == 2 or os.isatty(number)
    return io.TextIOWrapper(buffer, encoding="utf-8", errors=errors, line_buffering=at_once)


def _run(target: str) -> int:
    module, _, function = target.partition(":")
    code = 0
    try:
        code = _code(getattr(import_module(module), function)())
    except SystemExit as ended:
        code = _code(ended.code)
    except KeyboardInterrupt:
        traceback.print_exc()
        _flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as the interpreter tells what nobody caught
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for threads, runs what pools registered
    atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter's own end is skipped
    return code


def _code(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, int):
        return given & 0xFF
    sys.stderr.write(f"{given}\n")
    return 1


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
