"""What has to hold before a phase changes anything: DRS set up, data there, room, addresses.

Reads only. With ``force`` nothing is asked of the region that may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drstate.adapters.at import At
from drstate.adapters.drs import reading
from drstate.adapters.drs.capacity import Figures
from drstate.adapters.drs.settings import obstacle
from drstate.adapters.findings import Health
from drstate.adapters.site import SiteContext
from drstate.errors import AwsCallError, ConfigError
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.model.words import counted
from drstate.programs.drs import DrsSpec, address_in
from drstate.programs.launching import DrsPolicy, policy_for

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class Prerequisites:
    """The checks of one resource before one phase."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        site: SiteContext,
        aws: AwsCaller,
        figures: Figures,
    ) -> None:
        self._entry = entry
        self._spec = spec
        self._site = site
        self._aws = aws
        self._figures = figures
        self._account = entry.resource.account
        self._here = At(aws, self._account, site.region)
        self._there = At(aws, self._account, site.other)

    def of(self, phase: Phase) -> Iterator[Health]:
        """Everything that does not hold, or is near to it."""
        wrong = list(self._initialized(phase))
        yield from wrong
        if wrong or phase is Phase.CLEANUP:
            return
        if phase is Phase.REPLICATE:
            yield from self._staged()
        else:
            yield from self._data(planned=phase is Phase.ACTIVATE and not self._site.force)
            yield from self._room()
        yield from self._instance(phase)

    def _initialized(self, phase: Phase) -> Iterator[Health]:
        """InitializeService is a person's step: it makes roles, and templates with choices."""
        if phase is Phase.CLEANUP:
            return
        asked = [self._here] if self._site.force else [self._here, self._there]
        for at in asked:
            if not self._figures.initialized(at):
                yield _stop(
                    f"DRS is not initialized in {at.region}, account {self._account}",
                    f"aws drs initialize-service --region {at.region}, then set its default "
                    "replication settings; both regions need it before a disaster",
                )

    def _data(self, *, planned: bool) -> Iterator[Health]:
        """A replication that stands still loses data; planned, it can be mended first."""
        server = reading.server(self._here, self._spec)
        region = self._here.region
        if server is None:
            yield _stop(
                f"DRS in {region} has no source server for {self._spec.instance_id}",
                "drstate up --phase replicate protects it, once an agent replicates it",
            )
            return
        if server.state != reading.CONTINUOUS:
            age = "no consistent data" if server.lag is None else f"{server.lag:.0f} s behind"
            why = f", {server.error}" if server.error else ""
            text = f"the replication of {server.id} to {region} is {server.state} ({age}{why})"
            hint = f"aws drs describe-source-servers --region {region}"
            yield (
                _stop(text, f"{hint}; mend it, or use --force to recover what is there")
                if (planned)
                else _warn(text, hint)
            )
        target = self._entry.resource.tags.rpo_minutes
        if target is not None and server.lag is not None and server.lag > target * 60:
            yield _warn(
                f"{server.id} is {server.lag:.0f} s behind, its target is {target} min",
                "wait until it has caught up, where there is time",
            )

    def _staged(self) -> Iterator[Health]:
        """A server that is to be extended must not be encrypted with an account's own key."""
        policy = self._site.policy("drs", DrsPolicy)
        back = self._here.region == self._spec.region
        if back or reading.server(self._here, self._spec) is not None:
            return
        known = {account.id for account in self._site.scope.accounts}
        for account in sorted({*policy.staging_accounts} & known - {self._account}):
            at = At(self._aws, account, self._here.region)
            for server in reading.servers(at):
                if server.instance != self._spec.instance_id:
                    continue
                found = at.call("drs", "get_replication_configuration", sourceServerID=server.id)
                if found.get("ebsEncryption") == "DEFAULT":
                    yield _warn(
                        f"{server.id} in staging account {account} is encrypted with that "
                        "account's default key; where that is AWS's own, it cannot be extended",
                        f"set ebsEncryption CUSTOM and a key that account {self._account} may use",
                    )

    def _room(self) -> Iterator[Health]:
        """Jobs of others delay ours; that they do is told, it stops nothing."""
        room = self._figures.room(self._here)
        if room.next_job == 0:
            yield _warn(
                f"{counted(room.jobs, 'job')} with {counted(room.servers, 'server')} are in "
                f"progress in {self._here.region}; a launch waits for their end",
                f"aws drs describe-jobs --region {self._here.region} shows them",
            )

    def _instance(self, phase: Phase) -> Iterator[Health]:
        found = reading.machine_at(self._here, self._spec)
        if found is not None:
            wrong = obstacle(self._spec, found, self._here.region)
            if wrong is not None:
                yield _stop(*wrong)
            return
        if self._here.region == self._spec.region:
            yield _stop(
                f"the original instance {self._spec.instance_id} does not exist any more",
                "failback launches into it: have its owner's code make it again",
            )
        elif phase is Phase.ACTIVATE:
            yield _stop(
                f"{self._here.region} has no instance to launch {self._spec.instance_id} into",
                "drstate up --phase instantiate makes it",
            )
        else:
            yield from self._address()

    def _address(self) -> Iterator[Health]:
        """The copy's address has to be free before a stack asks for it."""
        translation = Translation(self._site.site_map, self._spec.region, self._here.region)
        scope = self._site.scope
        policy = policy_for(scope.policies, scope.groups, self._entry)
        own = policy.servers.get(self._spec.instance_id)
        subnet = own.subnet if own is not None else None
        subnet = subnet or translation.find(SiteMapTable.SUBNETS, self._spec.subnet)
        if subnet is None:
            # planning refuses that, naming table and file
            return
        mend = f"policies.drs.servers.{self._spec.instance_id}.private_ip"
        try:
            (shown,) = self._here.call("ec2", "describe_subnets", SubnetIds=[subnet])["Subnets"]
            address = address_in(self._spec, shown["CidrBlock"], own.private_ip if own else None)
        except ConfigError as error:
            yield _stop(f"{error.what}: {error.why}", error.hint)
            return
        except AwsCallError as error:
            if not error.aws_code.startswith("InvalidSubnetID"):
                raise
            mend = "correct site_map's table subnets, or its protection group's launch.subnet"
            yield _stop(f"subnet {subnet} does not exist", mend)
            return
        taken = self._here.call(
            "ec2",
            "describe_network_interfaces",
            Filters=[
                {"Name": "subnet-id", "Values": [subnet]},
                {"Name": "addresses.private-ip-address", "Values": [address]},
            ],
        )["NetworkInterfaces"]
        if taken:
            holder = taken[0]
            who = (holder.get("Attachment") or {}).get("InstanceId") or holder["NetworkInterfaceId"]
            yield _stop(
                f"address {address} in {subnet}, which the copy of {self._spec.private_ip} keeps, "
                f"is taken by {who}",
                f"free it, or choose another one in {self._site.scope_file}: {mend}",
            )


def _stop(detail: str, hint: str) -> Health:
    return Health(ResourceStatus.UNHEALTHY, detail, hint)


def _warn(detail: str, hint: str) -> Health:
    return Health(ResourceStatus.DEGRADED, detail, hint)
