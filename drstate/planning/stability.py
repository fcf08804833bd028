"""What a recovery without the serving region would still depend on elsewhere.

Static stability: a recovery needs nothing but the region that it recovers in, and what was made
before. This is read from the calls that the plan's actions tell, so before anything is called; a
plan that depends on the lost region, or on a control plane that is in one region only, says so with
what would free it. It judges, and refuses nothing: at three in the morning a recovery with a risk
is better than none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from drstate.model.plan import ActionSpec, Call, Dependence, Plane, Stability, Stage

#: services whose control plane is in one region, whatever region is recovered -> what frees from it
ONE_REGION = {
    "route53": "way: flag or way: routing-control needs data planes only",
    "s3": "a multi-region access point is turned without a change of the buckets' configuration",
    "iam": "roles and policies are made beforehand",
    "cloudfront": "distributions are made beforehand, with both origins",
    "globalaccelerator": "endpoint groups are made beforehand, with a traffic dial in each region",
}

#: services whose data plane has an endpoint in each of several regions, of which any one will do:
#: clusters of routing controls, and what turns multi-region access points
ANSWERED_ANYWHERE = frozenset({"route53-recovery-cluster", "s3control"})


def stability(stages: Iterable[Stage], region: str) -> Stability:
    """What the stages' actions need besides ``region``, each resource and call once."""
    listed = list(stages)
    actions = [action for stage in listed for shard in stage.shards for action in shard.actions]
    made = {(action.technology, call) for action in actions for call in action.calls}
    return Stability(
        region=region,
        calls=len({call for _, call in made}),
        data_plane=len({call for _, call in made if call.plane is Plane.DATA}),
        dependences=tuple(_dependences(actions, region)),
        spare=tuple(sorted({call.region for one in actions for call in _spread(one)} - {region})),
        stacks=len({shard.stack for stage in listed for shard in stage.shards if shard.stack}),
    )


def _dependences(actions: Iterable[ActionSpec], region: str) -> Iterator[Dependence]:
    seen: set[tuple[str, str, str]] = set()
    for action in actions:
        spread = _spread(action)
        for call in action.calls:
            mark = (action.resource, call.service, call.region)
            if call.region == region or mark in seen or call in spread:
                continue
            seen.add(mark)
            yield Dependence(
                resource=action.resource, what=action.title, call=call, hint=_hint(call, region)
            )


def _spread(action: ActionSpec) -> set[Call]:
    """Its calls that are made in one of several regions, whichever answers."""
    regions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call in action.calls:
        if call.service in ANSWERED_ANYWHERE and call.plane is Plane.DATA:
            regions[call.service, call.operation].add(call.region)
    return {
        call
        for call in action.calls
        if call.plane is Plane.DATA and len(regions[call.service, call.operation]) > 1
    }


def _hint(call: Call, region: str) -> str:
    freed = ONE_REGION.get(call.service) if call.plane is Plane.CONTROL else None
    return freed or f"what it needs is made in {region} beforehand, or done without"
