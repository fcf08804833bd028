import pytest

EAST, WEST = "us-east-1", "us-west-2"
ACCOUNT = "211111111101"
NAME = "acme-production-orders"
GLOBAL = f"{NAME}-global"
ARNS = {region: f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{NAME}" for region in (EAST, WEST)}


@pytest.fixture
def east(sandbox):
    return sandbox.client("rds", EAST, ACCOUNT)


@pytest.fixture
def west(sandbox):
    return sandbox.client("rds", WEST, ACCOUNT)


def cluster(client):
    return client.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]


def group(client):
    return client.describe_global_clusters(GlobalClusterIdentifier=GLOBAL)["GlobalClusters"][0]


def writers(client):
    return [one["DBInstanceIdentifier"] for one in cluster(client)["DBClusterMembers"]
            if one["IsClusterWriter"]]  # fmt: skip


def make_group(sandbox, east):
    east.create_global_cluster(GlobalClusterIdentifier=GLOBAL, SourceDBClusterIdentifier=ARNS[EAST])
    sandbox.settle()


def secondary(sandbox, **changes):
    facts = sandbox.facts("acme/production")["data"][WEST]
    parameters = {
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-postgresql",
        "EngineVersion": "15.4",
        "GlobalClusterIdentifier": GLOBAL,
        "DBSubnetGroupName": facts["db_subnet_group"],
        "DBClusterParameterGroupName": facts["db_cluster_parameter_group"],
        "KmsKeyId": facts["kms_key_arn"],
        "VpcSecurityGroupIds": [facts["security_group_id"]],
        "StorageEncrypted": True,
        "DeletionProtection": True,
    }
    parameters |= changes
    return {key: value for key, value in parameters.items() if value is not None}


def make_secondary(sandbox, west, instances=1):
    west.create_db_cluster(**secondary(sandbox))
    for number in range(1, instances + 1):
        west.create_db_instance(
            DBInstanceIdentifier=f"{NAME}-{number}",
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
            DBClusterIdentifier=NAME,
        )
    sandbox.settle()


@pytest.fixture
def pair(sandbox, east, west):
    """A global database with a secondary that could take over."""
    make_group(sandbox, east)
    make_secondary(sandbox, west, 2)


def test_global_cluster_takes_over_what_its_source_is(sandbox, east):
    made = east.create_global_cluster(
        GlobalClusterIdentifier=GLOBAL, SourceDBClusterIdentifier=ARNS[EAST]
    )["GlobalCluster"]
    assert (made["Status"], made["Engine"], made["EngineVersion"]) == (
        "creating",
        "aurora-postgresql",
        "15.4",
    )
    assert made["StorageEncrypted"] is True
    sandbox.settle()
    assert group(east)["Status"] == "available"
    assert cluster(east)["GlobalClusterIdentifier"] == GLOBAL
    (member,) = group(east)["GlobalClusterMembers"]
    assert (member["DBClusterArn"], member["IsWriter"], member["Readers"]) == (
        ARNS[EAST],
        True,
        [],
    )


def test_global_cluster_is_seen_from_every_region_of_its_account_only(sandbox, east, west):
    make_group(sandbox, east)
    assert [one["GlobalClusterIdentifier"] for one in
            west.describe_global_clusters()["GlobalClusters"]] == [GLOBAL]  # fmt: skip
    globex = sandbox.client("rds", EAST, "322222222201").describe_global_clusters()
    assert [one["GlobalClusterIdentifier"] for one in globex["GlobalClusters"]] == [
        "globex-production-orders-global"
    ]


def test_a_name_is_given_once_and_a_cluster_joins_once(sandbox, east, refused):
    make_group(sandbox, east)
    assert refused(
        east.create_global_cluster, GlobalClusterIdentifier=GLOBAL, Engine="aurora-postgresql"
    )[0] == "GlobalClusterAlreadyExistsFault"  # fmt: skip
    assert refused(
        east.create_global_cluster,
        GlobalClusterIdentifier="another",
        SourceDBClusterIdentifier=ARNS[EAST],
    )[0] == "InvalidDBClusterStateFault"  # fmt: skip


def test_secondary_is_created_without_a_writer_and_replicates(sandbox, east, west):
    make_group(sandbox, east)
    made = west.create_db_cluster(**secondary(sandbox))["DBCluster"]
    assert made["Status"] == "creating"
    assert made["DBClusterArn"] == ARNS[WEST]
    sandbox.settle()
    instance = west.create_db_instance(
        DBInstanceIdentifier=f"{NAME}-1",
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier=NAME,
    )["DBInstance"]
    assert instance["DBInstanceStatus"] == "creating"
    sandbox.settle()
    found = cluster(west)
    assert found["Status"] == "available"
    assert found["ReplicationSourceIdentifier"] == ARNS[EAST]
    assert found["MasterUsername"] == "orders"
    assert found["DatabaseName"] == "orders"
    assert writers(west) == []
    assert cluster(east)["ReadReplicaIdentifiers"] == [ARNS[WEST]]
    first, second = group(west)["GlobalClusterMembers"]
    assert (first["IsWriter"], first["Readers"]) == (True, [ARNS[WEST]])
    assert (second["IsWriter"], second["Readers"]) == (False, [])
    assert second["SynchronizationStatus"] == "connected"
    assert second["GlobalWriteForwardingStatus"] == "disabled"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MasterUsername": "me", "MasterUserPassword": "long-enough"},
         "InvalidParameterCombination"),
        ({"DatabaseName": "orders"}, "InvalidParameterCombination"),
        ({"EngineVersion": "14.9"}, "InvalidParameterCombination"),
        ({"Engine": "aurora-mysql", "EngineVersion": None}, "InvalidParameterCombination"),
        ({"StorageEncrypted": False}, "InvalidParameterCombination"),
        ({"DBSubnetGroupName": "missing"}, "DBSubnetGroupNotFoundFault"),
        ({"DBClusterParameterGroupName": "missing"}, "DBClusterParameterGroupNotFound"),
        ({"GlobalClusterIdentifier": "missing"}, "GlobalClusterNotFoundFault"),
    ],
)  # fmt: skip
def test_secondary_that_does_not_fit_is_refused(sandbox, east, west, refused, changes, code):
    make_group(sandbox, east)
    assert refused(west.create_db_cluster, **secondary(sandbox, **changes))[0] == code
    assert west.describe_db_clusters()["DBClusters"] == []


def test_one_cluster_per_region(sandbox, west, pair, refused):
    code = refused(west.create_db_cluster, **secondary(sandbox, DBClusterIdentifier="second"))[0]
    assert code == "InvalidParameterValue"


def test_switchover_reverses_the_roles_once_it_is_done(sandbox, east, west, pair):
    begun = east.switchover_global_cluster(
        GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=ARNS[WEST]
    )["GlobalCluster"]
    assert begun["Status"] == "switching-over"
    assert begun["FailoverState"] == {
        "Status": "pending",
        "FromDbClusterArn": ARNS[EAST],
        "ToDbClusterArn": ARNS[WEST],
        "IsDataLossAllowed": False,
    }
    assert cluster(east)["Status"] == cluster(west)["Status"] == "switching-over"
    assert writers(west) == []
    sandbox.settle()
    done = group(west)
    assert done["Status"] == "available"
    assert "FailoverState" not in done
    assert [(one["DBClusterArn"], one["IsWriter"]) for one in done["GlobalClusterMembers"]] == [
        (ARNS[WEST], True),
        (ARNS[EAST], False),
    ]
    assert writers(west) == [f"{NAME}-1"]
    assert writers(east) == []
    assert cluster(east)["ReplicationSourceIdentifier"] == ARNS[WEST]
    assert not cluster(west).get("ReplicationSourceIdentifier")
    assert cluster(east)["Status"] == cluster(west)["Status"] == "available"


def test_switchover_and_back_ends_where_it_began(sandbox, east, west, pair):
    before = group(east)
    for client, target in ((east, ARNS[WEST]), (west, ARNS[EAST])):
        client.switchover_global_cluster(
            GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=target
        )
        sandbox.settle()
    assert group(east) | {"ResponseMetadata": None} == before | {"ResponseMetadata": None}
    assert writers(east) == [f"{NAME}-1"]


def test_switchover_is_called_in_the_primarys_region(west, pair, refused):
    code, _, message, _ = refused(
        west.switchover_global_cluster,
        GlobalClusterIdentifier=GLOBAL,
        TargetDbClusterIdentifier=ARNS[WEST],
    )
    assert code == "InvalidGlobalClusterStateFault"
    assert EAST in message


def test_switchover_to_the_primary_or_to_a_stranger_is_refused(east, pair, refused):
    for target, code in (
        (ARNS[EAST], "InvalidDBClusterStateFault"),
        (ARNS[EAST].replace(NAME, "acme-staging-orders"), "DBClusterNotFoundFault"),
        (ARNS[WEST].replace(NAME, "missing"), "DBClusterNotFoundFault"),
    ):
        assert refused(
            east.switchover_global_cluster,
            GlobalClusterIdentifier=GLOBAL,
            TargetDbClusterIdentifier=target,
        )[0] == code  # fmt: skip


def test_switchover_needs_an_instance_and_an_idle_database(sandbox, east, west, refused):
    make_group(sandbox, east)
    west.create_db_cluster(**secondary(sandbox))
    asked = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": ARNS[WEST]}
    code, _, message, _ = refused(east.switchover_global_cluster, **asked)
    assert code == "InvalidDBClusterStateFault"
    assert "creating" in message
    sandbox.settle()
    code, _, message, _ = refused(east.switchover_global_cluster, **asked)
    assert code == "InvalidDBClusterStateFault"
    assert "no DB instance" in message
    west.create_db_instance(
        DBInstanceIdentifier=f"{NAME}-1",
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier=NAME,
    )
    east.switchover_global_cluster(**asked)
    assert refused(east.switchover_global_cluster, **asked)[0] == "InvalidGlobalClusterStateFault"
    assert refused(
        east.modify_db_cluster, DBClusterIdentifier=NAME, DeletionProtection=False
    )[0] == "InvalidDBClusterStateFault"  # fmt: skip


def test_failover_with_consent_runs_in_the_targets_region_and_rebuilds_the_old_primary(
    sandbox, east, west, pair, refused
):
    asked = {
        "GlobalClusterIdentifier": GLOBAL,
        "TargetDbClusterIdentifier": ARNS[WEST],
        "AllowDataLoss": True,
    }
    assert refused(east.failover_global_cluster, **asked)[0] == "InvalidGlobalClusterStateFault"
    begun = west.failover_global_cluster(**asked)["GlobalCluster"]
    assert begun["Status"] == "failing-over"
    assert begun["FailoverState"]["IsDataLossAllowed"] is True
    sandbox.settle()
    members = group(west)["GlobalClusterMembers"]
    assert [(one["DBClusterArn"], one["SynchronizationStatus"]) for one in members] == [
        (ARNS[WEST], "connected"),
        (ARNS[EAST], "connected"),
    ]
    kept = east.describe_db_cluster_snapshots(DBClusterIdentifier=NAME)["DBClusterSnapshots"]
    assert [one["DBClusterSnapshotIdentifier"].startswith("rds:unplanned-global-failover-")
            for one in kept] == [True]  # fmt: skip


def test_failover_without_consent_is_a_switchover(sandbox, west, pair):
    begun = west.failover_global_cluster(
        GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=ARNS[WEST]
    )["GlobalCluster"]
    assert begun["Status"] == "switching-over"
    assert begun["FailoverState"]["IsDataLossAllowed"] is False
    sandbox.settle()
    assert group(west)["GlobalClusterMembers"][0]["DBClusterArn"] == ARNS[WEST]


def test_member_is_not_deleted_and_the_primary_leaves_last(sandbox, east, west, pair, refused):
    assert refused(
        west.delete_db_cluster, DBClusterIdentifier=NAME, SkipFinalSnapshot=True
    )[0] == "InvalidDBClusterStateFault"  # fmt: skip
    asked = {"GlobalClusterIdentifier": GLOBAL, "DbClusterIdentifier": ARNS[EAST]}
    assert refused(east.remove_from_global_cluster, **asked)[0] == "InvalidGlobalClusterStateFault"
    assert refused(
        east.delete_global_cluster, GlobalClusterIdentifier=GLOBAL
    )[0] == "InvalidGlobalClusterStateFault"  # fmt: skip
    west.remove_from_global_cluster(GlobalClusterIdentifier=GLOBAL, DbClusterIdentifier=ARNS[WEST])
    sandbox.settle()
    assert writers(west) == [f"{NAME}-1"]
    assert "GlobalClusterIdentifier" not in cluster(west)
    east.remove_from_global_cluster(**asked)
    assert group(east)["GlobalClusterMembers"] == []
    east.delete_global_cluster(GlobalClusterIdentifier=GLOBAL)
    assert refused(
        east.describe_global_clusters, GlobalClusterIdentifier=GLOBAL
    )[:2] == ("GlobalClusterNotFoundFault", 404)  # fmt: skip


def test_protected_cluster_with_instances_goes_step_by_step(sandbox, east, refused):
    asked = {"DBClusterIdentifier": NAME, "SkipFinalSnapshot": True}
    assert refused(
        east.delete_db_cluster, DBClusterIdentifier=NAME
    )[0] == "InvalidParameterCombination"  # fmt: skip
    assert refused(east.delete_db_cluster, **asked)[0] == "InvalidParameterCombination"
    changed = east.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=False)
    assert changed["DBCluster"]["Status"] == "modifying"
    sandbox.settle()
    assert refused(east.delete_db_cluster, **asked)[0] == "InvalidDBClusterStateFault"
    for number in (1, 2):
        east.delete_db_instance(DBInstanceIdentifier=f"{NAME}-{number}", SkipFinalSnapshot=True)
    assert east.delete_db_cluster(**asked)["DBCluster"]["Status"] == "deleting"
    assert refused(
        east.describe_db_clusters, DBClusterIdentifier=NAME
    )[0] == "DBClusterNotFoundFault"  # fmt: skip


def test_protected_global_cluster_is_not_deleted(sandbox, east, refused):
    east.create_global_cluster(
        GlobalClusterIdentifier="empty", Engine="aurora-postgresql", DeletionProtection=True
    )
    sandbox.settle()
    assert refused(
        east.delete_global_cluster, GlobalClusterIdentifier="empty"
    )[0] == "InvalidParameterCombination"  # fmt: skip
    east.modify_global_cluster(GlobalClusterIdentifier="empty", DeletionProtection=False)
    east.delete_global_cluster(GlobalClusterIdentifier="empty")


def test_clusters_come_in_pages(sandbox, east):
    pages = list(
        east.get_paginator("describe_db_clusters").paginate(PaginationConfig={"PageSize": 20})
    )
    assert len([one for page in pages for one in page["DBClusters"]]) == 4


def test_pages_hold_twenty_at_least_and_go_on_where_they_ended(east, refused):
    describe = east.describe_global_clusters
    before = len(describe()["GlobalClusters"])
    for number in range(21):
        east.create_global_cluster(
            GlobalClusterIdentifier=f"page-{number:02}", Engine="aurora-postgresql"
        )
    pages = list(
        east.get_paginator("describe_global_clusters").paginate(PaginationConfig={"PageSize": 20})
    )
    names = [one["GlobalClusterIdentifier"] for page in pages for one in page["GlobalClusters"]]
    assert [len(page["GlobalClusters"]) for page in pages] == [20, before + 1]
    assert len(set(names)) == before + 21
    for operation in (describe, east.describe_db_clusters):
        assert refused(operation, MaxRecords=19)[0] == "InvalidParameterValue"
        assert refused(operation, MaxRecords=101)[0] == "InvalidParameterValue"
