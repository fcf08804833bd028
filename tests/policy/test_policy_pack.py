"""The policy pack as Pulumi runs it: a process of its own, spoken to by gRPC."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto import analyzer_pb2_grpc

from drstate.model.declared import UNKNOWN
from drstate.policy.packfolder import PACK, missing
from drstate.policy.registry import RULES

STACK = "acme.production.us-west-2.211111111101.w1"
TAGS = {"Customer": "acme", "Environment": "production", "drstate:managed": "true"}
NAME = "efs/211111111101/files"
GOOD = {"encrypted": True, "tags": TAGS}


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def asked(inputs: dict[str, Any], **more: Any) -> wire.AnalyzeRequest:
    token = more.pop("token", "aws:efs/fileSystem:FileSystem")
    region = more.pop("region", "us-west-2")
    urn = f"urn:pulumi:{STACK}::drstate::pulumi:providers:aws::aws-{region}"
    return wire.AnalyzeRequest(
        type=token,
        properties=struct(inputs),
        urn=f"urn:pulumi:{STACK}::drstate::{token}::{NAME}",
        name=NAME,
        options=wire.AnalyzerResourceOptions(protect=more.pop("protect", True)),
        provider=wire.AnalyzerProviderResource(
            type="pulumi:providers:aws",
            properties=struct({"region": region}),
            urn=urn,
            name=f"aws-{region}",
        ),
    )


@pytest.fixture(scope="module")
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    assert missing() is None, missing()
    process = subprocess.Popen(
        [sys.executable, "-u", str(PACK)], stdout=subprocess.PIPE, text=True, cwd=PACK
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdecimal(), "the pack did not start"
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def told(pack: analyzer_pb2_grpc.AnalyzerStub, request: wire.AnalyzeRequest) -> dict[str, str]:
    found = pack.Analyze(request, timeout=30).diagnostics
    return {one.policyName: one.message for one in found}


def test_it_offers_every_rule_as_mandatory(pack):
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
    assert info.name == "drstate"
    assert [one.name for one in info.policies] == [rule.id for rule in RULES]
    levels = {one.enforcementLevel for one in info.policies}
    assert levels == {wire.EnforcementLevel.Value("MANDATORY")}


def test_it_finds_what_the_rules_find(pack):
    assert told(pack, asked(GOOD)) == {}
    bad = told(pack, asked({"encrypted": False}, protect=False, region="us-east-1"))
    assert set(bad) == {"encrypted", "protected", "site-region", "tagged"}
    assert f"{NAME} is in us-east-1, not in us-west-2: " in bad["site-region"]
    statement = '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}'
    token = "aws:efs/fileSystemPolicy:FileSystemPolicy"
    assert set(told(pack, asked({"policy": statement}, token=token))) == {"wildcard-trust"}


def test_what_is_not_known_yet_is_no_violation(pack):
    assert told(pack, asked({**GOOD, "encrypted": UNKNOWN, "kmsKeyId": UNKNOWN})) == {}


def test_the_stack_as_a_whole_is_answered_too(pack):
    request = wire.AnalyzeStackRequest(
        resources=[wire.AnalyzerResource(type="aws:efs/fileSystem:FileSystem", name=NAME)]
    )
    assert not pack.AnalyzeStack(request, timeout=30).diagnostics


def test_exemptions_and_advice_come_by_configuration(pack):
    level = wire.EnforcementLevel.Value("ADVISORY")

    def configure(*exempt: str) -> None:
        values = {"exempt": list(exempt)}
        config = wire.PolicyConfig(enforcementLevel=level, properties=struct(values))
        pack.Configure(wire.ConfigureAnalyzerRequest(policyConfig={"encrypted": config}))

    bad = asked({**GOOD, "encrypted": False})
    configure("efs/others")
    (found,) = pack.Analyze(bad, timeout=30).diagnostics
    assert (found.policyName, found.enforcementLevel) == ("encrypted", level)
    configure("efs/files")
    assert told(pack, bad) == {}
