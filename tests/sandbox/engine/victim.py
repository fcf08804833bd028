"""A process that is killed in the middle of an update: two steps are done, the third never ends."""

import sys
import threading
from pathlib import Path

from tests.sandbox.engine.front_harness import Front, resource, root, secret


def act(_request, log, _emit):
    log.append({"put": root(token=secret("hunter2"))})
    log.append({"put": resource("a", value=1)})
    (Path(sys.argv[1]) / "reached").write_text("yes")
    threading.Event().wait()


Front(Path(sys.argv[1])).up(act)
