"""A provider for tests of the engine: small, quick, and told by its inputs how to behave.

`probe:index:Item` takes `value`, `key` (a change replaces) and `how`; `probe:index:Pinned` asks for
deleteBeforeReplace. What exists is one JSON file per id in the folder PROBE_WORLD; every call is a
line of PROBE_WORLD/calls. `how` is one of

    fail-create, fail-update, fail-delete, fail-diff, refuse      what its name says
    half-made          creation fails after the object was made
    together:<n>       creation ends when n of them are under way at once, or fails
    hang               creation ends, in failure, when the engine cancels
    die                creation ends the plugin process

Faults by resource name in PROBE_WORLD/faults.json override `how`.
"""

# ruff: noqa: N802 - the names of calls are given

import importlib.util
import json
import os
import signal
import sys
import threading
import types
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2


def only_the_protocol():
    """Make pulumi.runtime.proto importable without the SDK around it, which is slow."""
    home = Path(importlib.util.find_spec("pulumi").submodule_search_locations[0])
    for name, folder in (("pulumi", home), ("pulumi.runtime", home / "runtime")):
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module


only_the_protocol()

from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2  # noqa: E402
from pulumi.runtime.proto import provider_pb2 as pb  # noqa: E402

WORLD = Path(os.environ["PROBE_WORLD"])
SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRETS = os.environ.get("PROBE_ACCEPTS_SECRETS", "1") == "1"


def plain(struct):
    return whole(json_format.MessageToDict(struct))


def whole(value):
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def struct(value):
    message = struct_pb2.Struct()
    message.update(value)
    return message


def reveal(value):
    if isinstance(value, dict):
        if SIGNATURE in value:
            return reveal(value.get("value"))
        return {key: reveal(item) for key, item in value.items()}
    return [reveal(item) for item in value] if isinstance(value, list) else value


class Probe(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.cancelled = threading.Event()
        self.barriers = {}
        self.log = (WORLD / "calls").open("a", buffering=1)
        with (WORLD / "pids").open("a") as pids:
            pids.write(f"{os.getpid()}\n")

    def note(self, call, **fields):
        with self.lock:
            self.log.write(json.dumps({"call": call, **fields}, sort_keys=True) + "\n")

    def how(self, urn, inputs):
        path = WORLD / "faults.json"
        faults = json.loads(path.read_text()) if path.exists() else {}
        return faults.get(urn.split("::")[-1]) or reveal(inputs).get("how") or ""

    def fail(self, context, message):
        context.abort(grpc.StatusCode.UNKNOWN, message)

    # -- the plugin --
    def Handshake(self, request, context):
        self.note("Handshake")
        return pb.ProviderHandshakeResponse(accept_secrets=SECRETS, accept_resources=True)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Cancel(self, request, context):
        self.note("Cancel")
        self.cancelled.set()
        return empty_pb2.Empty()

    def CheckConfig(self, request, context):
        self.note("CheckConfig", urn=request.urn, news=plain(request.news))
        if plain(request.news).get("region") == "nowhere":
            failure = pb.CheckFailure(property="region", reason="no such region")
            return pb.CheckResponse(inputs=request.news, failures=[failure])
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        self.note("DiffConfig", urn=request.urn)
        old, new = plain(request.old_inputs), plain(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        replaces = [key for key in changed if key == "account"]
        return pb.DiffResponse(changes=kind, diffs=changed, replaces=replaces)

    def Configure(self, request, context):
        self.note("Configure", urn=request.urn, args=plain(request.args))
        return pb.ConfigureResponse(
            acceptSecrets=SECRETS, supportsPreview=True, acceptResources=True
        )

    # -- resources --
    def Check(self, request, context):
        news = plain(request.news)
        self.note("Check", urn=request.urn, olds=plain(request.olds), news=news)
        if self.how(request.urn, news) == "refuse":
            failure = pb.CheckFailure(property="value", reason="refused")
            return pb.CheckResponse(inputs=request.news, failures=[failure])
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        old, new = plain(request.old_inputs), plain(request.news)
        self.note("Diff", urn=request.urn, news=new)
        if self.how(request.urn, new) == "fail-diff":
            self.fail(context, "the diff failed")
        changed = sorted(
            key for key in {*old, *new} - {"how"} if reveal(old.get(key)) != reveal(new.get(key))
        )
        replaces = [key for key in changed if key == "key"]
        pinned = request.urn.split("::")[-2].endswith("Pinned")
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and pinned,
        )

    def outputs(self, name, inputs, token):
        return {
            **inputs,
            "label": f"{name}={json.dumps(reveal(inputs.get('value')))}",
            "token": token,
        }

    def Create(self, request, context):
        inputs = plain(request.properties)
        name = request.urn.split("::")[-1]
        how = self.how(request.urn, inputs)
        self.note(
            "Create",
            urn=request.urn,
            inputs=inputs,
            preview=request.preview,
            timeout=request.timeout,
        )
        if request.preview:
            return pb.CreateResponse(properties=struct(self.outputs(name, inputs, UNKNOWN)))
        if how == "fail-create":
            self.fail(context, "the creation failed")
        if how == "die":
            os._exit(3)
        if how == "hang":
            (WORLD / "hanging").write_text(str(os.getpid()))
            self.cancelled.wait(60)
            self.fail(context, "cancelled")
        if how.startswith("together:"):
            self.meet(int(how.partition(":")[2]), context)
        with self.lock:
            identity = f"{name}-{sum(1 for _ in WORLD.glob(name + '-*.json'))}{os.urandom(3).hex()}"
        outputs = self.outputs(name, inputs, f"token of {identity}")
        (WORLD / f"{identity}.json").write_text(json.dumps({"inputs": inputs, "outputs": outputs}))
        if how == "half-made":
            self.half_made(identity, outputs, inputs, context)
        self.note("Created", urn=request.urn)
        return pb.CreateResponse(id=identity, properties=struct(outputs))

    def meet(self, parties, context):
        with self.lock:
            barrier = self.barriers.setdefault(parties, threading.Barrier(parties, timeout=20))
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            self.fail(context, f"fewer than {parties} creations at once")

    def half_made(self, identity, outputs, inputs, context):
        detail = any_pb2.Any()
        detail.Pack(
            pb.ErrorResourceInitFailed(
                id=identity,
                properties=struct(outputs),
                inputs=struct(inputs),
                reasons=["not ready"],
            )
        )
        status = status_pb2.Status(code=2, message="not ready", details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        self.fail(context, "not ready")

    def Update(self, request, context):
        news = plain(request.news)
        self.note("Update", urn=request.urn, id=request.id, news=news, preview=request.preview)
        if self.how(request.urn, news) == "fail-update" and not request.preview:
            self.fail(context, "the update failed")
        name = request.urn.split("::")[-1]
        outputs = self.outputs(name, news, plain(request.olds).get("token"))
        if not request.preview:
            text = json.dumps({"inputs": news, "outputs": outputs})
            (WORLD / f"{request.id}.json").write_text(text)
        return pb.UpdateResponse(properties=struct(outputs))

    def Delete(self, request, context):
        self.note("Delete", urn=request.urn, id=request.id)
        if self.how(request.urn, plain(request.old_inputs)) == "fail-delete":
            self.fail(context, "the deletion failed")
        (WORLD / f"{request.id}.json").unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Read(self, request, context):
        self.note("Read", urn=request.urn, id=request.id)
        path = WORLD / f"{request.id}.json"
        if not path.exists():
            return pb.ReadResponse()
        known = json.loads(path.read_text())
        return pb.ReadResponse(
            id=request.id, properties=struct(known["outputs"]), inputs=struct(known["inputs"])
        )

    def Invoke(self, request, context):
        args = plain(request.args)
        self.note("Invoke", tok=request.tok, args=args)
        if request.tok == "probe:index:twice":
            return pb.InvokeResponse(**{"return": struct({"text": args["text"] * 2})})
        return pb.InvokeResponse(failures=[pb.CheckFailure(property="text", reason="not this one")])


def main():
    server = grpc.server(futures.ThreadPoolExecutor(32))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Probe(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends with the engine
    os._exit(0)


if __name__ == "__main__":
    main()
