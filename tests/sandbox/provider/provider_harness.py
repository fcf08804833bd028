"""The plugin as a process, spoken to by gRPC, and resources driven as an engine drives them."""

import json
import os
import subprocess
from pathlib import Path

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from drstate.sandbox.provider import plugin_folder, wire

ROLE = "arn:aws:iam::211111111102:role/drstate-target"
ACCOUNT = "211111111102"
EXTERNAL_ID = "acme-dr-7c1f"
WEST = "us-west-2"
PROVIDER = "urn:pulumi:dev::p::pulumi:providers:aws::aws"


def role(arn=ROLE, external_id=EXTERNAL_ID, **more):
    return json.dumps(
        [{"roleArn": arn, "externalId": external_id, "sessionName": "drstate", **more}]
    )


class Plugin:
    """One plugin process."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [str(plugin_folder(folder) / "pulumi-resource-aws")],
            stdout=subprocess.PIPE,
            env={**os.environ, **env},
            text=True,
        )
        self.port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def configure(self, **config):
        args = {"region": WEST, "assumeRoles": role(), **config}
        return self.stub.Configure(pb.ConfigureRequest(args=wire.struct(args)))

    def close(self) -> None:
        self.channel.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Resource:
    """One resource of a program: its inputs, id and state, as an engine keeps them."""

    def __init__(self, plugin: Plugin, kind: str, name: str = "it") -> None:
        self.stub = plugin.stub
        self.urn = f"urn:pulumi:dev::p::{kind}::{name}"
        self.id = ""
        self.inputs: dict = {}
        self.state: dict = {}

    def failures(self, inputs):
        answer = self._check(inputs)
        return {one.property: one.reason for one in answer.failures}

    def checked(self, inputs):
        answer = self._check(inputs)
        assert not answer.failures, [one.reason for one in answer.failures]
        return wire.plain(answer.inputs)

    def _check(self, inputs):
        return self.stub.Check(
            pb.CheckRequest(
                urn=self.urn,
                olds=wire.struct(self.inputs),
                news=wire.struct(inputs),
                randomSeed=b"seed",
            )
        )

    def diff(self, inputs, ignore=()):
        """Kinds of difference by place, with the response."""
        answer = self.stub.Diff(
            pb.DiffRequest(
                urn=self.urn,
                id=self.id,
                olds=wire.struct(self.state),
                old_inputs=wire.struct(self.inputs),
                news=wire.struct(self.checked(inputs)),
                ignoreChanges=list(ignore),
            )
        )
        kinds = pb.PropertyDiff.Kind
        return {at: kinds.Name(one.kind) for at, one in answer.detailedDiff.items()}, answer

    def create(self, inputs, preview=False, timeout=0):
        checked = self.checked(inputs)
        answer = self.stub.Create(
            pb.CreateRequest(
                urn=self.urn, properties=wire.struct(checked), preview=preview, timeout=timeout
            )
        )
        if preview:
            return wire.plain(answer.properties)
        self.id, self.inputs = answer.id, checked
        self.state = wire.plain(answer.properties)
        return self.state

    def update(self, inputs, ignore=(), preview=False):
        checked = self.checked(inputs)
        answer = self.stub.Update(
            pb.UpdateRequest(
                urn=self.urn,
                id=self.id,
                olds=wire.struct(self.state),
                old_inputs=wire.struct(self.inputs),
                news=wire.struct(checked),
                ignoreChanges=list(ignore),
                preview=preview,
            )
        )
        shown = wire.plain(answer.properties)
        if not preview:
            self.inputs, self.state = checked, shown
        return shown

    def refresh(self):
        """(id, inputs, state) as AWS has it now; the id is empty if it is gone."""
        answer = self.stub.Read(
            pb.ReadRequest(
                urn=self.urn,
                id=self.id,
                properties=wire.struct(self.state),
                inputs=wire.struct(self.inputs),
            )
        )
        return answer.id, wire.plain(answer.inputs), wire.plain(answer.properties)

    def imported(self, ident):
        """(id, inputs, state) of a read with an id alone."""
        answer = self.stub.Read(pb.ReadRequest(urn=self.urn, id=ident))
        return answer.id, wire.plain(answer.inputs), wire.plain(answer.properties)

    def delete(self):
        self.stub.Delete(
            pb.DeleteRequest(
                urn=self.urn,
                id=self.id,
                properties=wire.struct(self.state),
                old_inputs=wire.struct(self.inputs),
            )
        )

    def lives(self, first, second, updates, import_id=None):
        """A whole life: created, the same, updated, refreshed, imported, deleted."""
        self.create(first)
        assert self.diff(first)[0] == {}
        assert set(self.diff(second)[0]) == set(updates)
        self.update(second)
        assert self.diff(second)[0] == {}
        assert self.refresh() == (self.id, self.inputs, self.state)
        ident, inputs, state = self.imported(import_id or self.id)
        assert ident == self.id
        assert state.get("arn") == self.state.get("arn")
        self.delete()
        assert self.refresh()[0] == ""
        return inputs
