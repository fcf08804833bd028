"""Values of a server's instance in the recovery region, with and without a protection group."""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup
from drstate.model.scope import SiteMap, SiteMapTable
from drstate.model.shard import ShardInput
from drstate.programs.drs import DrsSpec, DrsValues, drs_values
from drstate.programs.launching import groups_for
from drstate.programs.translator import Translator
from tests.programs.specs import ACCOUNT, EAST, NOW, ecs, entry, shard

SERVER, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"
SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
MAP: SiteMap = {
    SiteMapTable.SUBNETS: {"subnet-1": "subnet-w1"},
    SiteMapTable.SECURITY_GROUPS: {"sg-1": "sg-w1"},
    SiteMapTable.AMIS: {"ami-1": "ami-w1"},
}
SPEC = DrsSpec.model_validate(
    {
        "region": EAST, "captured_at": NOW, "instance_id": SERVER, "arn": "arn",
        "platform": "linux", "architecture": "x86_64", "image": "ami-1", "instance_type": "t3.nano",
        "subnet": "subnet-1", "subnet_cidr": "10.1.4.0/24", "private_ip": "10.1.4.77",
        "security_groups": ["sg-1"], "instance_profile": "web",
    }
)  # fmt: skip


def group(name: str, server: str = SERVER, **launch: Any) -> ProtectionGroup:
    return ProtectionGroup.model_validate(
        {"name": name, "account": ACCOUNT, "region": EAST, "servers": [server], "launch": launch}
    )


def server(name: str = SERVER) -> CatalogEntry:
    return entry("drs", name, SPEC.model_copy(update={"instance_id": name}))


def values(*groups: ProtectionGroup, site_map: SiteMap = MAP) -> tuple[DrsValues, list[str]]:
    known = server()
    given: ShardInput = shard(known, site_map=site_map).model_copy(update={"groups": groups})
    translator = Translator(known.key, EAST, given)
    found = drs_values(SPEC, translator)
    return found, [one.field for one in translator.problems]


def test_without_a_group_the_copy_is_as_captured_and_mapped() -> None:
    found, problems = values(group("other", OTHER, subnet=SUBNET))
    assert problems == []
    assert (found.subnet, found.security_groups) == ("subnet-w1", ("sg-w1",))
    assert (found.instance_type, found.instance_profile) == ("t3.nano", "web")


def test_what_a_group_says_is_in_the_recovery_regions_terms_and_needs_no_mapping() -> None:
    said: dict[str, Any] = {
        "subnet": SUBNET,
        "security_groups": [GROUP],
        "instance_type": "m6i.large",
        "instance_profile": "web-dr",
        "servers": {SERVER: {"private_ip": "10.9.8.7", "instance_type": "m6i.xlarge"}},
    }
    found, problems = values(
        group("web", **said), site_map={SiteMapTable.AMIS: {"ami-1": "ami-w1"}}
    )
    assert problems == []
    assert (found.subnet, found.security_groups) == (SUBNET, (GROUP,))
    assert (found.instance_type, found.instance_profile) == ("m6i.xlarge", "web-dr")
    assert found.private_ip == "10.9.8.7"


def test_a_shard_gets_the_groups_of_its_own_servers_only() -> None:
    mine, other, off = group("mine"), group("other", OTHER), group("off").model_copy(
        update={"enabled": False}
    )  # fmt: skip
    groups = (mine, other, off)
    assert groups_for(groups, [server()]) == (mine,)
    assert groups_for(groups, [entry("ecs", "shop/web", ecs())]) == ()
