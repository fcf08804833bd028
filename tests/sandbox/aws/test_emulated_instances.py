"""EC2 instances as EC2 tells them: tenancy, whose a public address is, devices without volumes."""

import pytest

DATA = "211111111101"
IMAGE = "ami-0123456789abcdef0"


@pytest.fixture
def ec2(sandbox):
    return sandbox.client("ec2", account=DATA)


def launched(ec2, **given):
    (made,) = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **given)["Instances"]
    (shown,) = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"]
    return shown["Instances"][0]


def test_the_tenancy_that_is_asked_for_is_kept(ec2):
    assert launched(ec2, Placement={"Tenancy": "dedicated"})["Placement"]["Tenancy"] == "dedicated"
    assert launched(ec2)["Placement"]["Tenancy"] == "default"


def test_an_address_of_the_launch_is_amazons_and_an_elastic_one_the_accounts(ec2):
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    outside = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}
    made = launched(ec2, NetworkInterfaces=[outside])
    assert made["NetworkInterfaces"][0]["Association"]["IpOwnerId"] == "amazon"
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(InstanceId=made["InstanceId"], AllocationId=address)
    (shown,) = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"]
    association = shown["Instances"][0]["NetworkInterfaces"][0]["Association"]
    assert association["IpOwnerId"] == DATA


def test_a_template_may_name_devices_that_are_no_volumes(ec2):
    volume = {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 9, "VolumeType": "gp3"}}
    none = {"DeviceName": "/dev/xvdc", "NoDevice": ""}
    data = {"InstanceType": "t3.micro", "BlockDeviceMappings": [volume, none]}
    ec2.create_launch_template(LaunchTemplateName="disks", LaunchTemplateData=data)
    made = launched(ec2, LaunchTemplate={"LaunchTemplateName": "disks"})
    devices = {one["DeviceName"] for one in made["BlockDeviceMappings"]}
    assert "/dev/xvdb" in devices
    assert "/dev/xvdc" not in devices
    (version,) = ec2.describe_launch_template_versions(
        LaunchTemplateName="disks", Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    assert len(version["LaunchTemplateData"]["BlockDeviceMappings"]) == 2
