"""pulumi_aws's lazy modules are not safe to import from threads: everything is loaded before."""

from __future__ import annotations

import subprocess
import sys

#: the classes of every program, looked up at once by many threads after the preload
CODE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from drstate.programs.site import preload
preload()
before = {name for name in sys.modules if name.startswith("pulumi_aws")}
from drstate.programs.registry import touch
ready = threading.Barrier(12)
def declare(_):
    ready.wait()
    return touch()
with ThreadPoolExecutor(12) as pool:
    counts = set(pool.map(declare, range(12)))
after = {name for name in sys.modules if name.startswith("pulumi_aws")}
print(len(counts), min(counts) > 20, sorted(after - before))
"""


def test_after_the_preload_threads_import_nothing_of_the_provider_any_more() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 True []"
