"""Auto Scaling groups, their instances and targets, security groups and quotas, as AWS has them."""

import pytest

from drstate.sandbox import process

EAST = "us-east-1"
ACCOUNT = "233333333302"
FLEET = "initech-production-fleet"


@pytest.fixture
def groups(sandbox):
    return sandbox.client("autoscaling", EAST, ACCOUNT)


@pytest.fixture
def ec2(sandbox):
    return sandbox.client("ec2", EAST, ACCOUNT)


def shown(groups, name=FLEET):
    return groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]


def sizes(groups, name=FLEET):
    found = shown(groups, name)
    return found["MinSize"], found["MaxSize"], found["DesiredCapacity"]


def states(groups, name=FLEET):
    return sorted(one["LifecycleState"] for one in shown(groups, name)["Instances"])


def targets(sandbox):
    elb = sandbox.client("elbv2", EAST, ACCOUNT)
    arn = sandbox.facts("initech/production")["autoscaling"]["target_group"][EAST]
    found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return sorted(one["TargetHealth"]["State"] for one in found)


def small(groups, sandbox, name="small", **given):
    template = sandbox.facts("initech/production")["autoscaling"]["launch_template"]
    subnets = shown(groups)["VPCZoneIdentifier"]
    groups.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        VPCZoneIdentifier=subnets,
        **{"MinSize": 0, "MaxSize": 3, "DesiredCapacity": 1, **given},
    )


def test_a_minimum_alone_raises_what_is_desired_and_a_maximum_lowers_it(groups):
    groups.update_auto_scaling_group(AutoScalingGroupName=FLEET, MinSize=6)
    assert sizes(groups) == (6, 8, 6)
    groups.update_auto_scaling_group(AutoScalingGroupName=FLEET, MinSize=0, MaxSize=2)
    assert sizes(groups) == (0, 2, 2)


def test_sizes_that_do_not_fit_each_other_are_refused(groups, refused):
    for wrong in ({"MinSize": 9}, {"DesiredCapacity": 9}, {"DesiredCapacity": 1}):
        code = refused(groups.update_auto_scaling_group, AutoScalingGroupName=FLEET, **wrong)[0]
        assert code == "ValidationError", wrong
    code = refused(
        groups.set_desired_capacity, AutoScalingGroupName=FLEET, DesiredCapacity=9
    )[0]  # fmt: skip
    assert code == "ValidationError"
    assert sizes(groups) == (2, 8, 4)


def test_instances_take_their_time_and_targets_follow_them(groups, sandbox):
    assert (states(groups), targets(sandbox)) == (["InService"] * 4, ["healthy"] * 4)
    groups.update_auto_scaling_group(AutoScalingGroupName=FLEET, DesiredCapacity=5)
    assert states(groups) == ["InService"] * 4 + ["Pending"]
    assert targets(sandbox) == ["healthy"] * 4
    process.advance(sandbox.home, 46)
    assert states(groups) == ["InService"] * 5
    assert targets(sandbox) == ["healthy"] * 4 + ["initial"]
    process.advance(sandbox.home, 60)
    assert targets(sandbox) == ["healthy"] * 5
    groups.update_auto_scaling_group(
        AutoScalingGroupName=FLEET, MinSize=0, MaxSize=0, DesiredCapacity=0
    )
    assert states(groups) == ["Terminating"] * 5
    assert targets(sandbox) == []
    process.advance(sandbox.home, 31)
    assert states(groups) == []


def test_a_suspended_launch_waits_until_it_is_resumed(groups, refused, sandbox):
    groups.suspend_processes(AutoScalingGroupName=FLEET, ScalingProcesses=["Launch"])
    groups.update_auto_scaling_group(AutoScalingGroupName=FLEET, DesiredCapacity=6)
    process.advance(sandbox.home, 100)
    assert states(groups) == ["InService"] * 4
    groups.resume_processes(AutoScalingGroupName=FLEET, ScalingProcesses=["Launch"])
    assert states(groups) == ["InService"] * 4 + ["Pending"] * 2
    code = refused(
        groups.suspend_processes, AutoScalingGroupName=FLEET, ScalingProcesses=["Sleep"]
    )[0]  # fmt: skip
    assert code == "ValidationError"


def test_policies_and_schedules_belong_to_their_group(groups, sandbox):
    small(groups, sandbox)
    for name, value in ((FLEET, 40.0), ("small", 80.0)):
        groups.put_scaling_policy(
            AutoScalingGroupName=name,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ASGAverageCPUUtilization"
                },
                "TargetValue": value,
            },
        )
        groups.put_scheduled_update_group_action(
            AutoScalingGroupName=name,
            ScheduledActionName="night",
            Recurrence="0 22 * * *",
            MinSize=int(value),
        )
    for name, value in ((FLEET, 40.0), ("small", 80.0)):
        (policy,) = groups.describe_policies(AutoScalingGroupName=name, PolicyNames=["cpu"])[
            "ScalingPolicies"
        ]
        assert policy["TargetTrackingConfiguration"]["TargetValue"] == value
        (night,) = groups.describe_scheduled_actions(
            AutoScalingGroupName=name, ScheduledActionNames=["night"]
        )["ScheduledUpdateGroupActions"]
        assert night["MinSize"] == int(value)


def test_a_group_with_instances_is_not_deleted_without_force(groups, refused, sandbox):
    small(groups, sandbox, DefaultInstanceWarmup=90, TerminationPolicies=["OldestInstance"])
    found = shown(groups, "small")
    assert (found["DefaultInstanceWarmup"], found["TerminationPolicies"]) == (
        90,
        ["OldestInstance"],
    )
    code = refused(lambda: small(groups, sandbox))[0]
    assert code == "AlreadyExists"
    assert refused(groups.delete_auto_scaling_group, AutoScalingGroupName="small")[0] == (
        "ResourceInUse"
    )
    groups.delete_auto_scaling_group(AutoScalingGroupName="small", ForceDelete=True)
    left = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["small"])
    assert left["AutoScalingGroups"] == []


def test_groups_are_indexed_and_the_tagging_api_does_not_tell_them(sandbox, groups):
    arn = shown(groups)["AutoScalingGroupARN"]
    explorer = sandbox.client("resource-explorer-2", EAST, ACCOUNT)
    query = "resourcetype:autoscaling:autoScalingGroup"
    assert [one["Arn"] for one in explorer.search(QueryString=query)["Resources"]] == [arn]
    tagging = sandbox.client("resourcegroupstaggingapi", EAST, ACCOUNT)
    pages = tagging.get_paginator("get_resources").paginate()
    assert arn not in {
        one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]
    }


def test_rules_of_groups_keep_their_words_and_change_in_place(ec2, refused, sandbox):
    group = sandbox.facts("initech/production")["security_group"]["id"]
    rules = {
        one["FromPort"]: one
        for one in ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )["SecurityGroupRules"]
    }
    assert rules[8443]["Description"] == "our own"
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rules[8443]["SecurityGroupRuleId"],
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 8444,
                    "ToPort": 8444,
                    "ReferencedGroupId": group,
                    "Description": "itself",
                },
            }
        ],
    )
    (changed,) = ec2.describe_security_group_rules(
        SecurityGroupRuleIds=[rules[8443]["SecurityGroupRuleId"]]
    )["SecurityGroupRules"]
    assert (changed["FromPort"], changed["Description"]) == (8444, "itself")
    assert changed["ReferencedGroupInfo"]["GroupId"] == group


def test_a_group_that_another_one_names_is_not_deleted(ec2, refused, sandbox):
    facts = sandbox.facts("initech/production")
    network = ec2.describe_security_groups(GroupIds=[facts["security_group"]["id"]])
    vpc = network["SecurityGroups"][0]["VpcId"]
    made = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("held", "holder")
    ]
    ec2.authorize_security_group_ingress(
        GroupId=made[1],
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made[0]}]}],
    )
    assert refused(ec2.delete_security_group, GroupId=made[0])[0] == "DependencyViolation"
    for group in reversed(made):
        ec2.delete_security_group(GroupId=group)


def test_tags_go_with_a_group_and_its_rules(ec2, sandbox):
    facts = sandbox.facts("initech/production")
    network = ec2.describe_security_groups(GroupIds=[facts["security_group"]["id"]])
    vpc = network["SecurityGroups"][0]["VpcId"]

    def tagged(kind):
        return [{"ResourceType": kind, "Tags": [{"Key": "Purpose", "Value": "gone-soon"}]}]

    def left():
        filters = [{"Name": "value", "Values": ["gone-soon"]}]
        return {one["ResourceId"] for one in ec2.describe_tags(Filters=filters)["Tags"]}

    group = ec2.create_security_group(
        GroupName="soon", Description="soon", VpcId=vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]
    rules = [
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
                 "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
            ],
            TagSpecifications=tagged("security-group-rule"),
        )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        for port in (443, 8443)
    ]  # fmt: skip
    assert left() == {group, *rules}
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=rules[:1])
    assert left() == {group, rules[1]}
    ec2.delete_security_group(GroupId=group)
    assert left() == set()


def test_vcpu_quotas_are_told_and_unknown_ones_are_not(sandbox, refused):
    quotas = sandbox.client("service-quotas", EAST, ACCOUNT)
    found = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    assert found["Value"] == 256.0
    code = refused(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")[0]
    assert code == "NoSuchResourceException"


def test_a_quota_is_raised_where_more_is_asked_for_and_nowhere_else(sandbox, refused):
    east, west = (
        sandbox.client("service-quotas", region, ACCOUNT) for region in (EAST, "eu-west-1")
    )
    clusters = {"ServiceCode": "rds", "QuotaCode": "L-952B80B8"}
    for wanted in (39.0, 40.0):
        given = {**clusters, "DesiredValue": wanted}
        assert (
            refused(west.request_service_quota_increase, **given)[0] == "IllegalArgumentException"
        )
    west.request_service_quota_increase(**clusters, DesiredValue=50.0)
    assert west.get_service_quota(**clusters)["Quota"]["Value"] == 50.0
    assert east.get_service_quota(**clusters)["Quota"]["Value"] == 40.0
    # a global service's quotas are in one region
    checks = {"ServiceCode": "route53", "QuotaCode": "L-ACB674F3"}
    assert east.get_service_quota(**checks)["Quota"]["GlobalQuota"]
    assert refused(west.get_service_quota, **checks)[0] == "NoSuchResourceException"


def test_a_policy_takes_back_a_count_beyond_its_bounds(sandbox):
    name = sandbox.facts("initech/production")["ecs"]["name"].split("/")
    ecs = sandbox.client("ecs", EAST, ACCOUNT)
    scaling = sandbox.client("application-autoscaling", EAST, ACCOUNT)

    def count():
        found = ecs.describe_services(cluster=name[0], services=[name[1]])["services"][0]
        return found["desiredCount"]

    ecs.update_service(cluster=name[0], service=name[1], desiredCount=0)
    assert count() == 0
    process.advance(sandbox.home, 61)
    assert count() == 2
    scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{name[0]}/{name[1]}",
        ScalableDimension="ecs:service:DesiredCount",
        SuspendedState={"DynamicScalingOutSuspended": True},
    )
    ecs.update_service(cluster=name[0], service=name[1], desiredCount=0)
    process.advance(sandbox.home, 61)
    assert count() == 0
