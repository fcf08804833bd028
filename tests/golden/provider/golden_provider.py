"""A tiny Pulumi provider: its inputs or a small JSON file decide its every behaviour.

The file named by GOLDEN_WORLD is the "cloud": the objects that exist and the faults to play.

    {"next": 3,                       the number that the next object gets
     "objects": {"a-1": {...}},       what exists, by id
     "faults": {"a": "update"}}       by resource name: create, update, delete, read, diff,
                                      check, initfail, hang

Every call is appended to the file named by GOLDEN_LOG, one JSON object a line.
"""
# ruff: noqa: N802 - gRPC names

import fcntl
import json
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

VERSION = "1.2.3"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"

THING = "golden:index:Thing"
STATEFUL = "golden:index:Stateful"


def plain(struct):
    """A protobuf struct as ordinary JSON; whole numbers as integers."""
    return whole(json_format.MessageToDict(struct))


def whole(value):
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def struct(value):
    message = struct_pb2.Struct()
    json_format.ParseDict(value, message)
    return message


def secret(value):
    return {SIGNATURE: SECRET, "value": value}


def reveal(value):
    """The value with secret wrappers taken off, for comparing and computing."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return reveal(value.get("value"))
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknown(value):
    return UNKNOWN in json.dumps(reveal(value))


class World:
    """The JSON file, read, changed and written under a file lock."""

    def __init__(self, path):
        self.path = path
        self.threads = threading.Lock()

    def __enter__(self):
        self.threads.acquire()
        self.lock = Path(f"{self.path}.lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            with Path(self.path).open() as file:
                self.data = json.load(file)
        except FileNotFoundError:
            self.data = {}
        for key, value in (("next", 1), ("objects", {}), ("faults", {})):
            self.data.setdefault(key, value)
        return self.data

    def __exit__(self, *_):
        with Path(self.path).open("w") as file:
            json.dump(self.data, file, indent=2)
        self.lock.close()
        self.threads.release()


class Golden(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, world_path, log_path):
        self.world = World(world_path)
        self.log_path = log_path

    # -- helpers ---------------------------------------------------------------------------------
    def log(self, method, **fields):
        with Path(self.log_path).open("a") as file:
            file.write(json.dumps({"call": method, **fields}, sort_keys=True) + "\n")

    def fault(self, urn, inputs=None):
        name = urn.split("::")[-1]
        with self.world as world:
            played = world["faults"].get(name)
        return played or reveal(inputs or {}).get("fail") or "none"

    def fail(self, context, message):
        context.abort(grpc.StatusCode.UNKNOWN, message)

    def compute(self, kind, name, inputs, serial):
        """Outputs are the inputs and a few computed ones."""
        outputs = dict(inputs)
        value = reveal(inputs.get("value"))
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        outputs["label"] = UNKNOWN if has_unknown(value) else f"{name}:{text}"
        outputs["serial"] = serial
        if kind == THING and reveal(inputs.get("secretOut")):
            token = UNKNOWN if serial == UNKNOWN else f"token-{serial}"
            outputs["token"] = secret(token)
        return outputs

    # -- the plugin itself -----------------------------------------------------------------------
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(self, request, context):
        self.log(
            "Handshake",
            flags={
                field.name: value
                for field, value in request.ListFields()
                if isinstance(value, bool)
            },
        )
        return pb.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=False
        )

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def GetSchema(self, request, context):
        self.log("GetSchema")
        return pb.GetSchemaResponse(schema=json.dumps({"name": "golden", "version": VERSION}))

    def GetMapping(self, request, context):
        return pb.GetMappingResponse()

    def GetMappings(self, request, context):
        return pb.GetMappingsResponse()

    def Cancel(self, request, context):
        self.log("Cancel")
        return empty_pb2.Empty()

    # -- provider configuration ------------------------------------------------------------------
    def CheckConfig(self, request, context):
        news = plain(request.news)
        self.log("CheckConfig", urn=request.urn, olds=plain(request.olds), news=news)
        if reveal(news).get("region") == "nowhere":
            return pb.CheckResponse(
                inputs=request.news,
                failures=[pb.CheckFailure(property="region", reason="there is no such region")],
            )
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        olds, news = plain(request.old_inputs), plain(request.news)
        self.log(
            "DiffConfig", urn=request.urn, olds=plain(request.olds), old_inputs=olds, news=news
        )
        changed = [
            key
            for key in sorted(set(olds) | set(news))
            if reveal(olds.get(key)) != reveal(news.get(key)) and key != "version"
        ]
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(
            changes=kind, diffs=changed, replaces=[key for key in changed if key == "account"]
        )

    def Configure(self, request, context):
        self.log(
            "Configure",
            urn=request.urn,
            args=plain(request.args),
            variables=dict(request.variables),
        )
        return pb.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=False
        )

    # -- resources -------------------------------------------------------------------------------
    def Check(self, request, context):
        news = plain(request.news)
        self.log("Check", urn=request.urn, olds=plain(request.olds), news=news)
        if self.fault(request.urn, news) == "check":
            return pb.CheckResponse(
                inputs=request.news,
                failures=[
                    pb.CheckFailure(property="value", reason="the value is refused"),
                    pb.CheckFailure(property="", reason="the whole resource is refused"),
                ],
            )
        news.setdefault("fail", "none")
        return pb.CheckResponse(inputs=struct(news))

    def Diff(self, request, context):
        olds, news = plain(request.old_inputs), plain(request.news)
        ignored = list(request.ignoreChanges)
        self.log(
            "Diff",
            urn=request.urn,
            id=request.id,
            olds=plain(request.olds),
            old_inputs=olds,
            news=news,
            ignore=ignored,
        )
        if self.fault(request.urn, news) == "diff":
            self.fail(context, "the diff was told to fail")
        before = plain(request.olds)
        detailed, replaces = {}, []
        kinds = pb.PropertyDiff
        for key in sorted(set(olds) | set(news)):
            # A refresh may have moved the state away from the inputs; what exists counts.
            old = reveal(before[key] if key in before else olds.get(key))
            new = reveal(news.get(key))
            if old == new:
                continue
            replace = key == "key"
            if replace:
                replaces.append(key)
            if key not in news:
                kind = kinds.DELETE_REPLACE if replace else kinds.DELETE
            elif key not in before and key not in olds:
                kind = kinds.ADD_REPLACE if replace else kinds.ADD
            else:
                kind = kinds.UPDATE_REPLACE if replace else kinds.UPDATE
            detailed[key] = pb.PropertyDiff(kind=kind, inputDiff=True)
        kind = pb.DiffResponse.DIFF_SOME if detailed else pb.DiffResponse.DIFF_NONE
        resource_type = request.urn.split("::")[-2].split("$")[-1]
        return pb.DiffResponse(
            changes=kind,
            diffs=sorted(detailed),
            replaces=replaces,
            stables=["serial"],
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and resource_type == STATEFUL,
        )

    def Create(self, request, context):
        inputs = plain(request.properties)
        name = request.urn.split("::")[-1]
        kind = request.urn.split("::")[-2].split("$")[-1]
        self.log(
            "Create",
            urn=request.urn,
            inputs=inputs,
            preview=request.preview,
            timeout=request.timeout,
        )
        if request.preview:
            return pb.CreateResponse(
                id="", properties=struct(self.compute(kind, name, inputs, UNKNOWN))
            )
        fault = self.fault(request.urn, inputs)
        if fault == "create":
            self.fail(context, "the creation was told to fail")
        if fault == "hang":
            Path(self.world.path + ".hanging").write_text(str(os.getpid()))
            threading.Event().wait(600)
        with self.world as world:
            serial = world["next"]
            world["next"] = serial + 1
            identity = f"{name}-{serial}"
            outputs = self.compute(kind, name, inputs, serial)
            world["objects"][identity] = {
                "type": kind,
                "name": name,
                "inputs": inputs,
                "serial": serial,
            }
        if fault == "initfail":
            detail = any_pb2.Any()
            detail.Pack(
                pb.ErrorResourceInitFailed(
                    id=identity,
                    properties=struct(outputs),
                    inputs=struct(inputs),
                    reasons=["it was made", "but it did not become ready"],
                )
            )
            status = status_pb2.Status(
                code=grpc.StatusCode.UNKNOWN.value[0],
                message="resource failed to initialise",
                details=[detail],
            )
            context.set_trailing_metadata(
                (("grpc-status-details-bin", status.SerializeToString()),)
            )
            self.fail(context, "resource failed to initialise")
        return pb.CreateResponse(id=identity, properties=struct(outputs))

    def Update(self, request, context):
        news = plain(request.news)
        name = request.urn.split("::")[-1]
        kind = request.urn.split("::")[-2].split("$")[-1]
        self.log(
            "Update",
            urn=request.urn,
            id=request.id,
            olds=plain(request.olds),
            old_inputs=plain(request.old_inputs),
            news=news,
            preview=request.preview,
            ignore=list(request.ignoreChanges),
            timeout=request.timeout,
        )
        serial = reveal(plain(request.olds)).get("serial")
        outputs = self.compute(kind, name, news, serial)
        if request.preview:
            return pb.UpdateResponse(properties=struct(outputs))
        if self.fault(request.urn, news) == "update":
            self.fail(context, "the update was told to fail")
        with self.world as world:
            world["objects"][request.id] = {
                "type": kind,
                "name": name,
                "inputs": news,
                "serial": serial,
            }
        return pb.UpdateResponse(properties=struct(outputs))

    def Delete(self, request, context):
        olds = plain(request.properties)
        self.log(
            "Delete",
            urn=request.urn,
            id=request.id,
            olds=olds,
            old_inputs=plain(request.old_inputs),
            timeout=request.timeout,
        )
        if self.fault(request.urn, olds) == "delete":
            self.fail(context, "the deletion was told to fail")
        with self.world as world:
            world["objects"].pop(request.id, None)
        return empty_pb2.Empty()

    def Read(self, request, context):
        self.log(
            "Read",
            urn=request.urn,
            id=request.id,
            inputs=plain(request.inputs),
            state=plain(request.properties),
        )
        if self.fault(request.urn) == "read":
            self.fail(context, "the read was told to fail")
        with self.world as world:
            known = world["objects"].get(request.id)
        if known is None:
            return pb.ReadResponse()
        name = request.urn.split("::")[-1]
        outputs = self.compute(known["type"], name, known["inputs"], known["serial"])
        return pb.ReadResponse(
            id=request.id, properties=struct(outputs), inputs=struct(known["inputs"])
        )

    def Invoke(self, request, context):
        args = plain(request.args)
        self.log("Invoke", tok=request.tok, args=args, preview=request.preview)
        if request.tok == "golden:index:echo":
            return pb.InvokeResponse(
                **{
                    "return": struct(
                        {"echo": args.get("text"), "length": len(str(reveal(args.get("text"))))}
                    )
                }
            )
        if request.tok == "golden:index:hidden":
            return pb.InvokeResponse(**{"return": struct({"hidden": secret("found-it")})})
        if request.tok == "golden:index:refuse":
            return pb.InvokeResponse(
                failures=[pb.CheckFailure(property="text", reason="not this one")]
            )
        return self.fail(context, f"no such function: {request.tok}")


def serve(world_path, log_path):
    """A running server and its port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(16),
        options=[
            ("grpc.max_receive_message_length", 1 << 28),
            ("grpc.max_send_message_length", 1 << 28),
        ],
    )
    service = Golden(world_path, log_path)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main():
    server, port = serve(os.environ["GOLDEN_WORLD"], os.environ["GOLDEN_LOG"])
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))  # how the engine ends its plugins
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
