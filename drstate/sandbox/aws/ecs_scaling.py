"""What scaling policies do to a service whose count is outside its bounds: they take it back.

A policy looks at its metric about once a minute. Here it finds nothing to do, except that a count
beyond the scalable target's bounds is brought inside, which is what policies of AWS do to a count
that somebody set before the bounds. Suspended scaling leaves the count alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends

from . import runtime

EVALUATION_SECONDS = 60.0
_DIMENSION = "ecs:service:DesiredCount"


def evaluate_later(backend: Any, service: Any) -> None:
    """Have the service's policies look at it in a while, if it has any."""
    if _policed(backend, service):
        runtime.clock().after(EVALUATION_SECONDS, partial(_evaluate, backend, service))


def _evaluate(backend: Any, service: Any) -> None:
    scaling = _scaling(backend)
    target = scaling.targets.get(_DIMENSION, {}).get(_name(service))
    if target is None or service.status != "ACTIVE" or not _policed(backend, service):
        return
    held = dict(getattr(target, "suspended_state", None) or {})
    wanted = min(max(service.desired_count, target.min_capacity), target.max_capacity)
    way = "In" if wanted < service.desired_count else "Out"
    if wanted == service.desired_count or held.get(f"DynamicScaling{way}Suspended"):
        return
    backend.update_service(
        {
            "cluster": service.cluster_name,
            "service": service.name,
            "desired_count": wanted,
        }
    )


def _policed(backend: Any, service: Any) -> bool:
    return any(
        policy.resource_id == _name(service) for policy in _scaling(backend).policies.values()
    )


def _scaling(backend: Any) -> Any:
    return applicationautoscaling_backends[backend.account_id][backend.region_name]


def _name(service: Any) -> str:
    return f"service/{service.cluster_name}/{service.name}"
