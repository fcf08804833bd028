"""A provider plugin whose creations wait until a file is there: for catching an update midway.

It is a Python plugin (PulumiPlugin.yaml), so it is started by an interpreter. A resource's ``gate``
input names the file that its creation waits for; creations say that they began by ``<gate>.begun``.
Cancel ends the waiting: the creation then fails, as a provider's does that gives up.
"""
# ruff: noqa: N802, T201 - gRPC names; the port is told on stdout

import os
import signal
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

POLL_SECONDS = 0.02


class Gate(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self):
        self.cancelled = threading.Event()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Handshake(self, request, context):
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        same = request.old_inputs == request.news
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME
        )

    def Create(self, request, context):
        if request.preview:
            return pb.CreateResponse(properties=request.properties)
        name = request.urn.rpartition("::")[2]
        gate = request.properties.fields["gate"].string_value if request.properties.fields else ""
        if gate:
            Path(f"{gate}.begun").touch()
        while gate and not Path(gate).exists():
            if self.cancelled.wait(POLL_SECONDS) and not os.environ.get("GATE_STUBBORN"):
                context.abort(grpc.StatusCode.UNKNOWN, f"gave up on {name}")
        return pb.CreateResponse(id=f"{name}-id", properties=request.properties)

    def Update(self, request, context):
        return pb.UpdateResponse(properties=request.news)

    def Delete(self, request, context):
        return empty_pb2.Empty()

    def Read(self, request, context):
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Cancel(self, request, context):
        self.cancelled.set()
        return empty_pb2.Empty()


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Gate(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
