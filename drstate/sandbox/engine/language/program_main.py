"""Runs one Pulumi program in a process of its own, against the monitor it is told of.

The engine starts this file with the interpreter of the program's virtual environment, in which
only the ``pulumi`` package is known to be there: it imports nothing of drstate, and keeps to what
older interpreters understand. Configuration comes in the variables that the SDK itself reads.
Exit code 0: the program ran; 1: it did not, which the engine reports; 32: it did not, and the
reason has been logged already. It refuses to run a program twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

#: the SDK keeps several calls per parallel step in flight
CALLS_PER_STEP = 4
EXPLAINED = 32


def _imported() -> None:
    try:
        import pulumi  # noqa: F401, PLC0415 - it may be missing, and that has to be said
    except ImportError:
        traceback.print_exc(limit=0)
        print(  # noqa: T201 - the engine shows what the program's process prints
            f"The Pulumi SDK is not installed for {sys.executable}. Run "
            f"`{sys.executable} -m pip install pulumi`, or name another virtual environment "
            "under runtime.options.virtualenv of Pulumi.yaml.",
            file=sys.stderr,
        )
        sys.exit(1)


def _users_traceback(error: BaseException, program: str) -> str:
    """The traceback from the program's own file on; the whole of it if that is not in it."""
    main = {program, os.path.join(program, "__main__.py")}  # noqa: PTH118 - runpy's own spelling
    frame = error.__traceback__
    while frame is not None:
        # PTH100: the name is compared, the file need not exist
        if os.path.abspath(frame.tb_frame.f_code.co_filename) in main:  # noqa: PTH100
            break
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame or error.__traceback__))


def main() -> int:
    """Run the program; the process's exit code."""
    # this file's folder is none of the program's business
    del sys.path[0]
    _imported()
    import pulumi  # noqa: PLC0415
    from pulumi import runtime  # noqa: PLC0415

    asked = json.loads(sys.argv[1])
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(
        runtime.Settings(
            project=asked["project"],
            stack=asked["stack"],
            organization=asked["organization"],
            parallel=asked["parallel"],
            dry_run=asked["dry_run"],
            monitor=asked["monitor"],
            engine=asked["engine"],
            root_directory=asked["root"],
        )
    )
    program = asked["program"]
    sys.argv = [program]
    os.chdir(asked["folder"])
    # a program that fails leaves futures behind that nobody looks at: asyncio need not tell
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = ThreadPoolExecutor(max_workers=max(asked["parallel"], 1) * CALLS_PER_STEP)
    loop.set_default_executor(threads)
    try:
        loop.run_until_complete(
            # a program has nothing to return; an awaitable would be awaited
            runtime.run_in_stack(lambda: (runpy.run_path(program, run_name="__main__"), None)[1])
        )
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - whatever a program raises is reported
        place = os.path.abspath(program)  # noqa: PTH100 - as in the traceback
        text = _users_traceback(error, place)
        pulumi.log.error(f"Program failed with an unhandled exception:\n{text}")
        return EXPLAINED
    finally:
        threads.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
