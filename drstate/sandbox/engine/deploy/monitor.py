"""The ResourceMonitor service: what the program calls.

Translates requests and answers, nothing more. What this engine does not do is refused with a
message that says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from .context import Context
from .errors import EngineError, ProviderError, TerminatedError
from .goal import from_read, from_register
from .registrar import Registrar
from .steps import Step
from .values import UNKNOWN, Properties, from_struct, to_struct, without_outputs

_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
}
#: announced so that their use reaches this engine, which refuses it by name; the SDK's own words
#: would be to update the CLI
_REFUSED_HERE = {
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    "invokeTransforms": resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    "parameterization": resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    "resourceHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    "errorHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    "replaceWith": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    "stateMigrations": resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
}

ABORT_RETURNED = "abort returns by raising"
Answer = TypeVar("Answer")
Grpc: TypeAlias = grpc.ServicerContext


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """One update's resource monitor."""

    def __init__(self, context: Context, registrar: Registrar, root: str) -> None:
        self._context = context
        self._registrar = registrar
        self._root = root
        self._packages: dict[str, tuple[str, str, str]] = {}
        self._lock = threading.Lock()
        #: outputs of the stack, kept until the end of the update
        self.stack_outputs: Properties | None = None

    # -- what the monitor can do -----------------------------------------------------------------
    def GetDeploymentInfo(
        self, _request: empty_pb2.Empty, _grpc_context: Grpc
    ) -> resource_pb2.DeploymentInfo:
        """The update's facts."""
        asked = self._context.request
        return resource_pb2.DeploymentInfo(
            project=asked.project,
            stack=asked.stack,
            organization=asked.organization,
            config=dict(asked.config),
            configSecretKeys=asked.secret_keys,
            dryRun=asked.dry_run,
            parallel=self._context.parallel,
            supportedFeatures=[*_FEATURES.values(), *_REFUSED_HERE.values()],
        )

    def SupportsFeature(
        self, request: resource_pb2.SupportsFeatureRequest, _grpc_context: Grpc
    ) -> resource_pb2.SupportsFeatureResponse:
        """Whether a feature is there."""
        known = request.id in _FEATURES or request.id in _REFUSED_HERE
        return resource_pb2.SupportsFeatureResponse(hasSupport=known)

    # -- resources -------------------------------------------------------------------------------
    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest, grpc_context: Grpc
    ) -> resource_pb2.RegisterResourceResponse:
        """Make the resource what the program says."""

        def work() -> resource_pb2.RegisterResourceResponse:
            self._unpack(request)
            done = self._registrar.register(from_register(request, self._root))
            state = done.state
            if done.failed:
                return resource_pb2.RegisterResourceResponse(
                    urn=state.urn, result=resource_pb2.Result.FAIL
                )
            return resource_pb2.RegisterResourceResponse(
                urn=state.urn,
                id=UNKNOWN if state.id == UNKNOWN else state.id,
                object=to_struct(state.outputs),
                # nothing was made of a resource that targets leave out: what depends on it waits
                unknown=done.skipped,
            )

        return self._answer(work, grpc_context)

    def ReadResource(
        self, request: resource_pb2.ReadResourceRequest, grpc_context: Grpc
    ) -> resource_pb2.ReadResourceResponse:
        """Read a resource that someone else owns."""

        def work() -> resource_pb2.ReadResourceResponse:
            self._unpack(request)
            done = self._registrar.register(from_read(request, self._root))
            state = done.state
            if done.failed:
                return resource_pb2.ReadResourceResponse(
                    urn=state.urn, result=resource_pb2.Result.FAIL
                )
            return resource_pb2.ReadResourceResponse(
                urn=state.urn, id=state.id, properties=to_struct(state.outputs)
            )

        return self._answer(work, grpc_context)

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest, grpc_context: Grpc
    ) -> empty_pb2.Empty:
        """A component's outputs; those of the stack wait until the update is done."""

        def work() -> empty_pb2.Empty:
            outputs = without_outputs(from_struct(request.outputs))
            if request.urn == self._context.stack_urn:
                self.stack_outputs = outputs
                return empty_pb2.Empty()
            self._context.check_running()
            step = self._registrar.components.get(request.urn)
            if step is None:
                raise EngineError(
                    f"outputs were registered for '{request.urn}', which is not a component of "
                    "this update. Register the component first.",
                    request.urn,
                )
            self.complete(step, outputs)
            return empty_pb2.Empty()

        return self._answer(work, grpc_context)

    def complete(self, step: Step, outputs: Properties) -> None:
        """Store a component's outputs and report them."""
        state = step.state
        with self._context.lock:
            failed = state.urn in self._context.did.failed
        if failed:
            return
        state.outputs = outputs
        if not step.skipped and state.urn not in self._context.did.deletes:
            self._context.ledger.step(put=[state], lazy=True)
        self._context.events.after(step)

    # -- functions -------------------------------------------------------------------------------
    def Invoke(
        self, request: resource_pb2.ResourceInvokeRequest, grpc_context: Grpc
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a provider's function."""

        def work() -> resource_pb2.ResourceInvokeResponse:
            self._unpack(request)
            result, failures = self._registrar.invoke(
                request.tok,
                without_outputs(from_struct(request.args)),
                request.provider,
                request.version,
                request.pluginDownloadURL,
            )
            return resource_pb2.ResourceInvokeResponse(
                failures=[
                    provider_pb2.CheckFailure(property=where, reason=reason)
                    for where, reason in failures
                ],
                **{"return": to_struct(result)},
            )

        try:
            return self._answer(work, grpc_context)
        except ProviderError as error:
            message = f"invocation of {request.tok} returned an error: {error.message}"
            grpc_context.abort(grpc.StatusCode.UNKNOWN, message)
            raise AssertionError(ABORT_RETURNED) from error

    def Call(self, request: resource_pb2.ResourceCallRequest, grpc_context: Grpc) -> Any:
        """Refused: methods need components from other languages."""
        self._unsupported(f"the call of method '{request.tok}'", grpc_context)

    # -- packages --------------------------------------------------------------------------------
    def RegisterPackage(
        self, request: resource_pb2.RegisterPackageRequest, grpc_context: Grpc
    ) -> resource_pb2.RegisterPackageResponse:
        """Name a package once; parameterized ones are refused."""
        if request.HasField("parameterization") or request.HasField("extension"):
            self._unsupported(f"the parameterized package '{request.name}'", grpc_context)
        with self._lock:
            reference = f"package-{len(self._packages) + 1}"
            self._packages[reference] = (request.name, request.version, request.download_url)
        return resource_pb2.RegisterPackageResponse(ref=reference)

    def _unpack(self, request: Any) -> None:
        """Put what a package reference stands for where the rest looks for it."""
        if not request.packageRef:
            return
        with self._lock:
            known = self._packages.get(request.packageRef)
        if known is None:
            raise EngineError(f"the package reference '{request.packageRef}' is not known")
        _, request.version, request.pluginDownloadURL = known

    # -- the rest --------------------------------------------------------------------------------
    def SignalAndWaitForShutdown(
        self, _request: empty_pb2.Empty, _grpc_context: Grpc
    ) -> empty_pb2.Empty:
        """The program is through; nothing keeps it (there are no hooks to wait for)."""
        return empty_pb2.Empty()

    def RegisterStackTransform(self, _request: Any, grpc_context: Grpc) -> Any:
        """Refused."""
        self._unsupported("stack transforms", grpc_context)

    def RegisterStackInvokeTransform(self, _request: Any, grpc_context: Grpc) -> Any:
        """Refused."""
        self._unsupported("invoke transforms", grpc_context)

    def RegisterResourceHook(self, _request: Any, grpc_context: Grpc) -> Any:
        """Refused."""
        self._unsupported("resource hooks", grpc_context)

    def RegisterErrorHook(self, _request: Any, grpc_context: Grpc) -> Any:
        """Refused."""
        self._unsupported("error hooks", grpc_context)

    def ExistsResource(self, _request: Any, grpc_context: Grpc) -> Any:
        """Refused."""
        self._unsupported("asking whether a resource exists", grpc_context)

    def _unsupported(self, what: str, grpc_context: Grpc) -> NoReturn:
        grpc_context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"the embedded engine does not carry out {what}. Leave it out, or use the Pulumi CLI.",
        )
        raise AssertionError(ABORT_RETURNED)

    def _answer(self, work: Callable[[], Answer], grpc_context: Grpc) -> Answer:
        try:
            return work()
        except TerminatedError as error:
            grpc_context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        except EngineError as failure:
            grpc_context.abort(grpc.StatusCode.UNKNOWN, failure.message)
        raise AssertionError(ABORT_RETURNED)
