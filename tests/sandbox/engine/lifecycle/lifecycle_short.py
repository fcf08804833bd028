"""A process whose update is short of room: in its files (limit), on its disk (full, readonly).

Prints what came of it as JSON: the error, the state file before and after, what the state has, and
what it has after another update with room.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[:0] = os.environ["LIFECYCLE_PATH"].split(os.pathsep)

from pulumi import automation as auto  # noqa: E402 - paths first

from tests.golden.golden_notation import Thing  # noqa: E402 - paths first
from tests.sandbox.engine.lifecycle.lifecycle_harness import open_stack  # noqa: E402 - paths first

#: of a file that is written in the update
MOST_BYTES = 5_000
#: left on the small disk
LEFT_BYTES = 12_288

mode, folder, port = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
state = folder / "state"
file = state / ".pulumi" / "stacks" / "golden" / "dev.json"
stack = open_stack(folder, port)


def update(count):
    def program():
        for number in range(count):
            Thing(f"n{number}", value="1")

    stack.workspace.program = program
    try:
        stack.up(parallel=1)
    except auto.CommandError as error:
        return str(error)
    return ""


def mount(*line):
    subprocess.run(["mount", *line], check=True)


def shorten():
    if mode == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, resource.RLIM_INFINITY))
    elif mode == "readonly":
        mount("--bind", str(state), str(state))
        mount("-o", "remount,ro,bind", str(state))
    else:
        shutil.copytree(state, folder / "copy")
        mount("-t", "tmpfs", "-o", "size=512k", "none", str(state))
        shutil.copytree(folder / "copy", state, dirs_exist_ok=True)
        disk = os.statvfs(state)
        free = disk.f_bavail * disk.f_frsize
        (state / "filler").write_bytes(b"x" * (free - LEFT_BYTES))


def relieve():
    if mode == "limit":
        limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    elif mode == "readonly":
        mount("-o", "remount,rw,bind", str(state))
    else:
        (state / "filler").unlink()


def names():
    found = stack.export_stack().deployment.get("resources", [])
    return [one["urn"].rpartition("::")[2] for one in found if "::n" in one["urn"]]


assert update(1) == ""
before = file.read_text()
shorten()
error = update(20)
after = file.read_text()
relieve()
kept = names()
if mode != "limit":  # the test goes on by itself there
    assert update(20) == ""
told = {"error": error, "before": before, "after": after, "kept": kept, "at_last": names()}
sys.stdout.write(json.dumps(told))
