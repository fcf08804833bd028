"""A provider that does nothing at once: what remains is the time of the engine and the SDK.

Requests and answers are passed on undecoded where their wire form allows it, so that the provider's
own share stays small.
"""
# ruff: noqa: D102, N802 - gRPC names, and nothing to say about them

from __future__ import annotations

import os
import signal
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb


class Null(provider_pb2_grpc.ResourceProviderServicer):
    """Everything exists as asked for, and nothing ever changes by itself."""

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Handshake(self, _request: Any, _context: Any) -> Any:
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def CheckConfig(self, request: Any, _context: Any) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, _context: Any) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, _context: Any) -> Any:
        same = request.old_inputs == request.news
        kind = pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME
        return pb.DiffResponse(changes=kind)

    def Create(self, request: Any, _context: Any) -> Any:
        name = request.urn.rpartition("::")[2]
        return pb.CreateResponse(id=f"{name}-id", properties=request.properties)

    def Update(self, request: Any, _context: Any) -> Any:
        return pb.UpdateResponse(properties=request.news)

    def Delete(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def Read(self, request: Any, _context: Any) -> Any:
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Cancel(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()


def main() -> None:
    """Serve until interrupted."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Null(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
