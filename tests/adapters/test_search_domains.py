"""OpenSearch: pairs, promotions in regions that lack them, sizes, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.at import At
from drstate.adapters.opensearch import ADAPTER
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.programs.levels import Level
from drstate.programs.opensearch.spec import Nodes, OpenSearchPolicy, OpenSearchSpec
from drstate.programs.opensearch.values import nodes_at
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of


@pytest.fixture
def world(sandbox: Path) -> Iterator[World]:
    """The domain of initech/production, captured."""
    process.reset(sandbox)
    scope = Scope.model_validate(yaml.safe_load(process.scopes(sandbox)["initech/production.yaml"]))
    made = World(sandbox, scope)
    facts = process.facts(sandbox)["initech/production"]["opensearch"]
    made.protect([resource_of(scope, "opensearch", facts["domain"], facts["arn"], 2)])
    yield made
    process.clear_faults(sandbox)


def place(world: World, entry: CatalogEntry, region: str) -> At:
    return At(world.aws, entry.resource.account, region)


def twin(world: World, **changes: Any) -> None:
    """The recovery domain, as the stack would make it, in standby."""
    entry = world.entry("opensearch")
    spec = OpenSearchSpec.model_validate(entry.spec)
    place(world, entry, WEST).call(
        "opensearch", "create_domain",
        **{
            "DomainName": spec.domain,
            "EngineVersion": spec.engine_version,
            "ClusterConfig": {"InstanceType": "r6g.large.search", "InstanceCount": 2},
            "EncryptionAtRestOptions": {"Enabled": True},
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "AdvancedSecurityOptions": {"Enabled": True},
            **changes,
        },
    )  # fmt: skip
    world.clock.sleep(0)


def action(world: World, phase: Phase, name: str, **how: bool) -> Any:
    entry = world.entry("opensearch")
    site = world.site(entry, phase, **how)
    return next(
        one for one in ADAPTER().work(phase, entry, site).actions if one.spec.id.endswith(name)
    )


def do(world: World, phase: Phase, name: str, **how: bool) -> dict[str, Any]:
    one = action(world, phase, name, **how)
    seen = one.observe(world.aws)
    assert seen.blocked is None, seen.blocked
    result: dict[str, Any] = one.run(world.aws, world.context(seen.facts))
    return result


def paired(world: World, **changes: Any) -> None:
    twin(world, **changes)
    do(world, Phase.REPLICATE, "#pair")
    world.catalog = world.catalog.after(Phase.REPLICATE)


def tag(world: World, region: str, value: str) -> None:
    entry = world.entry("opensearch")
    arn = OpenSearchSpec.model_validate(entry.spec).domain_arn(region)
    place(world, entry, region).call(
        "opensearch", "add_tags", ARN=arn,
        TagList=[{"Key": "sandbox:replication", "Value": value}],
    )  # fmt: skip


def check(world: World, phase: Phase, **how: bool) -> tuple[Any, ...]:
    entry = world.entry("opensearch")
    return ADAPTER().prerequisites(phase, entry, world.site(entry, phase, **how), world.aws)


def test_a_planned_promotion_is_called_in_the_promoted_region_and_undone(world: World) -> None:
    paired(world)
    promote = action(world, Phase.ACTIVATE, "#promote")
    assert {call.region for call in promote.spec.calls} == {WEST}
    seen = promote.observe(world.aws)
    result = promote.run(world.aws, world.context(seen.facts))
    assert (result["how"], result["role"]) == ("switchover", "PRIMARY")
    assert promote.observe(world.aws).done
    promote.undo(world.aws, world.context(seen.facts), seen.facts)
    assert promote.observe(world.aws).facts["role"] == "SECONDARY"


def test_an_ejected_primary_is_told_of_and_paired_again_the_other_way(world: World) -> None:
    paired(world)
    process.add_fault(world.home, {"effect": "region-down", "region": EAST})
    result = do(world, Phase.ACTIVATE, "#promote", force=True, emergency=True)
    assert (result["how"], result["status"]) == ("failover", "EJECTED")
    assert result["data_loss"].startswith("unknown")
    process.clear_faults(world.home)
    world.catalog = world.catalog.after(Phase.ACTIVATE).after(Phase.CLEANUP)
    told = check(world, Phase.REPLICATE)
    assert [one.status for one in told] == [ResourceStatus.DEGRADED]
    assert "manual snapshot" in told[0].hint
    again = do(world, Phase.REPLICATE, "#pair")
    assert (again["role"], again["status"]) == ("PRIMARY", "ACTIVE")
    assert "since it was ejected" in again["dropped"]


def test_without_the_consent_nothing_is_failed_over(world: World) -> None:
    paired(world)
    promote = action(world, Phase.ACTIVATE, "#promote", force=True)
    assert promote.spec.needs_consent == "data-loss"
    with pytest.raises(OperationError, match="needs the consent"):
        promote.run(world.aws, world.context({}, "something-else"))
    assert promote.observe(world.aws).facts["role"] == "SECONDARY"


def test_a_region_without_promotion_ends_the_pair_by_force_only_and_makes_it_anew(
    world: World,
) -> None:
    paired(world)
    tag(world, WEST, "no-promotion")
    with pytest.raises(OperationError, match="has no switchover") as caught:
        do(world, Phase.ACTIVATE, "#promote")
    assert "--force" in caught.value.hint
    result = do(world, Phase.ACTIVATE, "#promote", force=True)
    assert (result["how"], result["role"]) == ("detached", None)
    # found as it was left, also by a run that did not see it happen
    assert action(world, Phase.ACTIVATE, "#promote", force=True).observe(world.aws).done
    entry = world.entry("opensearch")
    assert ADAPTER().health(entry, active(world, entry), world.aws).ok
    world.catalog = world.catalog.after(Phase.ACTIVATE).after(Phase.CLEANUP)
    again = do(world, Phase.REPLICATE, "#pair")
    assert (again["role"], again["peer"].split(":")[3]) == ("PRIMARY", EAST)
    arn = OpenSearchSpec.model_validate(entry.spec).domain_arn(WEST)
    tags = place(world, entry, WEST).call("opensearch", "list_tags", ARN=arn)["TagList"]
    assert "drstate:promoted" not in {one["Key"] for one in tags}


def active(world: World, entry: CatalogEntry) -> Any:
    """The recovery site, active, as somebody else's: its size does not count."""
    foreign = entry.model_copy(update={"ownership": {EAST: Ownership.FOREIGN}})
    return world.site(foreign, Phase.ACTIVATE)


def test_an_emergency_from_standby_promotes_first_and_then_grows(world: World) -> None:
    paired(world)
    entry = world.entry("opensearch")
    site = world.site(entry, Phase.ACTIVATE, force=True, emergency=True)
    names = [one.spec.id.rpartition("#")[2] for one in ADAPTER().activate(entry, site).actions]
    assert names == ["promote", "resize"]
    do(world, Phase.ACTIVATE, "#promote", force=True, emergency=True)
    resize = action(world, Phase.ACTIVATE, "#resize", force=True, emergency=True)
    seen = resize.observe(world.aws)
    assert seen.facts == {"config": {"InstanceType": "r6g.large.search", "InstanceCount": 2}}
    assert resize.run(world.aws, world.context(seen.facts))["config"]["InstanceCount"] == 4
    assert resize.observe(world.aws).done
    assert ADAPTER().health(entry, site, world.aws).ok
    resize.undo(world.aws, world.context(seen.facts), seen.facts)
    assert resize.observe(world.aws).facts == seen.facts


def test_a_domain_has_one_peer(world: World) -> None:
    twin(world)
    twin(world, DomainName="another")
    entry = world.entry("opensearch")
    spec = OpenSearchSpec.model_validate(entry.spec)
    place(world, entry, EAST).call(
        "opensearch", "add_replication_peer", DomainName=spec.domain,
        PeerDomainArn=spec.domain_arn(WEST).replace(spec.domain, "another"),
    )  # fmt: skip
    world.clock.sleep(0)
    seen = action(world, Phase.REPLICATE, "#pair").observe(world.aws)
    assert seen.blocked is not None
    assert "a domain has one peer" in seen.blocked


def test_domains_that_do_not_fit_stop_the_run_before_it_begins(world: World) -> None:
    twin(world, EngineVersion="OpenSearch_2.11", NodeToNodeEncryptionOptions={"Enabled": False})
    (told,) = check(world, Phase.REPLICATE)
    assert told.status is ResourceStatus.UNHEALTHY
    assert "engine version is OpenSearch_2.11 here and OpenSearch_2.13 there" in told.detail
    assert "node-to-node encryption" in told.detail


def test_a_standby_that_is_too_small_for_the_data_stops_the_run(world: World) -> None:
    entry = world.entry("opensearch")
    dimensions = [
        {"Name": "DomainName", "Value": entry.resource.name},
        {"Name": "ClientId", "Value": entry.resource.account},
    ]
    for gib, fits in ((100, True), (190, False)):
        place(world, entry, EAST).call(
            "cloudwatch", "put_metric_data", Namespace="AWS/ES",
            MetricData=[
                {
                    "MetricName": "ClusterUsedSpace",
                    "Dimensions": dimensions,
                    "Value": gib * 1024.0,
                    "Timestamp": world.clock.now(),
                }
            ],
        )  # fmt: skip
        world.clock.sleep(120)
        told = ADAPTER(world.clock).prerequisites(
            Phase.REPLICATE, entry, world.site(entry, Phase.REPLICATE), world.aws
        )
        assert [one.status for one in told] == ([] if fits else [ResourceStatus.UNHEALTHY])
    assert "2 data nodes of the receiving domain hold 200 GiB" in told[0].detail


def test_burstable_nodes_are_refused_before_anything_is_made(world: World) -> None:
    entry = world.entry("opensearch")
    place(world, entry, EAST).call(
        "opensearch", "update_domain_config", DomainName=entry.resource.name,
        ClusterConfig={"InstanceType": "t3.medium.search"},
    )  # fmt: skip
    world.clock.sleep(0)
    (told,) = check(world, Phase.REPLICATE)
    assert told.status is ResourceStatus.UNHEALTHY
    assert "t3.medium.search, which does not replicate" in told.detail


def test_what_cannot_be_carried_over_is_refused_by_name(world: World) -> None:
    entry = world.entry("opensearch")
    east = place(world, entry, EAST)
    east.call(
        "opensearch", "update_domain_config", DomainName=entry.resource.name,
        AdvancedSecurityOptions={"Enabled": True, "InternalUserDatabaseEnabled": True},
    )  # fmt: skip
    with pytest.raises(OperationError, match="internal user database"):
        ADAPTER().capture(entry.resource, world.aws)


def test_a_secondary_is_not_captured(world: World) -> None:
    paired(world)
    do(world, Phase.ACTIVATE, "#promote")
    with pytest.raises(OperationError, match="is a secondary"):
        ADAPTER().capture(world.entry("opensearch").resource, world.aws)


def test_a_pair_of_somebody_elses_stays_theirs(world: World) -> None:
    paired(world)
    entry = world.entry("opensearch")
    spec = ADAPTER().capture(entry.resource, world.aws)
    owners = ADAPTER().initial_ownership(entry.resource, spec, world.scope)
    assert owners == {EAST: Ownership.FOREIGN, WEST: Ownership.FOREIGN}
    foreign = entry.model_copy(update={"ownership": owners})
    work = ADAPTER().instantiate(foreign, world.site(foreign, Phase.INSTANTIATE))
    assert "keeps its size" in (work.no_op or "")


def test_standby_keeps_as_many_nodes_in_every_zone(world: World) -> None:
    spec = OpenSearchSpec.model_validate(world.entry("opensearch").spec)
    small = OpenSearchPolicy(standby_instance_count=1, standby_instance_type="r6g.medium.search")
    assert nodes_at(spec, small, Level.STANDBY) == Nodes(
        instance_type="r6g.medium.search", instance_count=2, zones=2
    )
    assert nodes_at(spec, small, Level.WARM) == spec.nodes


def test_a_domain_whose_creation_was_cut_off_is_found_by_its_name(world: World) -> None:
    entry = world.entry("opensearch")
    inputs = {"domainName": entry.resource.name, "region": WEST}
    account, kind = entry.resource.account, "aws:opensearch/domain:Domain"
    assert ADAPTER().created(kind, inputs, account, world.aws) is None
    twin(world)
    spec = OpenSearchSpec.model_validate(entry.spec)
    assert ADAPTER().created(kind, inputs, account, world.aws) == spec.domain_arn(WEST)
