"""An EC2 instance through its life, and what a program may ask about a subnet."""

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from drstate.sandbox.provider import wire
from tests.sandbox.provider.provider_harness import Resource


@pytest.fixture(scope="module")
def subnet(aws):
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.4.0/24")["Subnet"]
    group = ec2.create_security_group(GroupName="life", Description="life", VpcId=vpc)["GroupId"]
    return made["SubnetId"], group


def test_an_instance_lives(plugin, aws, subnet):
    instance = Resource(plugin, "aws:ec2/instance:Instance")
    first = {
        "ami": "ami-12345678",
        "instanceType": "m6i.large",
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIpv6": "disabled",
            "httpPutResponseHopLimit": 2,
            "httpTokens": "required",
            "instanceMetadataTags": "enabled",
        },
        "privateIp": "10.77.4.21",
        "sourceDestCheck": False,
        "subnetId": subnet[0],
        "vpcSecurityGroupIds": [subnet[1]],
    }
    second = {**first, "instanceType": "m6i.xlarge", "forceDestroy": True, "tags": {"a": "b"}}
    changes = ["forceDestroy", "instanceType", "tags", "tagsAll.a"]
    imported = instance.lives(first, second, changes)
    assert imported["privateIp"] == "10.77.4.21"
    assert imported["metadataOptions"] == first["metadataOptions"]


def test_a_stopped_instance_is_changed_as_it_is(plugin, aws, subnet):
    instance = Resource(plugin, "aws:ec2/instance:Instance", "stopped")
    first = {
        "ami": "ami-12345678",
        "instanceType": "m6i.large",
        "sourceDestCheck": False,
        "subnetId": subnet[0],
    }
    instance.create(first)
    ec2 = aws("ec2")
    shown = ec2.describe_instances(InstanceIds=[instance.id])["Reservations"][0]["Instances"][0]
    assert shown["SourceDestCheck"] is False
    ec2.stop_instances(InstanceIds=[instance.id])
    instance.update({**first, "instanceType": "m6i.xlarge"})
    _, _, state = instance.refresh()
    assert (state["instanceState"], state["instanceType"]) == ("stopped", "m6i.xlarge")
    # its power is no property: nothing to change
    assert instance.diff({**first, "instanceType": "m6i.xlarge"})[0] == {}


def test_what_an_instance_cannot_have_here_is_refused(plugin, subnet):
    instance = Resource(plugin, "aws:ec2/instance:Instance", "refused")
    assert "ami" in instance.failures({"instanceType": "m6i.large"})
    given = {"ami": "ami-12345678", "instanceType": "m6i.large", "userData": "echo"}
    assert "userData" in instance.failures(given)


def test_a_subnet_tells_its_range(plugin, subnet):
    token = "aws:ec2/getSubnet:getSubnet"
    answer = plugin.stub.Invoke(pb.InvokeRequest(tok=token, args=wire.struct({"id": subnet[0]})))
    assert wire.plain(getattr(answer, "return"))["cidrBlock"] == "10.77.4.0/24"
