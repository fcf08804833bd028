"""The Engine service: log messages and the root resource.

Debug messages are dropped: the SDK sends one for nearly every call it makes, and nobody reads them
in a rehearsal.
"""

from __future__ import annotations

import threading
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from .context import Context

_SEVERITIES = {
    engine_pb2.LogSeverity.INFO: "info",
    engine_pb2.LogSeverity.WARNING: "warning",
    engine_pb2.LogSeverity.ERROR: "error",
}


class EngineService(engine_pb2_grpc.EngineServicer):
    """One update's engine service."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._root = ""

    def Log(
        self, request: engine_pb2.LogRequest, _grpc_context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """A message of the program or a plugin.

        Errors after the end are the program noticing that its monitor is gone.
        """
        severity = _SEVERITIES.get(request.severity)
        if severity is None:
            self._context.slots.give_way()
        elif not (severity == "error" and self._context.ended):
            self._context.events.diagnostic(severity, request.message, request.urn)
        return empty_pb2.Empty()

    def GetRootResource(
        self, _request: engine_pb2.GetRootResourceRequest, _grpc_context: grpc.ServicerContext
    ) -> engine_pb2.GetRootResourceResponse:
        """The stack's URN, once known."""
        with self._lock:
            return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(
        self, request: engine_pb2.SetRootResourceRequest, _grpc_context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        """The program tells the stack's URN."""
        with self._lock:
            self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(
        self, _request: engine_pb2.RequirePulumiVersionRequest, _grpc_context: grpc.ServicerContext
    ) -> engine_pb2.RequirePulumiVersionResponse:
        """Accepted: the version this engine follows is fixed."""
        return engine_pb2.RequirePulumiVersionResponse()

    def StartDebugging(self, _request: Any, grpc_context: grpc.ServicerContext) -> Any:
        """Refused."""
        grpc_context.abort(
            grpc.StatusCode.UNIMPLEMENTED, "the embedded engine attaches no debugger"
        )
