"""DB instances and their replicas through the plugin, against the emulated AWS."""

from tests.sandbox.provider.provider_harness import ACCOUNT, Resource

KIND = "aws:rds/instance:Instance"
FIRST = {
    "identifier": "alone",
    "engine": "postgres",
    "engineVersion": "16.3",
    "instanceClass": "db.m6g.large",
    "allocatedStorage": 20,
    "username": "owner",
    "password": "password-1",
    "backupRetentionPeriod": 7,
    "applyImmediately": True,
    "skipFinalSnapshot": True,
}


def test_an_instance_lives(plugin):
    instance = Resource(plugin, KIND)
    second = {**FIRST, "instanceClass": "db.m6g.xlarge", "multiAz": True, "tags": {"a": "b"}}
    imported = instance.lives(
        FIRST, second, ["instanceClass", "multiAz", "tags", "tagsAll.a"], "alone"
    )
    assert imported["engineVersion"] == "16.3"
    assert instance.id.startswith("db-")
    assert instance.id == instance.state["resourceId"]
    assert instance.state["address"].startswith("alone.")
    assert instance.state["endpoint"] == f"{instance.state['address']}:5432"


def test_a_replica_gets_its_backups_afterwards_and_is_promoted_by_its_removal(plugin):
    source = Resource(plugin, KIND, "source")
    source.create({**FIRST, "identifier": "source"})
    arn = f"arn:aws:rds:us-west-2:{ACCOUNT}:db:source"
    inputs = {
        "identifier": "copy",
        "instanceClass": "db.m6g.large",
        "replicateSourceDb": arn,
        "backupRetentionPeriod": 3,
        "backupWindow": "03:00-03:30",
        "maintenanceWindow": "sun:04:00-sun:04:30",
        "applyImmediately": True,
        "skipFinalSnapshot": True,
    }
    replica = Resource(plugin, KIND, "copy")
    replica.create(inputs)
    assert replica.id == replica.state["resourceId"] != source.id
    assert replica.state["backupRetentionPeriod"] == 3
    assert replica.state["engine"] == "postgres"
    assert replica.state["status"] == "available"
    assert replica.state["replicateSourceDb"]
    assert replica.diff(inputs)[0] == {}
    alone = {key: value for key, value in inputs.items() if key != "replicateSourceDb"}
    alone["engine"] = "postgres"
    assert set(replica.diff(alone, ignore=["engine"])[0]) == {"replicateSourceDb"}
    replica.update(alone)
    _, _, state = replica.refresh()
    assert not state.get("replicateSourceDb")
    replica.delete()
    source.delete()


def test_an_instance_is_known_by_its_resource_id_whatever_it_is_called(plugin, aws):
    instance = Resource(plugin, KIND)
    instance.create({**FIRST, "identifier": "first"})
    client = aws("rds")
    client.modify_db_instance(
        DBInstanceIdentifier="first", NewDBInstanceIdentifier="retired", ApplyImmediately=True
    )
    inputs = {
        "identifier": "first",
        "instanceClass": "db.m6g.large",
        "replicateSourceDb": f"arn:aws:rds:us-west-2:{ACCOUNT}:db:retired",
        "applyImmediately": True,
        "skipFinalSnapshot": True,
    }
    second = Resource(plugin, KIND, "second")
    second.create(inputs)
    assert second.id != instance.id
    ident, _, state = instance.refresh()
    assert (ident, state["identifier"]) == (instance.id, "retired")
    assert second.imported("first")[0] == second.id
    second.update({**inputs, "instanceClass": "db.m6g.4xlarge"})
    classes = {
        one["DBInstanceIdentifier"]: one["DBInstanceClass"]
        for one in client.describe_db_instances()["DBInstances"]
    }
    assert classes["first"] == "db.m6g.4xlarge"
    assert classes["retired"] == FIRST["instanceClass"]
    second.delete()
    # a changed identifier is a new name for the same instance
    instance.update({**FIRST, "identifier": "back"})
    assert instance.refresh()[0] == instance.id
    assert instance.refresh()[2]["identifier"] == "back"
    instance.delete()
    assert instance.refresh()[0] == ""


def test_what_an_instance_lacks_or_cannot_have_is_told(plugin):
    instance = Resource(plugin, KIND)
    told = dict(instance.failures({"identifier": "Upper", "instanceClass": "db.m6g.large"}))
    assert set(told) == {"identifier", "engine"}
    assert (
        "restore"
        in dict(instance.failures({**FIRST, "snapshotIdentifier": "s"}))["snapshotIdentifier"]
    )
