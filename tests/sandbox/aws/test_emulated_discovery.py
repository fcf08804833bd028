from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from drstate.sandbox.aws.explorer_query import parse

ENABLED = "tag:dr:enabled=true"
RESOURCE = SimpleNamespace(
    arn="arn:aws:rds:us-east-1:211111111101:cluster:orders",
    account="211111111101",
    region="us-east-1",
    type="rds:cluster",
    service="rds",
    tags={"dr:enabled": "true", "Customer": "acme", "note": "two words, comma"},
)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("tag:dr:enabled=true", True),
        ('tag:"dr:enabled=true"', True),
        ("tag:dr:enabled=false", False),
        ("tag:Customer=acme tag:dr:enabled=true", True),
        ("tag:Customer=acme tag:dr:enabled=false", False),
        ("tag:Customer=globex,Customer=acme", True),
        ("tag.key:dr:enabled", True),
        ("tag.key:DR:enabled", False),
        ("tag.key:dr:*", True),
        ("tag.value:acme", True),
        ('tag:"note=two words, comma"', True),
        ("-tag.key:dr:wave", True),
        ("-tag.key:dr:enabled", False),
        ("tag:all", True),
        ("tag:none", False),
        ("region:us-east-1", True),
        ("region:us-west-2,us-east-1", True),
        ("region:us-west-2", False),
        ("region:us-*", True),
        ("resourcetype:rds:cluster", True),
        ("resourcetype:rds:db", False),
        ("resourcetype:rds:*", True),
        ("service:rds", True),
        ("service:ecs", False),
        ("accountid:211111111101", True),
        ("id:arn:aws:rds:us-east-1:211111111101:cluster:orders", True),
        ("orders", True),
        ("payments", False),
    ],
)
def test_query_selects(query, matches):
    assert parse(query).matches(RESOURCE) is matches


@pytest.mark.parametrize("query", ["owner:me", 'tag:"open'])
def test_query_that_cannot_be_read_is_refused(query):
    with pytest.raises(ValueError, match=r"filter|quote"):
        parse(query)


def names(found):
    return sorted(one["Arn"].split(":", 5)[5] for one in found["Resources"])


def test_enabled_resources_are_found_per_account(sandbox):
    data = sandbox.client("resource-explorer-2", account="211111111101")
    found = data.search(QueryString=ENABLED)
    assert names(found) == [
        "cluster:acme-production-orders",
        "cluster:acme-staging-orders",
        "cluster:acme-staging-reports",
    ]
    assert found["Count"] == {"TotalResources": 3, "Complete": True}
    app = sandbox.client("resource-explorer-2", account="211111111102")
    assert names(app.search(QueryString=f"{ENABLED} resourcetype:ecs:service")) == [
        "service/acme-production/acme-prod-legacy",
        "service/acme-production/acme-production-web",
        "service/acme-production/acme-production-worker",
        "service/acme-production/globex-production-guest",
        "service/acme-staging/acme-staging-web",
    ]


def test_found_resource_says_what_and_whose_it_is_with_its_tags(sandbox):
    explorer = sandbox.client("resource-explorer-2", account="211111111101")
    found = explorer.search(QueryString="resourcetype:rds:cluster tag:dr:wave=1 tag:dr:enabled=true"
                            " tag:Environment=production")  # fmt: skip
    (one,) = found["Resources"]
    assert (one["OwningAccountId"], one["Region"], one["ResourceType"], one["Service"]) == (
        "211111111101",
        "us-east-1",
        "rds:cluster",
        "rds",
    )
    (tags,) = one["Properties"]
    assert tags["Name"] == "tags"
    assert {"Key": "dr:priority", "Value": "critical"} in tags["Data"]


def test_region_shows_its_own_resources_only(sandbox):
    west = sandbox.client("resource-explorer-2", "us-west-2", "211111111101")
    assert {one["Region"] for one in west.search(QueryString="region:us-*")["Resources"]} == {
        "us-west-2"
    }


def test_results_come_in_pages(sandbox):
    explorer = sandbox.client("resource-explorer-2", account="211111111102")
    for operation, parameters in (
        ("search", {"QueryString": ENABLED}),
        ("list_resources", {"Filters": {"FilterString": ENABLED}}),
    ):
        pages = list(
            explorer.get_paginator(operation).paginate(
                **parameters, PaginationConfig={"PageSize": 2}
            )
        )
        assert [len(page["Resources"]) for page in pages] == [2, 2, 1]
        assert len({one["Arn"] for page in pages for one in page["Resources"]}) == 5


def test_token_of_another_list_is_refused(sandbox, refused):
    explorer = sandbox.client("resource-explorer-2", account="211111111102")
    code = refused(explorer.search, QueryString=ENABLED, NextToken="made-up")[0]
    assert code == "ValidationException"


def test_views_and_indexes_are_described(sandbox):
    explorer = sandbox.client("resource-explorer-2", account="211111111101")
    assert [(one["Region"], one["Type"]) for one in explorer.list_indexes()["Indexes"]] == [
        ("us-east-1", "LOCAL"),
        ("us-west-2", "LOCAL"),
    ]
    assert explorer.get_index()["State"] == "ACTIVE"
    view = explorer.get_default_view()["ViewArn"]
    assert explorer.list_views()["Views"] == [view]
    shown = explorer.get_view(ViewArn=view)["View"]
    assert shown["IncludedProperties"] == [{"Name": "tags"}]
    assert explorer.list_supported_resource_types()["ResourceTypes"]


def test_account_without_index_is_unauthorized_and_falls_back_to_tags(sandbox, refused):
    explorer = sandbox.client("resource-explorer-2", account="322222222202")
    assert explorer.list_indexes()["Indexes"] == []
    assert refused(explorer.search, QueryString="")[:2] == ("UnauthorizedException", 401)
    assert refused(explorer.get_index)[:2] == ("ResourceNotFoundException", 404)
    tagging = sandbox.client("resourcegroupstaggingapi", account="322222222202")
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "dr:enabled", "Values": ["true"]}],
        PaginationConfig={"PageSize": 1},
    )
    found = [one for page in pages for one in page["ResourceTagMappingList"]]
    assert sorted(one["ResourceARN"].split("/", 1)[1] for one in found) == [
        "globex-production/globex-production-batch",
        "globex-production/globex-production-web",
        "globex-production/globex-production-worker",
        "globex-staging/globex-staging-web",
    ]


def test_both_ways_of_looking_find_the_same(sandbox):
    for account in ("211111111101", "211111111102", "322222222201"):
        explorer = sandbox.client("resource-explorer-2", account=account)
        tagging = sandbox.client("resourcegroupstaggingapi", account=account)
        pages = tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": "dr:enabled", "Values": ["true"]}]
        )
        tagged = {one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]}
        assert {one["Arn"] for one in explorer.search(QueryString=ENABLED)["Resources"]} == tagged


def test_deleted_service_is_no_longer_found(sandbox):
    account = "211111111102"
    ecs = sandbox.client("ecs", account=account)
    ecs.delete_service(cluster="acme-production", service="acme-production-worker", force=True)
    sandbox.settle()
    explorer = sandbox.client("resource-explorer-2", account=account)
    assert "service/acme-production/acme-production-worker" not in names(
        explorer.search(QueryString=ENABLED)
    )


def lag(sandbox, region):
    now = datetime.now(tz=UTC)
    cloudwatch = sandbox.client("cloudwatch", region, "322222222201")
    parameters = {
        "Namespace": "AWS/RDS",
        "MetricName": "AuroraGlobalDBReplicationLag",
        "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "globex-production-orders"}],
    }
    points = cloudwatch.get_metric_statistics(
        **parameters,
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Average"],
    )["Datapoints"]
    data = cloudwatch.get_metric_data(
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        MetricDataQueries=[
            {
                "Id": "lag",
                "MetricStat": {
                    "Metric": {
                        "Namespace": parameters["Namespace"],
                        "MetricName": parameters["MetricName"],
                        "Dimensions": parameters["Dimensions"],
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
            }
        ],
    )["MetricDataResults"][0]["Values"]
    return [one["Average"] for one in points], data


def test_lag_of_a_secondary_is_measured_in_its_own_region(sandbox):
    west = sandbox.client("rds", "us-west-2", "322222222201")
    west.create_db_cluster(
        DBClusterIdentifier="globex-production-orders",
        Engine="aurora-postgresql",
        GlobalClusterIdentifier="globex-production-orders-global",
        DBSubnetGroupName="globex-production-db-dr",
    )
    sandbox.settle()
    points, data = lag(sandbox, "us-west-2")
    assert len(points) >= 9
    assert len(set(points)) > 3
    assert all(0 < value < 300 for value in points)
    assert all(0 < value < 300 for value in data)
    assert lag(sandbox, "us-east-1") == ([], [])
