"""The replication agent of EC2 instances: a tag installs it.

An instance that gets the tag `sandbox:drs-agent=<region>` (when it is launched, or later) is
replicated to that region of its account. Its other tags, as they are then, become the source
server's. DRS itself is only read when that happens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend

from drstate.sandbox.aws.extend import extend

if TYPE_CHECKING:
    from .models import Machine

AGENT_TAG = "sandbox:drs-agent"
_GIB = 1024**3

_create_tags = EC2Backend.create_tags
_run_instances = EC2Backend.run_instances


class _Agents:
    def run_instances(self: Any, *arguments: Any, **options: Any) -> Any:
        """Launch; agents come when the instances have all their tags and disks."""
        self.agents_wait = True
        try:
            reservation = _run_instances(self, *arguments, **options)
        finally:
            self.agents_wait = False
        for instance in reservation.instances:
            region = _tags(instance).get(AGENT_TAG)
            if region:
                _install(self, instance.id, region)
        return reservation

    def create_tags(self: Any, resource_ids: list[str], tags: dict[str, str]) -> bool:
        """Tag; and install an agent where that is what the tag says."""
        done: bool = _create_tags(self, resource_ids, tags)
        region = tags.get(AGENT_TAG)
        if region and not getattr(self, "agents_wait", False):
            for name in resource_ids:
                if name.startswith("i-"):
                    _install(self, name, region)
        return done


def _tags(instance: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}


def machine_of(instance: Any, account: str, region: str) -> Machine:
    """An EC2 instance as DRS sees it."""
    from .models import Machine  # noqa: PLC0415 - read when DRS is needed

    volumes = instance.get_block_device_mapping
    plain = Machine(
        hostname=instance.private_dns_name,
        private_ip=instance.private_ip or "",
        account=account,
        region=region,
        zone=instance.placement.availability_zone or "",
        instance_id=instance.id,
        instance_type=instance.instance_type,
        platform=(instance.platform or "linux").lower(),
        architecture=instance.architecture or "x86_64",
    )
    if plain.platform == "windows":
        plain = replace(plain, os="Windows Server 2022")
    if volumes:
        plain = replace(plain, disks={name: int(one.size or 8) * _GIB for name, one in volumes})
    return plain


def _install(ec2: Any, name: str, region: str) -> None:
    # Read when DRS is needed: a sandbox without it starts as fast as before.
    from .errors import invalid  # noqa: PLC0415
    from .models import drs_backends  # noqa: PLC0415
    from .servers import add_source_server  # noqa: PLC0415

    account = ec2.account_id
    if region not in drs_backends[account]:
        raise invalid(f"Tag {AGENT_TAG} is {region!r}, which is no region")
    target = drs_backends[account][region]
    if any(one.machine.instance_id == name for one in target.servers.values()):
        return
    instance = ec2.get_instance(name)
    tags = {
        key: value
        for key, value in _tags(instance).items()
        if key != AGENT_TAG and not key.startswith("aws:")
    }
    add_source_server(account, region, machine_of(instance, account, ec2.region_name), tags=tags)


def install() -> None:
    """Let EC2's tags install agents."""
    extend(EC2Backend, _Agents, replaces=frozenset({"create_tags", "run_instances"}))
