"""Runs one drstate command and tells whose code its processor time went to.

``python sampled.py FILE ARGUMENT…`` writes seconds of the process's processor time to FILE: ``aws``
(boto3's side of calls), ``engine`` (the Pulumi SDK, gRPC and the embedded engine), ``own``
(drstate's own code, and what it calls) and ``rest`` (imports, the interpreter). Waiting costs
nothing here. The kernel says how long each thread ran; what it ran is where it is found.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

PERIOD = 0.01
#: parts of file names, innermost frame first: whose code it is
AWS = ("/botocore/", "/urllib3/", "/boto3/", "/s3transfer/")
ENGINE = (
    *("/pulumi/", "/pulumi_aws/", "/grpc/", "/google/protobuf/"),
    *("/drstate/sandbox/engine/", "/drstate/sandbox/provider/"),
)
OWN = ("/drstate/", "/drstate_cli/")
IMPORTING = "<frozen importlib"
TASKS = Path("/proc/self/task")


def whose(frame: FrameType | None) -> str:
    """The owner of what a thread runs."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(IMPORTING):
            return "rest"
        for owner, parts in (("aws", AWS), ("engine", ENGINE), ("own", OWN)):
            if any(part in name for part in parts):
                return owner
        frame = frame.f_back
    return "rest"


def ran(task: int) -> float:
    """Seconds that a thread has been on a processor."""
    try:
        return int((TASKS / str(task) / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def main() -> None:
    """Run the command; write what was seen."""
    file, arguments = Path(sys.argv[1]), sys.argv[2:]
    seen: Counter[str] = Counter()
    before: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        me = threading.get_native_id()
        frames = sys._current_frames()  # noqa: SLF001 - nothing else tells
        for thread in threading.enumerate():
            task = thread.native_id
            if task is None or task == me:
                continue
            now = ran(task)
            seen[whose(frames.get(thread.ident or 0))] += max(0.0, now - before.get(task, 0.0))  # type: ignore[assignment]
            before[task] = now

    def watch() -> None:
        while not done.wait(PERIOD):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    from drstate_cli.main import call

    code = call(arguments)
    done.set()
    watcher.join()
    names = ("aws", "engine", "own", "rest")
    file.write_text(json.dumps({name: seen[name] for name in names}))
    sys.exit(code)


if __name__ == "__main__":
    main()
