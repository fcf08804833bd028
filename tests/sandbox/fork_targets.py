"""What processes of the fork server's tests do."""

from __future__ import annotations

import atexit
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path


def show() -> None:
    told = {
        "argv": sys.argv[1:],
        "env": dict(os.environ),
        "cwd": str(Path.cwd()),
        "leads": os.getsid(0) == os.getpid(),
        "open": sorted(one.name for one in Path("/proc/self/fd").iterdir()),
        "drawn": random.random(),
    }
    sys.stdout.write(json.dumps(told))
    sys.stderr.write("told")


def code() -> int:
    return int(sys.argv[1])


def leave() -> None:
    raise SystemExit(sys.argv[1])


def fail() -> None:
    raise RuntimeError("on purpose")


def late() -> None:
    """Ends long before its thread and its exit function have said something."""
    release = threading.Event()

    def speak() -> None:
        release.wait()
        sys.stdout.write("thread ")

    threading.Thread(target=speak).start()
    atexit.register(sys.stdout.write, "exit")
    threading.Timer(0.05, release.set).start()


def wait() -> None:
    """Until it is told to end; says which signal did."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM})
    Path(sys.argv[1]).write_text("SIGTERM")


def sleep() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


def threads() -> None:
    """As loading something should not do."""
    threading.Thread(target=threading.Event().wait, name="loitering", daemon=True).start()
