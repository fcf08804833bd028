"""A provider as the engine calls it: property values in and out as plain JSON.

One object is one plugin process and one configuration. Values are adapted to what the plugin
accepts (secrets, references), and its failures become ProviderError. Where a configuration is not
known yet (a preview), nothing is asked of the plugin and answers are unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from . import diffing, plugin
from .diffing import Diff
from .errors import InitFailedError, ProviderError, Status
from .plugin import Plugin
from .reserved import INTERNAL, for_plugin
from .state import State
from .urns import name_of, plain_type
from .values import (
    Properties,
    Value,
    from_answer,
    from_struct,
    has_unknown,
    keep_secrets,
    reveal,
    to_struct,
    without_references,
    without_unknowns,
)

Failures = list[tuple[str, str]]
CANCEL_SECONDS = 5.0
#: how often to look whether a plugin that does not answer is still there
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Observed:
    """What a Read found; ``None`` in its place means that the resource is gone."""

    id: str
    inputs: Properties
    outputs: Properties
    reasons: tuple[str, ...] = ()


class Provider:
    """The calls of the provider protocol that the engine makes."""

    def __init__(self, process: Plugin, engine: str, root: str, *, preview: bool) -> None:
        self._plugin = process
        self._preview = preview
        self._stub = provider_pb2_grpc.ResourceProviderStub(process.channel)
        self._secrets = True
        self._references = True
        self._known = True
        self._configured = False
        self._handshake(engine, root)

    # -- the plugin ------------------------------------------------------------------------------
    def _handshake(self, engine: str, root: str) -> None:
        request = pb.ProviderHandshakeRequest(
            engine_address=engine,
            root_directory=root,
            program_directory=root,
            configure_with_urn=True,
            supports_views=True,
            supports_refresh_before_update=True,
            invoke_with_preview=True,
            accepts_byte_string=True,
        )
        call = self._stub.Handshake.future(
            request, wait_for_ready=True, timeout=plugin.ANSWER_SECONDS
        )
        try:
            answer = self._awaited(call)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise ProviderError(self._plugin.unanswered(), Status.OK) from error
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise self._translate(error) from error
            return
        self._secrets, self._references = answer.accept_secrets, answer.accept_resources

    def _awaited(self, call: grpc.Future) -> pb.ProviderHandshakeResponse:
        """The answer, as long as there is somebody to give it."""
        while True:
            try:
                answer: pb.ProviderHandshakeResponse = call.result(timeout=LOOK_SECONDS)
            except grpc.FutureTimeoutError:
                if self._plugin.ended:
                    call.cancel()
                    raise ProviderError(self._plugin.death(), Status.OK) from None
            else:
                return answer

    def cancel(self) -> None:
        """Tell the plugin that the engine is done (or gives up). Never raises."""
        try:
            self._stub.Cancel(empty_pb2.Empty(), timeout=CANCEL_SECONDS)
        except (grpc.RpcError, ValueError):
            # one that cannot answer is interrupted next, and killed if need be
            return

    def interrupt(self) -> None:
        """Ask the process to go."""
        self._plugin.interrupt()

    def wait(self) -> None:
        """Until the process is gone."""
        self._plugin.wait()

    # -- configuration ---------------------------------------------------------------------------
    def check_config(
        self, urn: str, olds: Properties, news: Properties
    ) -> tuple[Properties, Failures]:
        """Validated provider inputs; secrets go in the open and come back marked."""
        request = pb.CheckRequest(
            urn=urn,
            olds=to_struct(reveal(for_plugin(olds))),
            news=to_struct(reveal(for_plugin(news))),
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.CheckConfig(request)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return news, []
            raise self._translate(error) from error
        inputs = keep_secrets(from_struct(answer.inputs), news)
        if INTERNAL in news:
            inputs = {**inputs, INTERNAL: news[INTERNAL]}
        return inputs, [(failure.property, failure.reason) for failure in answer.failures]

    def diff_config(
        self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Diff:
        """Whether a changed configuration updates or replaces the provider."""
        old_inputs, news = for_plugin(old_inputs), for_plugin(news)
        request = pb.DiffRequest(
            urn=urn,
            olds=to_struct(reveal(old_outputs)),
            old_inputs=to_struct(reveal(old_inputs)),
            news=to_struct(reveal(news)),
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.DiffConfig(request)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return diffing.compare(old_inputs, news)
            raise self._translate(error) from error
        return diffing.settle(diffing.from_response(answer), old_inputs, news)

    def configure(self, urn: str, identity: str, inputs: Properties) -> None:
        """Configure once; with unknown inputs the provider stays unconfigured."""
        if self._configured:
            return
        self._configured = True
        inputs = for_plugin(inputs)
        self._known = not has_unknown(inputs)
        if not self._known:
            return
        package = plain_type(urn).rpartition(":")[2]
        variables = {
            f"{package}:config:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in reveal(inputs).items()
        }
        request = pb.ConfigureRequest(
            variables=variables,
            args=to_struct(inputs if self._secrets else reveal(inputs)),
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            id=identity,
            urn=urn,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Configure(request)
        except grpc.RpcError as error:
            raise self._translate(error) from error
        self._secrets, self._references = answer.acceptSecrets, answer.acceptResources

    # -- resources -------------------------------------------------------------------------------
    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, Failures]:
        """Validated inputs with defaults, and what is wrong with them."""
        if not self._known:
            return news, []
        request = pb.CheckRequest(
            urn=urn,
            olds=self._out(olds),
            news=self._out(news),
            randomSeed=seed,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Check(request)
        except grpc.RpcError as error:
            raise self._translate(error) from error
        inputs = self._in(answer.inputs, news)
        return inputs, [(failure.property, failure.reason) for failure in answer.failures]

    def diff(
        self,
        old: State,
        news: Properties,
        urn: str,
        ignore: Sequence[str] = (),
        *,
        keep_unknowns: bool = False,
    ) -> Diff:
        """What the new inputs would do to the resource."""
        if not self._known:
            return Diff(changes=True)
        request = pb.DiffRequest(
            id=old.id,
            urn=urn,
            olds=self._out(old.outputs),
            old_inputs=self._out(old.inputs),
            news=self._out(news, keep_unknowns=keep_unknowns),
            ignoreChanges=ignore,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Diff(request)
        except grpc.RpcError as error:
            raise self._translate(error) from error
        return diffing.settle(diffing.from_response(answer), old.inputs, news)

    def create(
        self, urn: str, inputs: Properties, timeout: float, preview: bool
    ) -> tuple[str, Properties]:
        """The new id (empty in a preview) and outputs."""
        if not self._known:
            return "", {}
        request = pb.CreateRequest(
            urn=urn,
            properties=self._out(inputs),
            timeout=timeout,
            preview=preview,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Create(request)
        except grpc.RpcError as error:
            raise self._failed(error, inputs, Status.OK) from error
        return answer.id, self._in(answer.properties, inputs)

    def update(
        self,
        old: State,
        urn: str,
        news: Properties,
        timeout: float,
        ignore: Sequence[str],
        preview: bool,
    ) -> Properties:
        """The outputs after the update."""
        if not self._known:
            return {}
        request = pb.UpdateRequest(
            id=old.id,
            urn=urn,
            olds=self._out(old.outputs),
            old_inputs=self._out(old.inputs),
            news=self._out(news),
            timeout=timeout,
            ignoreChanges=ignore,
            preview=preview,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Update(request)
        except grpc.RpcError as error:
            raise self._failed(error, news, Status.UNKNOWN) from error
        return self._in(answer.properties, news)

    def delete(self, old: State, timeout: float) -> None:
        """Delete what ``old`` describes."""
        request = pb.DeleteRequest(
            id=old.id,
            urn=old.urn,
            properties=self._out(old.outputs),
            old_inputs=self._out(old.inputs),
            timeout=timeout,
            name=name_of(old.urn),
            type=plain_type(old.urn),
        )
        try:
            self._stub.Delete(request)
        except grpc.RpcError as error:
            raise self._translate(error) from error

    def read(
        self, urn: str, identity: str, inputs: Properties, outputs: Properties, timeout: float
    ) -> Observed | None:
        """What exists under the id, or None."""
        if not self._known:
            return Observed(identity, inputs, {})
        request = pb.ReadRequest(
            id=identity,
            urn=urn,
            inputs=self._out(inputs),
            properties=self._out(outputs),
            timeout=timeout,
            name=name_of(urn),
            type=plain_type(urn),
        )
        try:
            answer = self._stub.Read(request)
        except grpc.RpcError as error:
            failure = self._failed(error, inputs, Status.UNKNOWN)
            if isinstance(failure, InitFailedError):
                found = tuple(failure.reasons)
                return Observed(failure.id, failure.inputs or inputs, failure.outputs, found)
            raise failure from error
        if not answer.id:
            return None
        found_inputs = self._in(answer.inputs, inputs) if answer.HasField("inputs") else inputs
        return Observed(answer.id, found_inputs, self._in(answer.properties, outputs))

    def invoke(self, token: str, args: Properties, preview: bool) -> tuple[Properties, Failures]:
        """A function's result. Asked of an unconfigured provider it is an empty one."""
        if not self._known:
            return {}, []
        # functions get plain values; whether the result is secret is the caller's to say
        request = pb.InvokeRequest(tok=token, args=to_struct(args), preview=preview)
        try:
            answer = self._stub.Invoke(request)
        except grpc.RpcError as error:
            raise self._translate(error) from error
        result = from_struct(getattr(answer, "return"))
        return result, [(failure.property, failure.reason) for failure in answer.failures]

    # -- values ----------------------------------------------------------------------------------
    def _out(self, properties: Mapping[str, Value], *, keep_unknowns: bool = False) -> object:
        value: Value = properties
        if not (self._preview or keep_unknowns):
            value = without_unknowns(value)
        if not self._secrets:
            value = reveal(value)
        if not self._references:
            value = without_references(value)
        return to_struct(value)

    def _in(self, struct: object, sent: Properties) -> Properties:
        got = from_answer(struct, sent)
        return got if self._secrets else keep_secrets(got, sent)

    def _translate(self, error: grpc.RpcError, status: Status = Status.UNKNOWN) -> ProviderError:
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            death = self._plugin.death()
            if death:
                return ProviderError(death, Status.UNKNOWN)
        return ProviderError(error.details() or error.code().name, status)

    def _failed(self, error: grpc.RpcError, sent: Properties, status: Status) -> ProviderError:
        detail = _init_failure(error)
        if detail is None:
            return self._translate(error, status)
        return InitFailedError(
            detail.id,
            self._in(detail.properties, sent),
            self._in(detail.inputs, sent),
            list(detail.reasons),
        )


def _init_failure(error: grpc.RpcError) -> pb.ErrorResourceInitFailed | None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in status_pb2.Status.FromString(value).details:
                detail = pb.ErrorResourceInitFailed()
                if packed.Unpack(detail):
                    return detail
    return None
