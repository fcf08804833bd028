"""What a group's instances take of the vCPU quotas."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.quotas import Demand
from drstate.adapters.vcpus import RUNNING, limit_of, sizes
from drstate.programs.autoscaling.spec import AutoScalingSpec


def demand(spec: AutoScalingSpec, at: At, launched: int) -> tuple[Demand, ...]:
    """The vCPUs of what is yet to be launched of ``launched`` instances of the group."""
    kind = _kind(spec)
    if kind is None or not launched:
        return ()
    group = {"Name": "tag:aws:autoscaling:groupName", "Values": [spec.name]}
    own = sum(
        len(reservation.get("Instances", []))
        for reservation in at.pages(
            "ec2", "describe_instances", "Reservations", Filters=[RUNNING, group]
        )
    )
    if launched <= own:
        return ()
    amount = (launched - own) * sizes(at, [kind]).get(kind, 0)
    return (Demand(limit_of(kind), at.account, at.region, amount),)


def one_more(spec: AutoScalingSpec, at: At) -> tuple[Demand, ...]:
    """The vCPUs of one instance beside whatever runs."""
    kind = _kind(spec)
    if kind is None:
        return ()
    return (Demand(limit_of(kind), at.account, at.region, sizes(at, [kind]).get(kind, 0)),)


def _kind(spec: AutoScalingSpec) -> str | None:
    """The type that counts. Of a mixed group, the first: nobody knows the proportion beforehand."""
    kinds = [spec.template.instance_type]
    kinds += [one.instance_type for one in spec.mixed.overrides] if spec.mixed else []
    return next((one for one in reversed(kinds[:2]) if one), None)
