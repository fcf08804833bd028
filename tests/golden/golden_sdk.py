"""What is done to the SDK for a recording: its calls and events are kept, its order held still.

Without this the SDK's own threads would decide the order of registrations.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from pulumi import automation as auto
from pulumi.automation import events as auto_events
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.rpc_manager import RPCManager


class Recording(auto.PulumiCommand):
    """Passes each command on and keeps what went in and what came out."""

    def __init__(self, inner):
        self.inner = inner
        self.command = getattr(inner, "command", "pulumi")
        self.version = inner.version
        self.calls = []

    def run(self, args, cwd, additional_env, on_output=None, on_error=None):
        call = {"args": list(args)}
        self.calls.append(call)
        try:
            result = self.inner.run(args, cwd, additional_env, on_output, on_error)
        except auto.CommandError as error:
            found = re.match(
                r"\n code: (-?\d+)\n stdout: (.*?)\n stderr: (.*)\Z", str(error), re.DOTALL
            )
            call.update(code=int(found[1]), stdout=found[2], stderr=found[3])
            raise
        call.update(code=result.code, stdout=result.stdout, stderr=result.stderr)
        return result


def patch_sdk(replace):
    """Make the SDK tell raw events, and register resources one at a time, in program order.

    ``replace(owner, name, value)`` is pytest's monkeypatch.setattr, or plain setattr.
    """
    parse = auto_events.EngineEvent.from_json.__func__

    def from_json(cls, data):
        event = parse(cls, data)
        event.raw = data
        return event

    replace(auto_events.EngineEvent, "from_json", classmethod(from_json))
    original = RPCManager.do_rpc
    last = {}

    def do_rpc(self, name, function):
        if name not in ("register resource", "read resource"):
            return original(self, name, function)
        loop = asyncio.get_event_loop()
        before, done = last.get(loop), loop.create_future()
        last.clear()
        last[loop] = done

        async def in_turn(*args, **kwargs):
            if before is not None:
                await before
            try:
                return await function(*args, **kwargs)
            finally:
                # a program that the engine ended leaves its calls behind with a closed loop
                if not done.done() and not loop.is_closed():
                    done.set_result(None)

        return original(self, name, in_turn)

    replace(RPCManager, "do_rpc", do_rpc)
    mend_sdk()


def mend_sdk():
    """Keep the SDK from complaining of programs that the engine ended before they were through.

    It drops such a program unfinished, and what is in its `finally` then runs without a loop.
    It does so whenever garbage is collected: this is for good, not for one test.
    """
    shut_down = _CallbackServicer.shutdown.__func__
    if shut_down.__module__ == __name__:
        return

    async def shutdown(cls):
        if asyncio._get_running_loop() is not None:
            await shut_down(cls)

    _CallbackServicer.shutdown = classmethod(shutdown)


def in_order(program):
    """One RPC at a time."""
    if program is None:
        return None

    def run():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        return program()

    run.__name__ = program.__name__
    return run
