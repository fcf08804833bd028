"""Running the program: the servers it calls, and the call that starts it.

The program lives in this same process (the Automation API's language runtime); it is reached over
gRPC like any other. Servers end with the update, whatever happens in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2_grpc,
)

from drstate.sandbox.engine.contract import ProgramAddress

from .context import Context
from .engine_service import EngineService
from .monitor import Monitor
from .plugin import CHANNEL_OPTIONS, MAX_MESSAGE

_SERVER_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.so_reuseport", 0),
]
#: the SDK keeps four calls in flight for each parallel step that it is told of
CALLS_PER_STEP = 4
SPARE_THREADS = 4
STOP_SECONDS = 5.0


@contextmanager
def engine_server(service: EngineService) -> Iterator[str]:
    """Serve the Engine service; yields its address."""
    pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="engine")
    server = grpc.server(pool, options=_SERVER_OPTIONS)
    engine_pb2_grpc.add_EngineServicer_to_server(service, server)
    with _serving(server, pool) as address:
        yield address


@contextmanager
def monitor_server(monitor: Monitor, parallel: int) -> Iterator[str]:
    """Serve the ResourceMonitor service; yields its address."""
    # more calls than steps may run would only wait for their turn, each in a thread
    threads = parallel + SPARE_THREADS
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="monitor")
    server = grpc.server(pool, options=_SERVER_OPTIONS)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    with _serving(server, pool) as address:
        yield address


@contextmanager
def _serving(server: grpc.Server, pool: ThreadPoolExecutor) -> Iterator[str]:
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(STOP_SECONDS).wait()
        pool.shutdown(wait=True)


def run_program(
    context: Context, program: ProgramAddress, monitor_address: str, engine_address: str
) -> bool:
    """Run the program to its end; whether it succeeded. Its failure has been reported."""
    asked = context.request
    request = language_pb2.RunRequest(
        project=asked.project,
        stack=asked.stack,
        organization=asked.organization,
        pwd=program.work_dir,
        program=program.program,
        args=[engine_address],
        config=dict(asked.config),
        configSecretKeys=asked.secret_keys,
        dryRun=asked.dry_run,
        # only sizes the SDK's pool: a call in flight that nobody can serve yet costs both sides
        parallel=-(-context.parallel // CALLS_PER_STEP),
        monitor_address=monitor_address,
        info=language_pb2.ProgramInfo(
            root_directory=program.work_dir,
            program_directory=program.work_dir,
            entry_point=program.program,
        ),
    )
    with grpc.insecure_channel(program.address, options=CHANNEL_OPTIONS) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        try:
            answer = stub.Run(request, wait_for_ready=True)
        except grpc.RpcError as error:
            _report(context, error.details() or error.code().name)
            return False
    if answer.error:
        _report(context, answer.error)
        return False
    if answer.bail:
        context.failed = True
        return False
    return not context.ended


def _report(context: Context, message: str) -> None:
    """A program that fails because its monitor ended has nothing to add."""
    if not context.ended:
        context.events.error(f"an unhandled error occurred: {message}")
    context.failed = True
