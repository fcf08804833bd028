"""Servers that DRS replicates: the instance as it was captured, and its data at the other site.

Which server of DRS brings the data is in no spec: it is in the server's own account as long as that
one has room, and in the scope's staging accounts from then on, as AWS's limit has it.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.drs import PRIVATE_DNS, DrsSpec
from drstate.programs.launching import DrsPolicy
from drstate.sandbox.aws.drs import servers as drs
from drstate.sandbox.aws.drs.agents import machine_of
from drstate.sandbox.aws.drs.models import EXTENSIBLE_TAG, MOST_REPLICATING, drs_backends
from drstate.sandbox.aws.ec2_shown import call
from drstate.sandbox.estates.captured import servers
from drstate.sandbox.estates.captured.launches import launch_of
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """The instance, running, and its server in DRS, whose data has arrived."""
    spec = DrsSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    staging = site.scope.policies.of("drs", DrsPolicy).staging_accounts
    for one in (account, *staging):
        for where in (site.serving, site.other):
            drs_backends[one][where].initialized = True
    instance = _instance(site, entry, spec)
    owner = next((one for one in (account, *staging) if _room(one, site.other)), None)
    if owner is None:
        raise cannot(
            entry.key,
            "source server",
            f"DRS replicates {MOST_REPLICATING} servers of an account to a region at most; "
            "policies.drs.staging_accounts names no account with room",
        )
    tags = {"Name": spec.hostname or spec.instance_id, **site.own_tags()}
    server = drs.add_source_server(
        owner,
        site.other,
        machine_of(instance, account, region),
        tags=tags if owner == account else {**tags, EXTENSIBLE_TAG: account},
        arrived=True,
    )
    if owner != account:
        key = f"arn:aws:kms:{site.other}:{owner}:key/{_KEY}"
        site.kms_key(key)
        # what is encrypted with an account's default key cannot be extended to another one
        server.replicate |= {"ebsEncryption": "CUSTOM", "ebsEncryptionKeyArn": key}


#: of the key that staging accounts encrypt with
_KEY = "00000000-0000-4000-8000-000000000d25"


def _room(account: str, region: str) -> bool:
    return len(drs_backends[account][region].servers) < MOST_REPLICATING


def _instance(site: Captured, entry: CatalogEntry, spec: DrsSpec) -> Any:
    account, region = entry.resource.account, spec.region
    site.have(SiteMapTable.AMIS, spec.image, account, region)
    if spec.key_pair:
        site.have(SiteMapTable.KEY_PAIRS, spec.key_pair, account, region)
    made = servers.run(
        site,
        account,
        region,
        spec.instance_id,
        image=spec.image,
        subnet=spec.subnet,
        tags=site.tags(entry),
        instance_type=spec.instance_type,
        private_ip=spec.private_ip,
        security_group_ids=list(spec.security_groups),
        associate_public_ip=spec.public_ip,
        key_name=spec.key_pair,
        ebs_optimized=spec.ebs_optimized,
        monitoring_state="enabled" if spec.detailed_monitoring else "disabled",
        disable_api_termination=spec.termination_protection,
        metadata_options={
            "HttpEndpoint": spec.metadata.endpoint,
            "HttpTokens": spec.metadata.tokens,
            "HttpPutResponseHopLimit": spec.metadata.hop_limit,
            "InstanceMetadataTags": spec.metadata.tags,
        },
    )
    made.source_dest_check = spec.source_dest_check
    made.placement.tenancy = spec.tenancy
    made.platform = None if spec.platform == "linux" else spec.platform
    made.architecture = spec.architecture
    call(made, spec.endpoints.get(PRIVATE_DNS, ""))
    own = launch_of(site.scope, entry)
    if own.subnet:
        site.subnet(account, site.other, own.subnet)
    for group in own.security_groups or ():
        site.security_group(account, site.other, group)
    if own.instance_profile:
        site.have(SiteMapTable.INSTANCE_PROFILES, own.instance_profile, account, site.other)
    if spec.instance_profile:
        site.have(SiteMapTable.INSTANCE_PROFILES, spec.instance_profile, account, region)
        ec2_backends[account][region].associate_iam_instance_profile(
            made.id, iam_instance_profile_name=spec.instance_profile
        )
    return made
