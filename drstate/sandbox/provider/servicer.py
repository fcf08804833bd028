"""Pulumi's resource provider protocol over ``Operations``.

Messages in, plain values through, messages out; secrets are unwrapped here and put back. Every
failure becomes a gRPC status with a text for a person. It does not know any resource type.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from typing_extensions import override

from drstate.sandbox.provider import config as configs
from drstate.sandbox.provider import functions, registry, wire
from drstate.sandbox.provider.check import Failure, nearest
from drstate.sandbox.provider.naming import DEFAULTED
from drstate.sandbox.provider.operations import Made, Operations
from drstate.sandbox.provider.problems import ProviderError
from drstate.sandbox.provider.resource import ResourceType
from drstate.sandbox.provider.sessions import Sessions
from drstate.sandbox.provider.state import Change
from drstate.sandbox.provider.waiting import Clock, StoppableClock
from drstate.sandbox.provider.wire import Values

#: The pulumi_aws whose names and serialisation are served.
VERSION = "7.51.1"
_DETAILS = "grpc-status-details-bin"


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One provider instance, as one plugin process serves it."""

    def __init__(self, stop: threading.Event, clock: Clock | None = None) -> None:
        self._stop = stop
        self._clock: Clock = clock or StoppableClock(stop)
        self._operations: Operations | None = None
        self._sessions: Sessions | None = None
        self._config: configs.ProviderConfig | None = None

    # -- the plugin ------------------------------------------------------------------------------
    @override
    def Handshake(self, request: Any, context: Any) -> Any:
        return pb.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False
        )

    @override
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    @override
    def GetSchema(self, request: Any, context: Any) -> Any:
        resources: dict[str, Values] = {token: {} for token in registry.tokens()}
        schema = {"name": "aws", "version": VERSION, "resources": resources}
        return pb.GetSchemaResponse(schema=json.dumps(schema))

    @override
    def GetMapping(self, request: Any, context: Any) -> Any:
        return pb.GetMappingResponse()

    @override
    def GetMappings(self, request: Any, context: Any) -> Any:
        return pb.GetMappingsResponse()

    @override
    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @override
    def Cancel(self, request: Any, context: Any) -> Any:
        self._stop.set()
        return empty_pb2.Empty()

    # -- the provider's configuration ------------------------------------------------------------
    @override
    def CheckConfig(self, request: Any, context: Any) -> Any:
        news = configs.decoded(wire.reveal(wire.plain(request.news)))
        failures = list(configs.failures(news))
        return pb.CheckResponse(inputs=request.news, failures=_failures(failures))

    @override
    def DiffConfig(self, request: Any, context: Any) -> Any:
        before = request.old_inputs if request.old_inputs.fields else request.olds
        old = configs.decoded(wire.reveal(wire.plain(before)))
        new = configs.decoded(wire.reveal(wire.plain(request.news)))
        ignored = set(request.ignoreChanges) | {"version", "pluginDownloadURL"}
        changed = sorted(
            key for key in {*old, *new} if old.get(key) != new.get(key) and key not in ignored
        )
        replaces = [key for key in configs.replacing(old, new) if key not in ignored]
        if any(wire.has_unknown(new.get(key)) for key in replaces):
            replaces = [key for key in replaces if not wire.has_unknown(new.get(key))]
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
        )

    @override
    def Configure(self, request: Any, context: Any) -> Any:
        def configure() -> Any:
            values = configs.decoded(wire.reveal(wire.plain(request.args)))
            problems = list(configs.failures(values))
            if problems:
                raise ProviderError("; ".join(each.reason for each in problems))
            config = configs.parsed(values)
            sessions = Sessions(config)
            sessions.verify_account()
            self._config, self._sessions = config, sessions
            self._operations = Operations(config, sessions, self._clock)
            return pb.ConfigureResponse(
                acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
            )

        return _guarded(context, configure)

    # -- resources -------------------------------------------------------------------------------
    @override
    def Check(self, request: Any, context: Any) -> Any:
        def check() -> Any:
            resource = _resource(request.urn)
            given = wire.plain(request.news)
            checked, failures = self._ready().check(
                resource,
                _name(request.urn),
                bytes(request.randomSeed),
                wire.reveal(wire.plain(request.olds)),
                wire.reveal(given),
            )
            if failures:
                return pb.CheckResponse(inputs=request.news, failures=_failures(failures))
            return pb.CheckResponse(inputs=wire.struct(_sealed(resource, checked, given)))

        return _guarded(context, check)

    @override
    def Diff(self, request: Any, context: Any) -> Any:
        def diff() -> Any:
            resource = _resource(request.urn)
            old_inputs = wire.reveal(wire.plain(request.old_inputs))
            state = wire.reveal(wire.plain(request.olds))
            news = wire.reveal(wire.plain(request.news))
            change = self._ready().diff(resource, state, news, tuple(request.ignoreChanges))
            return _diff_response(resource, change, old_inputs, state, news)

        return _guarded(context, diff)

    @override
    def Create(self, request: Any, context: Any) -> Any:
        def create() -> Any:
            resource = _resource(request.urn)
            given = wire.plain(request.properties)
            inputs = _own(wire.reveal(given))
            if request.preview:
                preview = self._ready().create_preview(resource, inputs)
                return pb.CreateResponse(properties=wire.struct(_sealed(resource, preview, given)))
            made = self._ready().create(resource, _name(request.urn), inputs, request.timeout)
            state = _sealed(resource, made.state, given)
            if made.reasons:
                _abort_not_ready(context, made, state, given)
            return pb.CreateResponse(id=made.ident, properties=wire.struct(state))

        return _guarded(context, create)

    @override
    def Read(self, request: Any, context: Any) -> Any:
        def read() -> Any:
            resource = _resource(request.urn)
            given = wire.plain(request.inputs)
            shown = wire.plain(request.properties)
            state = wire.reveal(shown)
            inputs = wire.reveal(given)
            seen = self._ready().read(resource, request.id, state, inputs or None)
            if seen is None:
                return pb.ReadResponse()
            secrets = {**shown, **given}
            kept = {**seen.inputs}
            if DEFAULTED in inputs:
                kept[DEFAULTED] = inputs[DEFAULTED]
            return pb.ReadResponse(
                id=seen.ident,
                properties=wire.struct(_sealed(resource, seen.state, secrets)),
                inputs=wire.struct(_sealed(resource, kept, secrets)),
            )

        return _guarded(context, read)

    @override
    def Update(self, request: Any, context: Any) -> Any:
        def update() -> Any:
            resource = _resource(request.urn)
            given = wire.plain(request.news)
            news = _own(wire.reveal(given))
            old = wire.reveal(wire.plain(request.olds))
            ignored = tuple(request.ignoreChanges)
            if request.preview:
                state = self._ready().update_preview(resource, old, news, ignored)
            else:
                state = self._ready().update(
                    resource, request.id, old, news, ignored, request.timeout
                )
            return pb.UpdateResponse(properties=wire.struct(_sealed(resource, state, given)))

        return _guarded(context, update)

    @override
    def Delete(self, request: Any, context: Any) -> Any:
        def delete() -> Any:
            resource = _resource(request.urn)
            state = wire.reveal(wire.plain(request.properties))
            self._ready().delete(resource, request.id, state, request.timeout)
            return empty_pb2.Empty()

        return _guarded(context, delete)

    # -- functions -------------------------------------------------------------------------------
    @override
    def Invoke(self, request: Any, context: Any) -> Any:
        def invoke() -> Any:
            if self._config is None or self._sessions is None:
                raise ProviderError("the provider is not configured yet")
            args = wire.reveal(wire.plain(request.args))
            answer, failures = functions.invoke(request.tok, args, self._config, self._sessions)
            return pb.InvokeResponse(
                **{"return": wire.struct(answer)}, failures=_failures(failures)
            )

        return _guarded(context, invoke)

    def _ready(self) -> Operations:
        if self._operations is None:
            raise ProviderError("the provider is not configured yet")
        return self._operations


def _resource(urn: str) -> ResourceType:
    token = urn.split("::")[2].rsplit("$", maxsplit=1)[-1]
    resource = registry.find(token)
    if resource is None:
        raise ProviderError(
            f"the sandbox's provider does not serve {token}; {nearest(token, registry.tokens())}"
        )
    return resource


def _name(urn: str) -> str:
    return urn.rsplit("::", maxsplit=1)[-1]


def _own(values: Values) -> Values:
    """Inputs without the bridge's own entry."""
    return {key: value for key, value in values.items() if key != DEFAULTED}


def _sealed(resource: ResourceType, values: Values, given: Values) -> Values:
    """The values, with those secret that the type or the given inputs say are."""
    sealed: Values = {}
    for name, value in values.items():
        prop = resource.props.get(name) or resource.outputs.get(name)
        hidden = (prop is not None and prop.secret) or wire.has_secret(given.get(name))
        sealed[name] = wire.secret(value) if hidden and value is not None else value
    return sealed


def _failures(failures: list[Failure]) -> list[Any]:
    return [pb.CheckFailure(property=each.path, reason=each.reason) for each in failures]


def _diff_response(
    resource: ResourceType, change: Change, old_inputs: Values, state: Values, news: Values
) -> Any:
    detailed: dict[str, Any] = {}
    kinds = pb.PropertyDiff
    for place in change.places:
        name = place.path.split(".")[0].split("[")[0]
        kind = "ADD" if place.old is None else "DELETE" if place.new is None else "UPDATE"
        if place.replaces:
            kind += "_REPLACE"
        detailed[place.path] = pb.PropertyDiff(
            kind=kinds.Kind.Value(kind), inputDiff=old_inputs.get(name) != news.get(name)
        )
    field = resource.name_property
    same_name = bool(field) and state.get(field) == news.get(field)
    made_up = field in (news.get(DEFAULTED) or ())
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if detailed else pb.DiffResponse.DIFF_NONE,
        diffs=sorted(change.properties),
        replaces=sorted(change.replaces),
        stables=list(resource.stable),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(change.replaces) and same_name and not made_up,
    )


def _guarded(context: Any, action: Callable[[], Any]) -> Any:
    """The action's answer; its failure as a status that the engine shows."""
    try:
        return action()
    except (ProviderError, wire.ForeignValueError) as problem:
        context.abort(grpc.StatusCode.UNKNOWN, str(problem))
    except grpc.RpcError:
        raise
    except Exception as error:  # A bug must reach the engine as a failure with its place.
        if _aborted(context):
            raise
        traceback.print_exc(file=sys.stderr)
        context.abort(
            grpc.StatusCode.INTERNAL,
            f"a bug in the sandbox's aws provider: {type(error).__name__}: {error}",
        )


def _aborted(context: Any) -> bool:
    code: Any = context.code()
    return code is not None and code is not grpc.StatusCode.OK


def _abort_not_ready(context: Any, made: Made, state: Values, given: Values) -> NoReturn:
    """Tell the engine that the resource exists but is not ready: it keeps it with initErrors."""
    message = f"resource created but not ready: {'; '.join(made.reasons)}"
    detail = any_pb2.Any()
    detail.Pack(
        pb.ErrorResourceInitFailed(
            id=made.ident,
            properties=wire.struct(state),
            inputs=wire.struct(given),
            reasons=list(made.reasons),
        )
    )
    status = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail]
    )
    context.set_trailing_metadata(((_DETAILS, status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort returns never")
