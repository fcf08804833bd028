"""Whether a rule is as wanted, a bus is there, and a global endpoint leads to the right site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.adapters import flags
from drstate.adapters.at import At
from drstate.adapters.eventbridge import reading
from drstate.adapters.findings import Health
from drstate.adapters.flags import CONTROL_REGION
from drstate.model.health import ResourceStatus
from drstate.model.scope import RegionPair
from drstate.programs.eventbridge.spec import EventBridgeSpec, GlobalEndpoint

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


def rule_health(at: At, spec: EventBridgeSpec, bus: str, wanted: str) -> Health:
    """The rule is in the wanted state, and sends where production's does."""
    found = reading.rule(at, spec.name, bus)
    if found is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"rule {spec.name} does not exist on bus {bus} in {at.region}",
            "drstate up --phase replicate creates it",
        )
    facts = {"state": found["State"], "wanted": wanted}
    if found["State"] != wanted:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"is {found['State']}, and {wanted} is wanted",
            "drstate resume switches it",
            facts,
        )
    ids = {target["Id"] for target in reading.targets(at, spec.name, bus)}
    lacking = sorted({one.id for one in spec.rule.targets} - ids) if spec.rule else []
    if lacking:
        return Health(
            ResourceStatus.DEGRADED,
            f"does not send to {', '.join(lacking)}, as production does",
            "drstate up --phase replicate declares its targets",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, f"is {wanted}, as wanted", facts=facts)


def bus_health(at: At, bus: str) -> Health:
    """The bus is there."""
    if reading.bus(at, bus) is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"event bus {bus} does not exist in {at.region}",
            "drstate up --phase replicate creates it",
        )
    return Health(ResourceStatus.HEALTHY, "the bus is there")


def led_here(
    aws: AwsCaller,
    account: str,
    spec: EventBridgeSpec,
    endpoint: GlobalEndpoint,
    regions: RegionPair,
    to: str,
    *,
    force: bool,
) -> Health | None:
    """What is wrong where the flag leads to the other site; with ``force`` only ``to`` is asked."""
    led, states = flags.led_to(aws, account, spec.turned_by, regions, to, force=force)
    if led:
        return None
    said = " and ".join(f"{name.replace('_', ' ')} {is_}" for name, is_ in states.items())
    return Health(
        ResourceStatus.UNHEALTHY,
        f"the flag of endpoint {endpoint.name} leads its events to the other site ({said})",
        "drstate resume turns it again",
        states,
    )


def unattached(
    at: At, spec: EventBridgeSpec, endpoint: GlobalEndpoint, *, attached: bool
) -> Health | None:
    """What is wrong where there is no flag, or (``attached``) the endpoint does not follow it.

    ``at`` is the recovery region, which can describe the endpoint as well as its home.
    """
    if flags.alarm_state(at, spec.flag) is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the flag of endpoint {endpoint.name} does not exist",
            "drstate up --phase replicate declares it",
        )
    if not attached:
        return None
    found = reading.endpoint(at, endpoint.name, spec.region)
    checks = flags.own_checks(At(at.aws, at.account, CONTROL_REGION), spec.reference)
    follows = found and reading.failover(found)["Primary"]["HealthCheck"]
    if str(follows).rpartition("/")[2] not in checks:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"endpoint {endpoint.name} does not follow the flag",
            "drstate up --phase replicate attaches its health check",
            {"health_check": follows},
        )
    return None
