"""The last resort of a forced failover: the target leaves the global cluster and writes alone.

What was detached carries a tag with the global cluster and the moment, so that it is known for what
it is later: by the next observation, by health, and by what joins the sites again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.aurora import reading
from drstate.errors import AwsCallError, OperationError
from drstate.programs.aurora.spec import AuroraSpec

DETACHED_FROM, DETACHED_AT = "drstate:detached-from", "drstate:detached-at"
_NOT_A_MEMBER = ("DBClusterNotFoundFault", "GlobalClusterNotFoundFault")


@dataclass(frozen=True)
class Alone:
    """A cluster that was detached, and since when (ISO 8601)."""

    arn: str
    status: str
    since: str


def alone(at: At, spec: AuroraSpec, topology: reading.Topology | None) -> Alone | None:
    """The cluster at ``at`` if it was detached and is in no global cluster since; else None."""
    arn = spec.cluster_arn(at.region)
    if topology is not None and topology.member(arn) is not None:
        return None
    found = reading.cluster(at, spec.identifier)
    tags = reading.tags_of(found)
    if found is None or tags.get(DETACHED_FROM) != spec.global_cluster_id:
        return None
    return Alone(arn, str(found["Status"]), tags.get(DETACHED_AT, ""))


def detach(at: At, spec: AuroraSpec, run: RunContext, because: str, timeout: float) -> Alone:
    """Take the cluster out of its global cluster and wait until it stands alone."""
    arn = spec.cluster_arn(at.region)
    name = spec.global_cluster_id
    at.call(
        "rds",
        "add_tags_to_resource",
        ResourceName=arn,
        Tags=[
            {"Key": DETACHED_FROM, "Value": name},
            {"Key": DETACHED_AT, "Value": run.clock.now().isoformat()},
        ],
    )
    try:
        at.call(
            "rds",
            "remove_from_global_cluster",
            GlobalClusterIdentifier=name,
            DbClusterIdentifier=arn,
        )
    except AwsCallError as error:
        if error.aws_code not in _NOT_A_MEMBER:
            raise OperationError(
                f"{spec.identifier} in {at.region} can neither be failed over to nor detached",
                why=f"failover: {because}; detaching: {error.why or error.what}",
                hint=f"look at the global cluster's events in {at.region}; then drstate resume",
            ) from error

    def stands_alone() -> Alone | None:
        found = alone(at, spec, reading.topology(at, name))
        return found if found is not None and found.status == reading.AVAILABLE else None

    return run.wait(
        stands_alone,
        what=f"{arn} to stand alone",
        timeout_seconds=timeout,
        hint=f"aws rds describe-events --source-type db-cluster --region {at.region}; "
        "then drstate resume",
    )


def facts_of(found: Alone) -> dict[str, Any]:
    """As JSON-ready facts."""
    return {"writer": found.arn, "detached": True, "detached_at": found.since}
