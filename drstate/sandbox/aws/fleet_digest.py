"""What a digest tells of instances that Auto Scaling launches: how many and which kind, not which.

They come and go by their group's sizes, with other addresses each time; a state in which four of
them serve is the same state whichever four they are. What hangs on them (reservations, network
interfaces, volumes) is left out for the same reason.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import InstanceState
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.models.subnets import Subnet

from drstate.sandbox.canonical import SHOWN


def _state(state: Any) -> dict[str, Any]:
    template = state.launch_template or {}
    return {
        "lifecycle_state": state.lifecycle_state,
        "health_status": state.health_status,
        "protected": bool(state.protected_from_scale_in),
        "instance_type": state.instance_type,
        "zone": state.availability_zone,
        "version": template.get("Version"),
    }


def _launched(instance: Any) -> bool:
    return getattr(instance, "autoscaling_group", None) is not None


def _instance(instance: Any) -> dict[str, Any]:
    if not _launched(instance):
        return dict(vars(instance))
    return {"group": instance.autoscaling_group.name, "instance_type": instance.instance_type}


def _reservation(reservation: Any) -> dict[str, Any] | None:
    if reservation.instances and all(_launched(one) for one in reservation.instances):
        return None
    return dict(vars(reservation))


def _interface(interface: Any) -> dict[str, Any] | None:
    return None if _launched(interface.instance) else dict(vars(interface))


def _volume(volume: Any) -> dict[str, Any] | None:
    attached = volume.attachment
    if attached is not None and _launched(attached.instance):
        return None
    return dict(vars(volume))


def _subnet(subnet: Any) -> dict[str, Any]:
    held = {ip: one for ip, one in subnet._subnet_ips.items() if not _launched(one)}  # noqa: SLF001 - moto tells nowhere else
    return {**vars(subnet), "_subnet_ips": held}


def install() -> None:
    """Have digests told so."""
    for kind, shown in (
        (InstanceState, _state),
        (Instance, _instance),
        (NetworkInterface, _interface),
        (Reservation, _reservation),
        (Subnet, _subnet),
        (Volume, _volume),
    ):
        setattr(kind, SHOWN, staticmethod(shown))
