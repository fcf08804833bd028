"""Versions of a launch template, and the Auto Scaling group that goes from one to the next."""

import base64

import pytest

DATA = "211111111101"
IMAGE = "ami-0123456789abcdef0"
USER_DATA = base64.b64encode(b"#!/bin/sh\necho ready\n").decode()


@pytest.fixture
def ec2(sandbox):
    return sandbox.client("ec2", account=DATA)


@pytest.fixture
def scaling(sandbox):
    return sandbox.client("autoscaling", account=DATA)


@pytest.fixture
def template(ec2):
    return ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": "t3.micro", "UserData": USER_DATA,
        },
    )["LaunchTemplate"]["LaunchTemplateId"]  # fmt: skip


@pytest.fixture
def group(ec2, scaling, template):
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
    )
    return "web"


def instances(scaling):
    found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    return [(one["LaunchTemplate"]["Version"], one["InstanceType"]) for one in found]


def test_second_version_is_what_new_instances_are_launched_from(ec2, scaling, template, group):
    made = ec2.create_launch_template_version(
        LaunchTemplateId=template,
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.large", "UserData": USER_DATA},
    )["LaunchTemplateVersion"]
    assert made["VersionNumber"] == 2
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    assert instances(scaling) == [("1", "t3.micro"), ("2", "t3.large")]
    alone = scaling.describe_auto_scaling_instances()["AutoScalingInstances"]
    assert [one["LaunchTemplate"]["Version"] for one in alone] == ["1", "2"]
    scaling.update_auto_scaling_group(
        AutoScalingGroupName=group,
        DesiredCapacity=3,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
    )
    assert instances(scaling)[-1] == ("1", "t3.micro")


def test_version_on_top_of_another_keeps_what_is_not_given(ec2, scaling, template, group):
    ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )
    data = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["2"])[
        "LaunchTemplateVersions"
    ][0]["LaunchTemplateData"]
    assert (data["ImageId"], data["UserData"]) == (IMAGE, USER_DATA)
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    assert instances(scaling)[-1] == ("2", "t3.large")


@pytest.mark.parametrize("version", ["2", "0"])
def test_version_that_does_not_exist_is_refused_and_changes_nothing(
    scaling, template, group, refused, version
):
    answer = refused(
        scaling.update_auto_scaling_group,
        AutoScalingGroupName=group,
        MaxSize=9,
        LaunchTemplate={"LaunchTemplateId": template, "Version": version},
    )
    assert answer[:2] == ("ValidationError", 400)
    found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert (found["MaxSize"], found["LaunchTemplate"]["Version"]) == (4, "$Latest")


def test_mixed_instances_policy_survives_another_update(ec2, scaling, template):
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    named = {"LaunchTemplateId": template, "Version": "1"}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="mixed",
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=0,
        VPCZoneIdentifier=subnet,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": named,
                "Overrides": [{"InstanceType": "t3.nano"}],
            }
        },
    )
    scaling.update_auto_scaling_group(AutoScalingGroupName="mixed", MaxSize=3)
    found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    kept = found["MixedInstancesPolicy"]["LaunchTemplate"]
    assert (found["MaxSize"], kept["LaunchTemplateSpecification"]["Version"]) == (3, "1")


def test_a_deleted_version_is_gone_and_its_number_is_not_given_again(ec2, template):
    for kind in ("t3.small", "t3.large"):
        ec2.create_launch_template_version(
            LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": kind}
        )
    versions = ["1", "2", "9"]
    answer = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=versions)
    done = [one["VersionNumber"] for one in answer["SuccessfullyDeletedLaunchTemplateVersions"]]
    kept = [one["VersionNumber"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]]
    # the default one stays
    assert (done, kept) == ([2], [1, 9])
    ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.nano"}
    )
    found = ec2.describe_launch_template_versions(LaunchTemplateId=template)
    assert [
        (one["VersionNumber"], one["LaunchTemplateData"]["InstanceType"])
        for one in found["LaunchTemplateVersions"]
    ] == [(1, "t3.micro"), (3, "t3.large"), (4, "t3.nano")]
