"""Estates of any size: the number asked for, the same for the same seed, usable as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from drstate.errors import ConfigError
from drstate.inventory.scopes import known_scopes, load_scope
from drstate.sandbox import process
from drstate.sandbox.estates.generated.layout import owners, places
from drstate.sandbox.estates.generated.options import Options, parse, size
from tests.sandbox.emulated_clients import Emulated

ESTATE = "generated:resources=500,accounts=9,customers=2,environments=production+staging,seed=7"

# Builds estates without a server; of each one all there is to it, and the CPU seconds it took.
BUILD = """
import json, sys, time
from drstate.sandbox import regions
regions.install()
from moto.core.base_backend import BackendDict
from drstate.sandbox import aws, estates
from drstate.sandbox.access import Access
from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.clock import ScaledClock
from drstate.sandbox.digest import Selection, digest
aws.install()
told = []
for name in sys.argv[1:]:
    BackendDict.reset()
    clock = ScaledClock(0.0)
    runtime.install(runtime.Runtime(clock=clock, access=Access(clock)))
    begun = time.process_time()
    made = estates.build(name, SeededIds("test"))
    took = time.process_time() - begun
    clock.settle()
    told.append([json.dumps([digest(Selection()), made.facts, made.scopes]), took])
print(json.dumps(told))
"""


def built(*names, hash_seed):
    settings = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD, *names],
        env={**os.environ, **settings, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """A running generated estate."""
    home = tmp_path_factory.mktemp("generated")
    yield Emulated(home, process.start(home, estate=ESTATE))
    process.stop(home)


@pytest.fixture(scope="module")
def project(estate, tmp_path_factory):
    """A project with the estate's scope files."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in process.scopes(estate.home).items():
        (folder / "stacks" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "stacks" / name).write_text(text)
    return folder


def tagged(estate, account):
    """What the tagging API finds in an account with dr:enabled, whatever it says."""
    one = next(one for one in estate.status.accounts if one.id == account)
    session = estate.assumed(account, "drstate-target", one.external_id)
    client = estate.checked(session, "resourcegroupstaggingapi", "us-east-1")
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "dr:enabled"}], ResourcesPerPage=100
    )
    return [
        (row["ResourceARN"], {tag["Key"]: tag["Value"] for tag in row["Tags"]})
        for page in pages
        for row in page["ResourceTagMappingList"]
    ]


def test_the_same_seed_gives_the_same_estate_byte_for_byte_and_another_one_does_not():
    large = "generated:resources=500,accounts=3,seed=7"
    small = "generated:resources=20,accounts=1,seed={}"
    first, took = built(large, hash_seed="1")[0]
    (again, _), (seven, _), (eight, _) = built(
        large, small.format(7), small.format(8), hash_seed="2"
    )
    assert first == again
    assert seven != eight
    # 10,000 are promised within a minute: 500 may take a twentieth of it
    assert took < 60 / 20


def test_there_are_as_many_tagged_resources_as_asked_for_of_many_kinds(estate):
    accounts = [one.id for one in estate.status.accounts if one.id.startswith("4")]
    found = [row for account in accounts for row in tagged(estate, account)]
    assert len(accounts) == 9
    assert len(found) == len({arn for arn, _ in found}) == 500
    kinds = Counter(arn.split(":")[2] for arn, _ in found)
    assert kinds.keys() == {"rds", "ecs", "ec2", "lambda", "sqs", "dynamodb"}
    assert kinds["ecs"] > kinds["rds"] > kinds["lambda"] > 0
    waves = Counter(tags.get("dr:wave") for _, tags in found)
    assert all(waves[wave] > 20 for wave in "123")
    assert {tags.get("dr:priority") for _, tags in found} >= {"critical", "high", "medium", "low"}
    assert sum("dr:dependencies" in tags for _, tags in found) > 20


def test_each_account_belongs_to_one_customer_and_opens_to_its_external_id_only(estate, refused):
    by_name = {one.name: one for one in estate.status.accounts}
    mine, theirs = by_name["customer-01-1"], by_name["customer-02-1"]
    assert mine.external_id != theirs.external_id
    code, *_ = refused(
        estate.client("sts").assume_role,
        RoleArn=mine.role_arn,
        RoleSessionName="test",
        ExternalId=theirs.external_id,
    )
    assert code == "AccessDenied"
    for name, account in by_name.items():
        if name.startswith("customer-01-"):
            assert {tags.get("Customer") for _, tags in tagged(estate, account.id)} <= {
                "customer-01",
                None,
            }


def test_a_share_is_badly_tagged_and_the_facts_say_which(estate):
    facts = process.facts(estate.home)
    wrong = {name: why for scope in facts.values() for name, why in scope["wrong"].items()}
    assert 5 <= len(wrong) <= 35
    assert len(set(wrong.values())) > 3
    accounts = [one.id for one in estate.status.accounts if one.id.startswith("4")]
    rows = [row for account in accounts for row in tagged(estate, account)]
    off = {arn for arn, tags in rows if tags["dr:enabled"] == "false"}
    said = [name for name, why in wrong.items() if why == "protection is switched off"]
    assert len(off) == len(said)


def test_scope_files_can_be_read_and_translate_what_is_there(estate, project):
    assert len(known_scopes(project)) == 4
    scope = load_scope(project, "customer-02", "staging")
    assert len(scope.accounts) == 5, "four of its own, and DNS"
    facts = process.facts(estate.home)["customer-02/staging"]["accounts"]
    table = scope.site_map["us-west-2"]
    for sites in facts.values():
        east, west = sites["us-east-1"], sites["us-west-2"]
        assert table["kms_keys"][east["kms_key_arn"]] == west["kms_key_arn"]
        assert table["subnets"][east["subnet_ids"][0]] == west["subnet_ids"][0]


def test_discover_and_plan_work_on_it_as_it_is(estate, project):
    def drstate(*arguments):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "DRSTATE_CWD": str(project),
            "DRSTATE_HOME": str(estate.home.parent / "home"),
            "DRSTATE_SANDBOX": "1",
        }
        Path(environment["DRSTATE_HOME"]).mkdir(exist_ok=True)
        inside = Path(environment["DRSTATE_HOME"]) / "sandbox"
        if not inside.exists():
            inside.symlink_to(estate.home)
        scope = ("-c", "customer-01", "-e", "production")
        ended = subprocess.run(
            [sys.executable, "-m", "drstate_cli.main", *arguments, *scope, "-o", "json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    asked = Options(500, 9, 2, ("production", "staging"), 7)
    expected = sum(
        place.resources for place in places(asked) if place.scope.endswith("01/production")
    )
    inventory = drstate("discover")
    assert inventory["account_errors"] == []
    assert {one["source"] for one in inventory["accounts"]} == {"explorer"}
    named = {one["arn"] for one in inventory["resources"]} | {
        one["resource"] for one in inventory["violations"]
    }
    records = [one for one in inventory["resources"] if one["technology"] == "route53"]
    assert len(records) == 3
    # what lost its Environment or Customer tag is shown to every scope that could be meant
    assert len(named) - 3 + inventory["not_enabled"] >= expected
    plan = drstate("plan", "--phase", "replicate")
    planned = {
        key for stage in plan["stages"] for shard in stage["shards"] for key in shard["resources"]
    }
    protected = {one["key"] for one in inventory["resources"]}
    assert planned == protected
    assert len(planned) > expected // 2


def test_layout_spreads_everything_and_loses_nothing():
    asked = Options(resources=103, accounts=7, customers=3, environments=("production", "staging"))
    everybody = owners(asked)
    accounts = [account for owner in everybody for account in owner.accounts]
    assert len(set(accounts)) == len(accounts) == 7
    assert all(len(account) == 12 and account.isdigit() for account in accounts)
    assert sum(place.resources for place in places(asked)) == 103
    assert max(p.resources for p in places(asked)) - min(p.resources for p in places(asked)) <= 1


def test_options_survive_being_written_as_a_name():
    asked = Options(2000, 7, 2, ("staging", "production"), 42)
    assert str(asked).startswith("generated:")
    assert parse(str(asked).partition(":")[2]) == asked
    assert str(Options()) == "generated"
    assert size(str(asked)) == 2000
    assert size("demo") == 0


@pytest.mark.parametrize(
    ("estate_name", "named"),
    [
        ("generated:resources=0", "resources is 0"),
        ("generated:resources=many", "resources is 'many'"),
        ("generated:accounts=2,customers=3", "give at least 3 accounts"),
        ("generated:environments=production+qa", "production+qa"),
        ("generated:colour=red", "'colour=red' is no option"),
        ("demo:resources=5", "takes no options"),
    ],
)
def test_wrong_options_are_refused_by_name(tmp_path, estate_name, named):
    with pytest.raises(ConfigError) as caught:
        process.start(tmp_path, estate=estate_name)
    assert named in caught.value.why
    assert process.status(tmp_path) is None
