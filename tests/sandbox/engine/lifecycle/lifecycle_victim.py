"""A process that is killed in the middle of an update: a is made, b never ends."""

import os
import sys
from pathlib import Path

sys.path[:0] = os.environ["LIFECYCLE_PATH"].split(os.pathsep)

from tests.golden.golden_notation import Thing  # noqa: E402 - paths first
from tests.sandbox.engine.lifecycle.lifecycle_harness import open_stack  # noqa: E402 - paths first


def program():
    a = Thing("a", value="1")
    Thing("b", value=a.label)


stack = open_stack(Path(sys.argv[1]), sys.argv[2])
stack.workspace.program = program
stack.up()
