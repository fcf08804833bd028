"""Running EC2 instances under their own ids: servers that DRS replicates, and hosts of databases.

What a spec does not say of a machine (its disks, what is installed) is what the sandbox gives any
instance: one small disk, nothing on it.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends, instances

from drstate.model.scope import SiteMapTable
from drstate.sandbox.aws.ec2_states import arrived

from .forcing import forced
from .problems import cannot
from .site import Captured

IMAGE = "ami-0abcdef1234567890"
TYPE = "r6i.xlarge"


def run(
    site: Captured,
    account: str,
    region: str,
    instance: str,
    *,
    subnet: str = "",
    tags: dict[str, str],
    image: str = IMAGE,
    **wishes: Any,
) -> Any:
    """The instance with this id, running. It is made once, by whoever asks for it first.

    ``subnet`` empty: one of the account's network. ``wishes`` are moto's for an instance. Raises
    CapturedError where EC2 would not have it (an address outside of its subnet, one that is taken).
    """
    subnet = subnet or site.subnets_of(account, region)[0]
    site.subnet(account, region, subnet)
    for group in wishes.get("security_group_ids", ()):
        site.security_group(account, region, group)
    backend = ec2_backends[account][region]
    # a site map that pairs instances means these
    if not site.first(str(SiteMapTable.IDENTIFIERS), account, region, instance):
        return backend.get_instance(instance)
    try:
        with forced(instances, "random_instance_id", instance):
            reservation = backend.run_instances(
                image,
                1,
                None,
                [],
                # that it is said not to be asked for keeps moto from going through all types
                **{
                    "instance_type": TYPE,
                    "is_instance_type_default": True,
                    "region_name": region,
                    "subnet_id": subnet,
                    "tags": {"instance": tags},
                    **wishes,
                },
            )
    except ServiceException as error:
        raise cannot(instance, "instance", f"{error.code}: {error.message}") from error
    made = reservation.instances[0]
    arrived(made)
    return made
