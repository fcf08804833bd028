"""What moto does not tell of an EC2 instance as EC2 does: its name, its address's owner, tenancy.

A network gives its instances names of the form that it was set to; moto knows the first one only.
A public address that came with the launch belongs to Amazon, and only an Elastic IP to the account.
Tenancy is asked for at launch, and moto drops it. An image that is looked up by its id, as every
launch does, is not looked for among all of them.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse

from .extend import extend

_PATTERN = re.compile(r"[*?\[]")
_describe_images = AmiBackend.describe_images
_private_dns_name = Instance.private_dns_name
_run_instances = InstanceResponse.run_instances
_association = NetworkInterface.association


def call(instance: Any, name: str) -> None:
    """An estate's instance has this private name; without one, EC2's own for its address."""
    if name and name != instance.private_dns_name:
        instance._named = name  # noqa: SLF001 - the sandbox's own mark on moto's object


class _Instance:
    @property
    def private_dns_name(self: Any) -> str:
        """As it is called, or after its address."""
        return str(getattr(self, "_named", "") or _private_dns_name.fget(self))


class _Interface:
    @property
    def association(self: Any) -> dict[str, Any]:
        """The public address, and whose it is."""
        shown: dict[str, Any] = _association.fget(self)
        if shown and not shown.get("allocationId"):
            shown["ipOwnerId"] = "amazon"
        return shown


class _Images:
    def describe_images(
        self: Any,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Ami]:
        """Those that are asked for."""
        only = filters.get("image-id") if filters and len(filters) == 1 else None
        plain = isinstance(only, str) and not _PATTERN.search(only)
        if plain and not (ami_ids or exec_users or owners):
            return [self.amis[only]] if only in self.amis else []
        found: list[Ami] = _describe_images(self, ami_ids, filters, exec_users, owners)
        return found


class _Responses:
    def run_instances(self: Any) -> ActionResult:
        """Launch with the tenancy that is asked for."""
        answer: ActionResult = _run_instances(self)
        tenancy = self._get_param("Placement.Tenancy")
        if tenancy:
            for instance in answer.result.instances:
                instance.placement.tenancy = tenancy
        return answer


def install() -> None:
    """Correct moto's EC2."""
    extend(Instance, _Instance, replaces=frozenset({"private_dns_name"}))
    extend(NetworkInterface, _Interface, replaces=frozenset({"association"}))
    extend(AmiBackend, _Images, replaces=frozenset({"describe_images"}))
    extend(InstanceResponse, _Responses, replaces=frozenset({"run_instances"}))
