"""The plugin process ``pulumi-resource-aws``: prints its port, serves, and goes with its parent.

It ends on Cancel, SIGINT, SIGTERM, and when the process that started it is gone, so that a killed
engine leaves nothing behind. Standard input is not watched: engines give plugins an empty one.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
from concurrent import futures

from drstate.sandbox.provider.stubs import bare_packages

#: Seconds between two looks at whether the parent still lives.
_PARENT_INTERVAL = 0.25
#: Seconds that running calls get to end after the plugin is told to stop.
_GRACE = 2.0
_WORKERS = 32
_LARGEST_MESSAGE = 400 * 1024 * 1024


def main() -> int:
    """Serve until told to stop; the exit code."""
    parent = os.getppid()
    bare_packages()
    import grpc  # noqa: PLC0415 - after the bare packages are in place
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415 - the same

    from drstate.sandbox.provider.servicer import AwsProvider  # noqa: PLC0415 - the same

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # not in the handler itself: it may interrupt the wait below while that holds the same lock
        signal.signal(number, lambda *_: _thread.start_new_thread(stop.set, ()))
    server = grpc.server(
        futures.ThreadPoolExecutor(_WORKERS),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(stop), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # Loading botocore takes longer than everything above: it starts while the engine handshakes.
    threading.Thread(target=_warm_up, daemon=True).start()
    while not stop.wait(_PARENT_INTERVAL):
        if os.getppid() != parent:
            break
    stop.set()
    server.stop(_GRACE).wait(_GRACE)
    sys.stdout.flush()
    # Calls that hang in a socket must not keep the process: leave without joining their threads.
    os._exit(0)


def _warm_up() -> None:
    with contextlib.suppress(ImportError):  # The first call reports it, with its context.
        import botocore.session  # noqa: F401, PLC0415 - that is the point


if __name__ == "__main__":
    sys.exit(main())
