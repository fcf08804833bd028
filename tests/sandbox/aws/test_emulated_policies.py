"""Identity policies, where they are switched on: who may do what, in AWS's words."""

import json

import pytest

from drstate.adapters import policy as generated
from drstate.sandbox import process

APP, DATA = "211111111102", "211111111101"
EXTERNAL = "acme-dr-7c1f"


class Guarded:
    """A sandbox that holds callers to their policies, and a role to try them with."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.iam = sandbox.client("iam", account=APP)
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::100000000001:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL}},
        }
        self.iam.create_role(
            RoleName="drstate-target-narrow",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        self.operator = sandbox.client("iam")
        self.operator.put_user_policy(
            UserName=sandbox.client("sts").get_caller_identity()["Arn"].rsplit("/", 1)[-1],
            PolicyName="assume-narrow",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Resource": "arn:aws:iam::*:role/drstate-target-narrow",
                    },
                }
            ),
        )

    def allow(self, *statements):
        self.iam.put_role_policy(
            RoleName="drstate-target-narrow",
            PolicyName="narrow",
            PolicyDocument=document(*statements),
        )

    def on(self):
        process.policies(self.sandbox.home)

    def client(self, service, region="us-east-1", **more):
        answer = self.sandbox.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{APP}:role/drstate-target-narrow",
            RoleSessionName="narrow",
            ExternalId=EXTERNAL,
            **more,
        )["Credentials"]
        session = self.sandbox.with_key(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )
        return self.sandbox.checked(session, service, region)


@pytest.fixture
def guarded(sandbox):
    return Guarded(sandbox)


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect, *actions, resource="*", **more):
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def test_off_is_the_default_and_on_is_refused_in_awss_words(guarded, refused):
    guarded.allow(statement("Allow", "ecs:List*"))
    ecs = guarded.client("ecs")
    ecs.create_cluster(clusterName="while-off")
    guarded.on()
    assert len(ecs.list_clusters()["clusterArns"]) > 1
    code, status, words, retries = refused(ecs.create_cluster, clusterName="x")
    assert (code, status, retries) == ("AccessDeniedException", 400, 0)
    assert words == (
        f"User: arn:aws:sts::{APP}:assumed-role/drstate-target-narrow/narrow is not authorized "
        "to perform: ecs:CreateCluster because no identity-based policy allows the "
        "ecs:CreateCluster action"
    )
    for service, operation, answer in (
        ("rds", "describe_db_clusters", ("AccessDenied", 403)),
        ("ec2", "describe_vpcs", ("UnauthorizedOperation", 403)),
        ("drs", "describe_source_servers", ("AccessDeniedException", 403)),
        ("route53", "list_hosted_zones", ("AccessDenied", 403)),
        ("elbv2", "describe_load_balancers", ("AccessDenied", 403)),
        ("resourcegroupstaggingapi", "get_resources", ("AccessDeniedException", 400)),
    ):
        assert refused(getattr(guarded.client(service), operation))[:2] == answer
    assert guarded.client("sts").get_caller_identity()["Account"] == APP
    process.policies(guarded.sandbox.home, on=False)
    ecs.create_cluster(clusterName="while-off-again")


def test_a_deny_wins_and_conditions_and_resources_narrow(guarded, refused):
    mine = f"arn:aws:ecs:*:{APP}:cluster/mine*"
    guarded.allow(
        statement("Allow", "ecs:*", resource=["*"],
                  Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
        statement("Deny", "ecs:UntagResource"),
        statement("Allow", "kms:*", Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        statement("Allow", "lambda:*", resource=f"arn:aws:lambda:*:{APP}:function:probe-*"),
    )  # fmt: skip
    ecs = guarded.client("ecs")
    arn = ecs.create_cluster(clusterName="mine-1")["cluster"]["clusterArn"]
    other = ecs.create_cluster(clusterName="other")["cluster"]["clusterArn"]
    guarded.on()
    tags = [{"key": "a", "value": "b"}]
    ecs.tag_resource(resourceArn=arn, tags=tags)
    denied = refused(ecs.untag_resource, resourceArn=arn, tagKeys=["a"])
    assert "with an explicit deny in an identity-based policy" in denied[2]
    west = guarded.client("ecs", "us-west-2")
    assert refused(west.list_clusters)[0] == "AccessDeniedException"
    assert refused(guarded.client("kms").list_keys)[0] == "AccessDeniedException"
    functions = guarded.client("lambda")
    assert refused(functions.get_function, FunctionName="probe-1")[0] == (
        "ResourceNotFoundException"
    )
    outside = refused(functions.get_function, FunctionName="other")
    assert outside[0] == "AccessDeniedException"
    assert f"on resource: arn:aws:lambda:us-east-1:{APP}:function:other" in outside[2]
    process.policies(guarded.sandbox.home, on=False)
    guarded.allow(statement("Allow", "ecs:*", resource=mine))
    guarded.on()
    ecs.tag_resource(resourceArn=arn, tags=tags)
    assert refused(ecs.tag_resource, resourceArn=other, tags=tags)[0] == "AccessDeniedException"


def test_a_sessions_own_policy_narrows_and_attached_ones_count(guarded, refused):
    made = guarded.iam.create_policy(
        PolicyName="reads",
        PolicyDocument=document(statement("Allow", "ecs:List*", "ecs:Desc*")),
    )["Policy"]["Arn"]
    guarded.iam.attach_role_policy(RoleName="drstate-target-narrow", PolicyArn=made)
    guarded.on()
    guarded.client("ecs").describe_clusters()
    only = document(statement("Allow", "ecs:List*", "ecs:Create*"))
    narrowed = guarded.client("ecs", Policy=only)
    narrowed.list_clusters()
    assert "no session policy allows" in refused(narrowed.describe_clusters)[2]
    assert "no identity-based policy" in refused(narrowed.create_cluster, clusterName="x")[2]


def test_roles_are_assumed_by_those_whose_policies_name_them(guarded, refused):
    guarded.on()
    hub = guarded.sandbox.client("sts")
    hub.assume_role(
        RoleArn=f"arn:aws:iam::{DATA}:role/drstate-target",
        RoleSessionName="fits",
        ExternalId=EXTERNAL,
    )
    other = refused(
        hub.assume_role,
        RoleArn=f"arn:aws:iam::{DATA}:role/acme-admin",
        RoleSessionName="other",
        ExternalId=EXTERNAL,
    )
    assert (other[0], other[1]) == ("AccessDenied", 403)
    assert f"sts:AssumeRole on resource: arn:aws:iam::{DATA}:role/acme-admin" in other[2]


def test_what_drstate_declares_is_a_policy_that_the_sandbox_reads(guarded, refused):
    """The generated policy lets through what adapters declare, and nothing beside it."""
    from drstate.adapters.ecs.adapter import EcsAdapter

    guarded.allow(*generated.policy([EcsAdapter()], stacks=False)["Statement"])
    ecs = guarded.client("ecs")
    guarded.on()
    name = "acme-production-web"
    found = ecs.describe_services(cluster="acme-production", services=[name])["services"]
    assert [one["serviceName"] for one in found] == [name]
    assert refused(ecs.delete_cluster, cluster="acme-production")[0] == "AccessDeniedException"
    assert refused(guarded.client("rds").describe_db_clusters)[0] == "AccessDenied"
