"""Drills of DRS servers, and the end of what a recovery launched: each only its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.at import At
from drstate.adapters.confining import Confined
from drstate.adapters.drs.drill import WAS_TAG
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import LAUNCHED, Phase, SiteState
from tests.adapters.test_drs import Servers
from tests.adapters.world import EAST, WEST

MINE, OTHER = "d0c0ffe", "dabc123"


@pytest.fixture(scope="module")
def servers(sandbox: Path) -> Servers:
    return Servers(sandbox)


def at_drill(servers: Servers, entry: CatalogEntry, drill: str = MINE) -> SiteContext:
    site: SiteContext = servers.site(entry, Phase.ACTIVATE)
    return replace(site, drill=drill, drill_group=group_of(servers, entry, drill))


def group_of(servers: Servers, entry: CatalogEntry, drill: str) -> str:
    """The drill's security group, where its own stack would have made it."""
    confined = servers.adapter.confinement(entry, servers.site(entry, Phase.ACTIVATE))
    assert isinstance(confined, Confined)
    vpc = confined.vpc(At(servers.world.aws, entry.resource.account, WEST))
    if vpc is None:
        return ""
    named = [{"Name": "group-name", "Values": [drill]}, {"Name": "vpc-id", "Values": [vpc]}]
    found = servers.call("ec2", "describe_security_groups", Filters=named)["SecurityGroups"]
    if found:
        return str(found[0]["GroupId"])
    made = servers.call(
        "ec2", "create_security_group", GroupName=drill, Description="copies", VpcId=vpc
    )
    return str(made["GroupId"])


def template(servers: Servers, entry: CatalogEntry) -> list[tuple[int, bool, list[str]]]:
    """The versions of the server's launch template: number, whether it is the default, groups."""
    (server,) = servers.call(
        "drs", "describe_source_servers", filters={"hardwareId": entry.spec["instance_id"]}
    )["items"]
    found = servers.call("drs", "get_launch_configuration", sourceServerID=server["sourceServerID"])
    versions = servers.call(
        "ec2", "describe_launch_template_versions", LaunchTemplateId=found["ec2LaunchTemplateID"]
    )["LaunchTemplateVersions"]
    return [
        (
            one["VersionNumber"],
            one["DefaultVersion"],
            one["LaunchTemplateData"].get("SecurityGroupIds", []),
        )
        for one in versions
    ]


def drilled(servers: Servers, entry: CatalogEntry, drill: str = MINE) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for action in servers.adapter.drill(entry, at_drill(servers, entry, drill)).actions:
        _, result = servers.run(action)
    return result


def removed(servers: Servers, entry: CatalogEntry, drill: str = MINE) -> list[dict[str, Any]]:
    site = replace(at_drill(servers, entry, drill), state=SiteState.RETIRED)
    return [servers.run(one)[1] for one in servers.adapter.work(Phase.CLEANUP, entry, site).actions]


def settings(servers: Servers, entry: CatalogEntry) -> dict[str, Any]:
    (server,) = servers.call(
        "drs", "describe_source_servers", filters={"hardwareId": entry.spec["instance_id"]}
    )["items"]
    found = servers.call("drs", "get_launch_configuration", sourceServerID=server["sourceServerID"])
    into = found.get("launchIntoInstanceProperties", {}).get("launchIntoEC2InstanceID", "")
    return {"into": into, "address": found["copyPrivateIp"], "noted": server["tags"].get(WAS_TAG)}


def test_a_drill_goes_beside_what_waits_and_puts_the_settings_back(servers: Servers) -> None:
    entry = servers.entry("web-1")
    waiting = servers.copy(entry)
    servers.run(servers.actions(entry, Phase.INSTANTIATE)["settings"])
    before = settings(servers, entry)
    assert before["into"] == waiting
    result = drilled(servers, entry)
    assert result["drill"] is True
    assert settings(servers, entry) == {"into": "", "address": False, "noted": f"{waiting}/0/1"}
    group = group_of(servers, entry, MINE)
    assert template(servers, entry) == [(1, False, []), (2, True, [group])]
    launched = servers.call("ec2", "describe_instances", InstanceIds=[result["recovery_instance"]])[
        "Reservations"
    ][0]["Instances"][0]
    assert [one["GroupId"] for one in launched["SecurityGroups"]] == [group]
    assert servers.state(result["recovery_instance"]) == "running"
    assert servers.state(servers.facts["web-1"]["instance_id"], EAST) == "running"
    assert servers.state(waiting) == "stopped"
    # a drill is no recovery, and its copy is nobody else's
    launch = servers.actions(entry, Phase.ACTIVATE)["launch"]
    assert not launch.observe(servers.world.aws).done
    aside, again = servers.adapter.drill(entry, at_drill(servers, entry)).actions
    assert aside.observe(servers.world.aws).done
    assert again.observe(servers.world.aws).done
    end, back = removed(servers, entry)
    assert end["terminated"] == result["recovery_instance"]
    assert any("JOB_END" in line for line in end["log"])
    assert back["noted"] == f"{waiting}/0/1"
    assert template(servers, entry) == [(1, True, [])]
    assert settings(servers, entry) == before
    assert servers.state(result["recovery_instance"]) == "terminated"
    assert servers.state(waiting) == "stopped"


def test_no_drill_is_launched_in_the_groups_of_the_standby(servers: Servers) -> None:
    entry = servers.entry("web-2")
    site = replace(servers.site(entry, Phase.ACTIVATE), drill=MINE)
    aside, _ = servers.adapter.drill(entry, site).actions
    with pytest.raises(OperationError, match="no security group"):
        aside.run(servers.world.aws, servers.world.context({}))
    assert template(servers, entry) == [(1, True, [])]
    assert settings(servers, entry)["noted"] is None


def test_another_drill_of_the_server_is_neither_taken_nor_terminated(servers: Servers) -> None:
    entry = servers.entry("web-2")
    result = drilled(servers, entry, OTHER)
    _, launch = servers.adapter.drill(entry, at_drill(servers, entry)).actions
    seen = launch.observe(servers.world.aws)
    assert not seen.done
    assert "another drill" in str(seen.blocked)
    assert removed(servers, entry)[0] == {}
    # nor is it what a recovery launched
    assert removed(servers, entry, LAUNCHED)[0] == {}
    assert servers.state(result["recovery_instance"]) == "running"
    assert removed(servers, entry, OTHER)[0]["terminated"] == result["recovery_instance"]


def test_a_recovery_instance_is_not_risked_by_a_drill_nor_terminated_while_it_serves(
    servers: Servers,
) -> None:
    entry = servers.entry("web-2")
    servers.copy(entry)
    actions = servers.actions(entry, Phase.ACTIVATE)
    servers.run(actions["settings"])
    _, launched = servers.run(actions["launch"])
    instance = launched["recovery_instance"]
    _, launch = servers.adapter.drill(entry, at_drill(servers, entry)).actions
    assert "forget that instance" in str(launch.observe(servers.world.aws).blocked)
    site = replace(at_drill(servers, entry, LAUNCHED), state=SiteState.RETIRED)
    (end,) = servers.adapter.work(Phase.CLEANUP, entry, replace(site, serving=WEST)).actions
    assert "serves production" in str(end.observe(servers.world.aws).blocked)
    assert servers.state(instance) == "running"
    assert removed(servers, entry, LAUNCHED)[0]["terminated"] == instance
    assert servers.state(instance) == "terminated"


def test_a_drill_of_a_server_that_drs_does_not_know_says_what_helps(servers: Servers) -> None:
    entry = servers.entry("web-1")
    unknown = entry.model_copy(
        update={"spec": {**entry.spec, "instance_id": "i-00000000", "arn": "arn:aws:ec2:::i-0"}}
    )
    aside, _ = servers.adapter.drill(unknown, at_drill(servers, unknown)).actions
    seen = aside.observe(servers.world.aws)
    assert "no source server" in str(seen.blocked)
    assert "replicate" in seen.hint
    with pytest.raises(OperationError):
        aside.run(servers.world.aws, servers.world.context({}))
