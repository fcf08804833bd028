"""Runs one drstate command and tells, by looking at its threads, whose code their time went to.

``python sampled.py FILE ARGUMENT…`` writes seconds of thread time to FILE: ``aws`` (in a call of
the emulated AWS, waiting for its answer included), ``engine`` (the Pulumi SDK, gRPC and the engine)
and ``own`` (everything else of drstate). Threads that wait for each other count for nobody.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

PERIOD = 0.005
#: parts of file names, innermost frame first: whose code it is
AWS = ("/botocore/", "/urllib3/", "/boto3/", "/s3transfer/")
ENGINE = ("/pulumi/", "/pulumi_aws/", "/grpc/", "/drstate/sandbox/engine/", "/google/protobuf/")
OWN = ("/drstate/", "/drstate_cli/")


def whose(frame: FrameType | None) -> str:
    """The owner of a thread's moment; empty where it waits."""
    waits = frame is not None and frame.f_code.co_filename.endswith(
        ("/threading.py", "/queue.py", "/selectors.py", "/subprocess.py", "/thread.py", "/_base.py")
    )
    while frame is not None:
        name = frame.f_code.co_filename
        if any(part in name for part in AWS):
            return "aws"
        if any(part in name for part in ENGINE):
            return "engine"
        if any(part in name for part in OWN):
            return "" if waits else "own"
        frame = frame.f_back
    return ""


def main() -> None:
    """Run the command; write what was seen."""
    file, arguments = Path(sys.argv[1]), sys.argv[2:]
    seen: Counter[str] = Counter()
    done = threading.Event()

    def look() -> None:
        last = time.perf_counter()
        while not done.wait(PERIOD):
            now = time.perf_counter()
            me = threading.get_ident()
            for thread, frame in sys._current_frames().items():  # noqa: SLF001 - nothing else tells
                if thread != me:
                    seen[whose(frame)] += now - last  # type: ignore[assignment]
            last = now

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    from drstate_cli.main import main as command

    sys.argv = ["drstate", *arguments]
    code = 0
    try:
        command()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        done.set()
        watcher.join()
        file.write_text(json.dumps({name: seen[name] for name in ("aws", "engine", "own")}))
    sys.exit(code)


if __name__ == "__main__":
    main()
