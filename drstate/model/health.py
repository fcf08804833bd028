"""Health of resources and waves, as it is judged after each stage."""

from __future__ import annotations

from enum import StrEnum

from drstate.model.base import Value


class ResourceStatus(StrEnum):
    """Health of a resource after its stage."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    UNHEALTHY = "UNHEALTHY"
    #: it could not be found out in time
    UNKNOWN = "UNKNOWN"
    SKIPPED = "SKIPPED"


#: what counts as failed in a wave's verdict
FAILING = (ResourceStatus.UNHEALTHY, ResourceStatus.UNKNOWN)


class WaveHealth(StrEnum):
    """Health of a wave."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    UNHEALTHY = "UNHEALTHY"


class Impaired(Value):
    """A resource that is not healthy in a stage after which the execution went on."""

    stage: str
    wave: int
    #: the verdict over the wave
    verdict: WaveHealth
    resource: str
    status: ResourceStatus
    detail: str
    hint: str = ""
