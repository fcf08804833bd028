"""What has to hold before a phase changes anything of an RDS instance.

A replica needs its groups at the site, of the same major version; a promotion needs a replica that
replicates and is not too far behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.databases import listed, missing, subnet_group
from drstate.adapters.findings import Health
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import FORCE, REPLICATE
from drstate.adapters.rds.lag import lag_if_known
from drstate.model.health import ResourceStatus
from drstate.programs.rds import RdsPolicy, RdsSpec, RdsValues


def groups(at: At, spec: RdsSpec, values: RdsValues) -> Iterator[Health]:
    """Subnet, parameter and option group are there, and fit the engine's major version."""
    yield from subnet_group(at, values.subnet_group)
    parameters = values.parameter_group
    if parameters and not parameters.startswith("default."):
        found = listed(
            at,
            "describe_db_parameter_groups",
            "DBParameterGroups",
            "DBParameterGroupNotFound",
            DBParameterGroupName=parameters,
        )
        if found is None:
            yield missing(at, "DB parameter group", parameters, "parameter_groups")
        else:
            family = str(found["DBParameterGroupFamily"])
            if family not in (f"{spec.engine}{spec.major}", f"{spec.engine}-{spec.major}"):
                yield _unfit(at, "parameter group", parameters, family, spec)
    options = values.option_group
    if options and not options.startswith("default:"):
        found = listed(
            at,
            "describe_option_groups",
            "OptionGroupsList",
            "OptionGroupNotFoundFault",
            OptionGroupName=options,
        )
        if found is None:
            yield missing(at, "option group", options, "option_groups")
        elif (found["EngineName"], found["MajorEngineVersion"]) != (spec.engine, spec.major):
            fits = f"{found['EngineName']} {found['MajorEngineVersion']}"
            yield _unfit(at, "option group", options, fits, spec)


def promotable(
    at: At, spec: RdsSpec, policy: RdsPolicy, now: datetime, *, force: bool
) -> Iterator[Health]:
    """The replica replicates, and its lag is known and within the limit."""
    found = reading.instance(at, spec.identifier)
    if found is None:
        yield Health(
            ResourceStatus.UNHEALTHY,
            f"there is no replica {spec.identifier} in {at.region}",
            REPLICATE,
        )
        return
    if found.writer:
        return
    told = ResourceStatus.DEGRADED if force else ResourceStatus.UNHEALTHY
    facts: dict[str, Any] = {"replication": found.replication}
    if found.replication != "replicating":
        yield Health(told, f"the replica in {at.region} is {found.replication}", FORCE, facts)
    lag = lag_if_known(at, spec.identifier, now)
    if lag.seconds is None:
        yield Health(
            ResourceStatus.DEGRADED,
            f"the lag of the replica in {at.region} is not known ({lag.source})",
            f"wait until CloudWatch has a measurement; {FORCE}",
            facts,
        )
    elif lag.seconds > policy.max_lag_seconds:
        yield Health(
            told,
            f"the replica in {at.region} is {lag.seconds:.0f} s behind; "
            f"policies.rds.max_lag_seconds is {policy.max_lag_seconds}",
            f"wait until it has caught up, or raise the limit; {FORCE}",
            {**facts, "lag_seconds": lag.seconds},
        )


def _unfit(at: At, what: str, name: str, fits: str, spec: RdsSpec) -> Health:
    return Health(
        ResourceStatus.UNHEALTHY,
        f"{what} {name} in {at.region} is for {fits}, not for {spec.engine} {spec.major}",
        "create one for that version there, and name it in the site map",
    )
