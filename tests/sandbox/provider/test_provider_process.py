"""The process and its configuration."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from drstate.sandbox.provider import plugin_folder, wire
from tests.sandbox.provider.provider_harness import ACCOUNT, PROVIDER, WEST, role

ROOT = Path(__file__).parents[3]


def configure_fails(plugin, **config):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.configure(**config)
    return refused.value.details()


def invoke(plugin, token, **args):
    answer = plugin.stub.Invoke(pb.InvokeRequest(tok=token, args=wire.struct(args)))
    return wire.plain(getattr(answer, "return")), {
        one.property: one.reason for one in answer.failures
    }


def test_the_folder_has_one_executable_and_is_made_once(tmp_path):
    folder = plugin_folder(tmp_path)
    assert [one.name for one in folder.iterdir()] == ["pulumi-resource-aws"]
    assert os.access(folder / "pulumi-resource-aws", os.X_OK)
    before = (folder / "pulumi-resource-aws").stat().st_ino
    assert plugin_folder(tmp_path) == folder
    assert (folder / "pulumi-resource-aws").stat().st_ino == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(raw_plugin, number):
    raw_plugin.process.send_signal(number)
    assert raw_plugin.process.wait(10) == 0


def test_cancel_ends_it(raw_plugin):
    raw_plugin.stub.Cancel(empty_pb2.Empty())
    assert raw_plugin.process.wait(10) == 0


def test_it_does_not_outlive_a_killed_parent(tmp_path):
    executable = plugin_folder(tmp_path) / "pulumi-resource-aws"
    starter = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)\n"
        "port = child.stdout.readline().strip()\n"
        "print(child.pid, port, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, str(executable)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    child, port = map(int, parent.stdout.readline().split())
    watch = os.pidfd_open(child)
    assert port > 0
    parent.kill()
    parent.communicate()
    import select

    ended, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    assert ended, "the plugin is still there"


def test_it_assumes_the_role_and_tells_who_and_where_it_is(raw_plugin):
    raw_plugin.configure(allowedAccountIds=json.dumps([ACCOUNT]))
    identity, _ = invoke(raw_plugin, "aws:index/getCallerIdentity:getCallerIdentity")
    assert identity["accountId"] == ACCOUNT
    assert identity["arn"].endswith("assumed-role/drstate-target/drstate")
    region, _ = invoke(raw_plugin, "aws:index/getRegion:getRegion")
    assert (region["region"], region["id"]) == (WEST, WEST)
    _, failures = invoke(raw_plugin, "aws:index/getRegion:getRegion", nam="x")
    assert "'name'" in failures["nam"]


def test_a_wrong_external_id_is_aws_own_refusal(raw_plugin):
    words = configure_fails(
        raw_plugin, assumeRoles=role(external_id="wrong"), allowedAccountIds=json.dumps([ACCOUNT])
    )
    assert "AssumeRole: AccessDenied" in words
    assert "drstate-target" in words


def test_an_account_that_is_not_allowed_is_refused_with_both_named(raw_plugin):
    words = configure_fails(raw_plugin, allowedAccountIds=json.dumps(["322222222201"]))
    assert f"AWS account ID not allowed: {ACCOUNT}" in words
    assert "322222222201" in words


@pytest.mark.parametrize(
    ("config", "at", "words"),
    [
        ({"regoin": "us-east-1"}, "regoin", "'region'"),
        ({"region": "west"}, "region", "not a region"),
        ({"assumeRoles": json.dumps([{"role_arn": "x"}])}, "assumeRoles[0].role_arn", "'roleArn'"),
        ({"assumeRoles": role(duration="5m")}, "assumeRoles[0].duration", "15m"),
        ({"endpoints": json.dumps([{"rds": "nowhere"}])}, "endpoints[0].rds", "http"),
        ({"maxRetries": json.dumps("many")}, "maxRetries", "integer"),
    ],
)
def test_bad_configuration_is_refused_by_check_and_by_configure(raw_plugin, config, at, words):
    news = {"region": WEST, **config}
    answer = raw_plugin.stub.CheckConfig(pb.CheckRequest(urn=PROVIDER, news=wire.struct(news)))
    found = {one.property: one.reason for one in answer.failures}
    assert words in found[at]
    assert words in configure_fails(raw_plugin, **config)


@pytest.mark.parametrize(
    ("change", "diffs", "replaces"),
    [
        ({}, [], []),
        ({"region": "us-east-1"}, ["region"], ["region"]),
        ({"assumeRoles": role(arn="arn:aws:iam::1:role/x")}, ["assumeRoles"], ["assumeRoles"]),
        ({"assumeRoles": role(external_id="new")}, ["assumeRoles"], []),
        ({"maxRetries": "7"}, ["maxRetries"], []),
    ],
)
def test_only_another_region_or_account_replaces_the_provider(raw_plugin, change, diffs, replaces):
    old = {"region": WEST, "assumeRoles": role()}
    answer = raw_plugin.stub.DiffConfig(
        pb.DiffRequest(
            urn=PROVIDER,
            olds=wire.struct(old),
            old_inputs=wire.struct(old),
            news=wire.struct({**old, **change}),
        )
    )
    assert (list(answer.diffs), list(answer.replaces)) == (diffs, replaces)


def test_resources_before_configuration_are_refused(raw_plugin):
    with pytest.raises(grpc.RpcError) as refused:
        raw_plugin.stub.Check(
            pb.CheckRequest(urn="urn:pulumi:a::b::aws:ecs/cluster:Cluster::c", news=wire.struct({}))
        )
    assert "not configured" in refused.value.details()


def test_it_starts_without_the_sdk_and_without_any_client():
    """What makes it start in a third of a second: only message classes are loaded."""
    look = (
        "import sys\n"
        "from drstate.sandbox.provider.stubs import bare_packages\n"
        "assert bare_packages()\n"
        "import drstate.sandbox.provider.servicer\n"
        "heavy = {'pulumi.automation', 'pulumi.resource', 'pulumi_aws', 'boto3', 'moto'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout == "[]\n"
