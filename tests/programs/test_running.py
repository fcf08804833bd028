"""What each technology says that it runs, before and after CLEANUP, under each policy."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.model.cost import Running
from drstate.programs.registry import program_for, programs
from drstate.programs.running import At
from tests.programs.specs import EAST, NOW, ecs

COMMON = {"region": EAST, "captured_at": NOW, "arn": "arn:aws:x:us-east-1:1:y"}
RDS = {"identifier": "bills", "engine": "postgres", "engine_version": "16.3",
       "instance_class": "db.r6g.large", "allocated_gib": 100, "storage_type": "gp3"}  # fmt: skip
CACHE = {"identifier": "c", "description": "", "node_type": "cache.r6g.large", "engine": "valkey",
         "engine_version": "8.0", "cluster_mode": True, "shards": 3, "replicas": 2}  # fmt: skip
MEMORY = {"identifier": "m", "node_type": "db.r6g.large", "engine": "valkey", "acl": "open-access",
          "engine_version": "7.3", "shards": 2, "replicas": 2, "multi_region": "vip-m"}  # fmt: skip
SEARCH = {"domain": "s", "engine_version": "OpenSearch_2.13", "way": "peer",
          "nodes": {"instance_type": "r6g.large.search", "instance_count": 4, "zones": 2,
                    "manager_count": 3, "manager_type": "m6g.large.search"},
          "volume": {"type": "gp3", "size_gib": 50}}  # fmt: skip
AURORA = {
    "identifier": "o",
    "engine": "aurora-mysql",
    "engine_version": "8",
    "instances": [{"identifier": f"o-{n}", "instance_class": "db.r6g.large"} for n in (1, 2)],
}
FLEET = {"name": "f", "min_size": 1, "max_size": 4, "desired": 3, "subnets": ["s"],
         "template": {"name": "t", "instance_type": "m5.xlarge",
                      "devices": [{"device": "/dev/xvda", "volume_gib": 20,
                                   "volume_type": "gp3"}]}}  # fmt: skip
SERVER = {"instance_id": "i-1", "platform": "linux", "architecture": "x86_64", "image": "ami-1",
          "instance_type": "m5.large", "subnet": "s", "subnet_cidr": "10.0.0.0/24",
          "private_ip": "10.0.0.9"}  # fmt: skip
FUNCTION = {"name": "f", "package": "Zip", "code_sha256": "x", "memory_mib": 2048,
            "timeout_seconds": 3, "role": "r",
            "aliases": [{"name": "live", "version": "1", "provisioned": 5}]}  # fmt: skip


def runs(
    technology: str, spec: dict[str, Any], *, retired: bool, declared: bool = False, **policy: Any
) -> Running:
    program = program_for(technology)
    assert program is not None
    assert program.runs is not None
    chosen = program.policy.model_validate(policy) if program.policy else None
    place = At(retired=retired, declared=declared, captured_here=not declared, policy=chosen)
    return program.runs(program.spec.model_validate({**COMMON, **spec}), place)


def quantities(found: Running) -> dict[str, float]:
    return {row.price: row.quantity for row in found.usages}


def test_every_technology_says_what_it_runs():
    assert [row.technology for row in programs() if row.runs is None] == []


@pytest.mark.parametrize(
    ("policy", "left", "done"),
    [
        ("stop", {"rds-storage/gp3": 200}, "stopped"),
        ("keep", {"rds-postgres/db.r6g.large": 2, "rds-storage/gp3": 200}, "kept"),
        ("delete", {"rds-snapshot/gib": 100}, "deleted after a final snapshot"),
    ],
)
def test_what_a_database_leaves_is_what_its_policy_chose(policy, left, done):
    spec = {**RDS, "multi_az": True}
    before = runs("rds", spec, retired=False, old_source=policy)
    assert quantities(before) == {"rds-postgres/db.r6g.large": 2, "rds-storage/gp3": 200}
    after = runs("rds", spec, retired=True, old_source=policy)
    assert (quantities(after), after.done) == (left, done)


def test_provisioned_iops_stay_with_a_stopped_database():
    spec = {**RDS, "storage_type": "io1", "iops": 3000}
    assert quantities(runs("rds", spec, retired=True)) == {
        "rds-storage/io1": 100,
        "rds-iops/io1": 3000,
    }


@pytest.mark.parametrize(
    ("technology", "spec", "policy", "before", "after"),
    [
        ("elasticache", CACHE, {"standby_replicas": 1},
         {"elasticache-valkey/cache.r6g.large": 9}, {"elasticache-valkey/cache.r6g.large": 6}),
        ("memorydb", MEMORY, {"standby_replicas": 0},
         {"memorydb-valkey/db.r6g.large": 6}, {"memorydb-valkey/db.r6g.large": 2}),
        ("opensearch", SEARCH, {"standby_instance_count": 1},
         {"opensearch/r6g.large.search": 4, "opensearch/m6g.large.search": 3,
          "opensearch-storage/gp3": 200},
         {"opensearch/r6g.large.search": 2, "opensearch/m6g.large.search": 3,
          "opensearch-storage/gp3": 100}),
        ("aurora", AURORA, {"standby_instance_class": "db.r6g.xlarge"},
         {"aurora/db.r6g.large": 2}, {"aurora/db.r6g.xlarge": 2}),
    ],
)  # fmt: skip
def test_a_standby_is_smaller_where_a_stack_declares_it_and_stays_whole_elsewhere(
    technology, spec, policy, before, after
):
    assert quantities(runs(technology, spec, retired=False, declared=True, **policy)) == before
    ours = runs(technology, spec, retired=True, declared=True, **policy)
    assert quantities(ours) == after
    theirs = runs(technology, spec, retired=True, declared=False, **policy)
    assert (quantities(theirs), theirs.done) == (before, "kept")


def test_a_cache_whose_snapshots_are_carried_is_left_as_it_was():
    found = runs("elasticache", CACHE, retired=True, declared=True, way="snapshot",
                 standby_replicas=0)  # fmt: skip
    assert quantities(found) == {"elasticache-valkey/cache.r6g.large": 9}


@pytest.mark.parametrize(
    ("technology", "spec", "before"),
    [
        ("autoscaling", FLEET, {"ec2/m5.xlarge": 3, "ebs/gp3": 60}),
        ("drs", SERVER, {"ec2/m5.large": 1}),
        ("drs", {**SERVER, "platform": "windows"}, {"ec2-windows/m5.large": 1}),
        ("lambda", FUNCTION, {"lambda-provisioned/gib": 10}),
        ("lambda", {**FUNCTION, "architectures": ["arm64"]}, {"lambda-provisioned-arm/gib": 10}),
    ],
)
def test_servers_and_functions_cost_nothing_by_the_hour_once_they_are_cleaned_up(
    technology, spec, before
):
    assert quantities(runs(technology, spec, retired=False)) == before
    assert quantities(runs(technology, spec, retired=True)) == {}


def test_a_server_of_another_type_over_there_is_counted_as_that():
    servers = {"i-1": {"instance_type": "r5.large"}}
    there = runs("drs", SERVER, retired=False, declared=True, servers=servers)
    here = runs("drs", SERVER, retired=False, servers=servers)
    assert (quantities(there), quantities(here)) == ({"ec2/r5.large": 1}, {"ec2/m5.large": 1})
    assert there.unknown == ("its disks: DRS knows them, the catalog does not",)


def task(**more: Any) -> dict[str, Any]:
    return {"family": "web", "containers": [], "cpu": "512", "memory": "1024", **more}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"launch_type": "FARGATE"}, {"fargate/vcpu": 2.5, "fargate/gib": 5}),
        ({"capacity_providers": [{"provider": "FARGATE"}]},
         {"fargate/vcpu": 2.5, "fargate/gib": 5}),
        ({"launch_type": "FARGATE",
          "task_definition": task(runtime_platform={"cpuArchitecture": "ARM64"},
                                  ephemeral_storage_gib=30)},
         {"fargate-arm/vcpu": 2.5, "fargate-arm/gib": 5, "fargate-storage/gib": 50}),
        # on instances: theirs is the price
        ({"launch_type": "EC2"}, {}),
        ({"capacity_providers": [{"provider": "FARGATE_SPOT"}]}, {}),
    ],
)  # fmt: skip
def test_tasks_are_counted_where_they_are_paid_for_themselves(changes, expected):
    spec = ecs(**{"task_definition": task(), **changes}).model_dump(mode="json")
    before = runs("ecs", spec, retired=False)
    assert quantities(before) == expected
    spot = "FARGATE_SPOT" in str(changes)
    assert bool(before.unknown) is spot
    assert runs("ecs", spec, retired=True).done == "scaled to zero"


@pytest.mark.parametrize(
    ("settings", "kind", "storage", "expected"),
    [
        ({"DeploymentType": "MULTI_AZ_1", "ThroughputCapacity": 64}, "WINDOWS", "SSD",
         {"fsx-windows-multi-az/ssd": 300, "fsx-windows-multi-az/mbps": 64}),
        ({"DeploymentType": "SINGLE_AZ_HA_2", "ThroughputCapacity": 160}, "OPENZFS", "SSD",
         {"fsx-openzfs/ssd": 300, "fsx-openzfs/mbps": 160}),
        ({"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 250}, "LUSTRE", "SSD",
         {"fsx-lustre/persistent-2-250": 300}),
        ({"DeploymentType": "MULTI_AZ_1"}, "OPENZFS", "SSD", {}),
    ],
)  # fmt: skip
def test_file_systems_are_kept_and_cost_as_before(settings, kind, storage, expected):
    spec = {"identifier": "fs-1", "kind": kind, "capacity": 300, "storage_type": storage,
            "subnets": ["s"], "settings": settings}  # fmt: skip
    before, after = (runs("fsx", spec, retired=one) for one in (False, True))
    assert quantities(before) == quantities(after) == expected
    assert after.done == "kept"
    # what the list does not tell apart is named
    assert bool(expected) or "300 GiB" in after.unknown[0]


def test_what_is_stored_is_named_where_no_spec_knows_it():
    files = runs("efs", {"identifier": "fs-1", "throughput_mode": "provisioned",
                         "provisioned_throughput": 8.0}, retired=True)  # fmt: skip
    assert quantities(files) == {"efs-throughput/mibps": 8}
    assert files.unknown == ("what is stored: its size is not captured",)
    balancer = runs("elb", {"name": "l", "type": "network", "scheme": "internal",
                            "subnets": []}, retired=True)  # fmt: skip
    assert (quantities(balancer), balancer.done) == ({"elb/network": 1}, "kept")
