"""One measurement in a process of its own: ``one_run.py <what> <count> [<operations>]``.

``sdk``: the SDK by itself. ``embedded`` and ``pulumi``: a stack's life through the Automation API,
with the null provider, on that engine. ``aws``: log groups on the embedded engine, in the sandbox
that the environment points at. Prints JSON: seconds of wall clock, of the process's own processor
time, and of that of the processes that it started and that have ended (plugins, a CLI). Other work
on the machine stretches processor time less.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


Times = dict[str, float]


def life(
    program: Callable[[], None], package: str, plugin: Path, command: Any, operations: list[str]
) -> dict[str, Times]:
    """The operations on a new stack, each timed."""
    from pulumi import automation as auto

    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        folder = Path(name)
        (folder / "project").mkdir()
        (folder / "state").mkdir()
        (folder / "project" / "Pulumi.yaml").write_text(
            "name: bench\nruntime: python\nplugins:\n  providers:\n"
            f"    - name: {package}\n      path: {plugin}\n"
        )
        stack = auto.create_or_select_stack(
            "dev",
            project_name="bench",
            program=program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(folder / "project"),
                pulumi_command=command,
                env_vars={
                    "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
                    "PULUMI_CONFIG_PASSPHRASE": "bench",
                    "PULUMI_HOME": str(folder / "home"),
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                    "BENCH_PYTHON": sys.executable,
                },
            ),
        )
        calls: dict[str, Callable[[], Any]] = {
            "up": stack.up,
            "up again": stack.up,
            "preview": stack.preview,
            "destroy": stack.destroy,
        }
        return {name: timed(calls[name]) for name in operations}


def timed(call: Callable[[], Any]) -> Times:
    """What a call takes, without what the calls before it left to collect."""
    gc.collect()
    begun, before = time.perf_counter(), os.times()
    call()
    took, after = time.perf_counter() - begun, os.times()
    return {
        "wall": took,
        "own": after.user + after.system - before.user - before.system,
        "others": (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        ),
    }


def main() -> None:
    """Measure what is asked for."""
    what, count, operations = sys.argv[1], int(sys.argv[2]), [*sys.argv[3:], ""][0].split(",")
    os.environ["GRPC_VERBOSITY"] = "NONE"
    for key in [key for key in os.environ if key.startswith("PULUMI_")]:
        del os.environ[key]
    if what == "sdk":
        from instant_monitor import serve
        from null_program import program

        with serve(program(count)) as run:
            found = {"run": timed(run)}
    elif what == "aws":
        from aws_program import program as log_groups

        from drstate.sandbox.engine.command import EmbeddedPulumi
        from drstate.sandbox.provider.folder import plugin_folder

        found = life(log_groups(count), "aws", plugin_folder(), EmbeddedPulumi(), operations)
    else:
        from null_program import PACKAGE, program

        from drstate.sandbox.engine.command import EmbeddedPulumi

        command = EmbeddedPulumi() if what == "embedded" else None
        found = life(program(count), PACKAGE, HERE / "null_provider", command, operations)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
