"""The Python SDK by itself: the program against a monitor and an engine that answer at once.

It is arranged as the embedded engine is: everything over gRPC, in one process, with as many
threads. What a run takes here is the SDK's own time.
"""
# ruff: noqa: D102, N802 - gRPC names, and nothing to say about them

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

#: the default of ``--parallel``; the SDK makes four times as many calls at once as it is told
PARALLEL, CALLS_PER_STEP = 16, 4
_FEATURES = ("SECRETS", "RESOURCE_REFERENCES", "ALIAS_SPECS", "DELETED_WITH")


class InstantMonitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Says yes to everything."""

    def GetDeploymentInfo(self, _request: Any, _context: Any) -> Any:
        names = (f"RESOURCE_MONITOR_FEATURE_{name}" for name in _FEATURES)
        return resource_pb2.DeploymentInfo(
            project="bench",
            stack="dev",
            organization="organization",
            parallel=PARALLEL,
            supportedFeatures=[getattr(resource_pb2, name) for name in names],
        )

    def SupportsFeature(self, request: Any, _context: Any) -> Any:
        known = request.id in ("secrets", "resourceReferences", "aliasSpecs", "deletedWith")
        return resource_pb2.SupportsFeatureResponse(hasSupport=known)

    def RegisterResource(self, request: Any, _context: Any) -> Any:
        urn = f"urn:pulumi:dev::bench::{request.type}::{request.name}"
        identity = f"{request.name}-id" if request.custom else ""
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=request.object)

    def RegisterResourceOutputs(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()


class InstantEngine(engine_pb2_grpc.EngineServicer):
    """Keeps the one thing that it is asked for."""

    def __init__(self) -> None:
        """No root resource yet."""
        self._root = ""

    def Log(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, _context: Any) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, _request: Any, _context: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)


@contextmanager
def serve(program: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Yields what runs the program with nobody to wait for."""
    pools = [ThreadPoolExecutor(count) for count in (PARALLEL + 4, 4, 4)]
    servers = [grpc.server(pool) for pool in pools]
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(InstantMonitor(), servers[0])
    engine_pb2_grpc.add_EngineServicer_to_server(InstantEngine(), servers[1])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), servers[2])
    ports = [server.add_insecure_port("127.0.0.1:0") for server in servers]
    for server in servers:
        server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{ports[2]}") as channel:
            yield lambda: _run(channel, ports)
    finally:
        for server in servers:
            server.stop(None)


def _run(channel: grpc.Channel, ports: list[int]) -> None:
    answer = language_pb2_grpc.LanguageRuntimeStub(channel).Run(
        language_pb2.RunRequest(
            project="bench",
            stack="dev",
            organization="organization",
            parallel=PARALLEL // CALLS_PER_STEP,
            monitor_address=f"127.0.0.1:{ports[0]}",
            args=[f"127.0.0.1:{ports[1]}"],
        )
    )
    if answer.error:
        raise SystemExit(answer.error)
