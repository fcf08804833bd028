import pytest

GLOBEX_DATA, GLOBEX_APP = "322222222201", "322222222202"
GROUP = f"arn:aws:rds::{GLOBEX_DATA}:global-cluster:globex-production-orders-global"


def pairs(tags):
    return {one.get("Key", one.get("key")): one.get("Value", one.get("value")) for one in tags}


@pytest.mark.parametrize(
    "arn",
    [
        GROUP,
        f"arn:aws:rds:us-east-1:{GLOBEX_DATA}:cluster:globex-production-orders",
        f"arn:aws:rds:us-east-1:{GLOBEX_DATA}:db:globex-production-orders-1",
        f"arn:aws:rds:us-east-1:{GLOBEX_DATA}:subgrp:globex-production-db",
    ],
)
def test_tags_of_rds_resources_are_added_and_removed(sandbox, arn):
    rds = sandbox.client("rds", account=GLOBEX_DATA)

    def tags():
        return pairs(rds.list_tags_for_resource(ResourceName=arn)["TagList"])

    before = tags()
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "ticket", "Value": "42"}])
    assert tags() == before | {"ticket": "42"}
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["ticket"])
    assert tags() == before


def test_tags_of_a_global_cluster_are_the_same_in_every_region(sandbox):
    for region in ("us-east-1", "us-west-2"):
        rds = sandbox.client("rds", region, GLOBEX_DATA)
        rds.add_tags_to_resource(ResourceName=GROUP, Tags=[{"Key": region, "Value": "seen"}])
    shown = sandbox.client("rds", "us-west-2", GLOBEX_DATA).describe_global_clusters()
    assert pairs(shown["GlobalClusters"][0]["TagList"]) == {
        "us-east-1": "seen",
        "us-west-2": "seen",
    }


def test_tags_of_a_scalable_target_come_with_it_and_change(sandbox, refused):
    scaling = sandbox.client("application-autoscaling", account=GLOBEX_APP)
    arn = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/globex-production/globex-production-worker",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=0,
        MaxCapacity=4,
        Tags={"wave": "2"},
    )["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"wave": "3", "site": "east"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["site"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"wave": "3"}
    code = refused(scaling.list_tags_for_resource, ResourceARN=f"{arn}-missing")[0]
    assert code == "ResourceNotFoundException"


def test_scaling_policies_are_described_by_name(sandbox):
    scaling = sandbox.client("application-autoscaling", account=GLOBEX_APP)
    shown = scaling.describe_scaling_policies(
        ServiceNamespace="ecs", PolicyNames=["globex-staging-web-cpu"]
    )["ScalingPolicies"]
    assert [one["PolicyName"] for one in shown] == ["globex-staging-web-cpu"]


def test_tags_of_a_service_change_what_discovery_finds(sandbox):
    ecs = sandbox.client("ecs", account="211111111102")
    arn = "arn:aws:ecs:us-east-1:211111111102:service/acme-production/acme-production-web"
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "dr:wave", "value": "3"}])
    assert pairs(ecs.list_tags_for_resource(resourceArn=arn)["tags"])["dr:wave"] == "3"
    explorer = sandbox.client("resource-explorer-2", account="211111111102")
    found = explorer.search(QueryString="tag:dr:wave=3")["Resources"]
    assert [one["Arn"] for one in found] == [arn]
    ecs.untag_resource(resourceArn=arn, tagKeys=["dr:wave"])
    assert explorer.search(QueryString="tag:dr:wave=3")["Resources"] == []


def test_cluster_with_services_is_not_deleted(sandbox, refused):
    ecs = sandbox.client("ecs", account="211111111102")
    code = refused(ecs.delete_cluster, cluster="acme-production")[0]
    assert code == "ClusterContainsServicesException"
    ecs.create_cluster(clusterName="empty")
    assert ecs.delete_cluster(cluster="empty")["cluster"]["status"] == "INACTIVE"


def test_zones_are_listed_by_name_from_the_given_one_on(sandbox):
    route53 = sandbox.dns()
    every = route53.list_hosted_zones_by_name()
    names = ["acme.example.", "globex.example.", "initech.example."]
    assert [one["Name"] for one in every["HostedZones"]] == names
    later = route53.list_hosted_zones_by_name(DNSName="globex.example")
    assert [one["Name"] for one in later["HostedZones"]] == names[1:]
    first = route53.list_hosted_zones_by_name(DNSName="acme.example", MaxItems="1")
    assert (first["IsTruncated"], first["NextDNSName"]) == (True, "globex.example.")


def test_health_checks_are_listed_in_pages(sandbox):
    route53 = sandbox.dns()
    known = [one["Id"] for one in route53.list_health_checks()["HealthChecks"]]
    made = [
        route53.create_health_check(
            CallerReference=str(number),
            HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80 + number},
        )["HealthCheck"]["Id"]
        for number in range(3)
    ]
    pages = route53.get_paginator("list_health_checks").paginate(PaginationConfig={"PageSize": 2})
    listed = [[one["Id"] for one in page["HealthChecks"]] for page in pages]
    every = [*known, *made]
    assert listed == [every[at : at + 2] for at in range(0, len(every), 2)]
