"""Servers that DRS replicates: two as usual, and one that the data account stages."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

#: name -> last octet of its address
SERVERS = {"web-1": 21, "web-2": 22, "ledger": 31}
#: name -> its tag ``Role``, by which a protection group may choose it
ROLES = {"web-1": "web", "web-2": "web", "ledger": "ledger"}
STAGED = "ledger"
IMAGES = {"us-east-1": "ami-0a1b2c3d4e5f60001", "us-west-2": "ami-0a1b2c3d4e5f60002"}
TYPE = "m6i.large"
#: with it an instance's owner lets DRS replace its disks
ALLOWED = {"AWSDRS": "AllowLaunchingIntoThisInstance"}


def build(ids: SeededIds, land: Land) -> Piece:
    """Three servers in the east whose data arrives in the west; DRS is initialized in both."""
    from drstate.sandbox.aws.drs.models import drs_backends  # noqa: PLC0415 - when it is needed

    for account in (land.app, land.data):
        for region in (land.primary, land.recovery):
            drs_backends[account][region].initialized = True
    land.network(land.app, land.recovery)
    servers = {name: _server(ids, land, name, octet) for name, octet in SERVERS.items()}
    return Piece(
        facts={"servers": servers, "staging_account": land.data},
        site_map={"amis": {IMAGES[land.primary]: IMAGES[land.recovery]}},
        scope={"policies": {"drs": {"staging_accounts": [land.data]}}},
    )


def _server(ids: SeededIds, land: Land, name: str, octet: int) -> dict[str, Any]:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - when it is needed

    from drstate.sandbox.aws.drs.agents import machine_of  # noqa: PLC0415 - the same
    from drstate.sandbox.aws.drs.models import EXTENSIBLE_TAG  # noqa: PLC0415 - the same
    from drstate.sandbox.aws.drs.servers import add_source_server  # noqa: PLC0415 - the same
    from drstate.sandbox.aws.ec2_states import arrived  # noqa: PLC0415 - the same

    ec2 = ec2_backends[land.app][land.primary]
    network = land.network(land.app, land.primary)
    subnet = ec2.get_subnet(network.subnets[0])
    host = f"{land.scope.prefix}-{name}"
    ids.named(land.app, land.primary, "ec2", host)
    reservation = ec2.run_instances(
        IMAGES[land.primary],
        1,
        None,
        [],
        instance_type=TYPE,
        is_instance_type_default=False,
        region_name=land.primary,
        subnet_id=subnet.id,
        private_ip=str(IPv4Network(subnet.cidr_block).network_address + octet),
        security_group_ids=[network.security_group],
        tags={"instance": {**land.tags(2, "high"), **ALLOWED, "Name": host, "Role": ROLES[name]}},
    )
    instance = reservation.instances[0]
    arrived(instance)
    staged = name == STAGED
    tags = {"Name": host, **land.scope.tags()} | ({EXTENSIBLE_TAG: land.app} if staged else {})
    ids.named(land.app, land.recovery, "drs", host)
    server = add_source_server(
        land.data if staged else land.app,
        land.recovery,
        machine_of(instance, land.app, land.primary),
        tags=tags,
        arrived=True,
    )
    if staged:
        # what is encrypted with an account's default key cannot be extended to another one
        server.replicate |= {
            "ebsEncryption": "CUSTOM",
            "ebsEncryptionKeyArn": land.kms(land.data, land.recovery),
        }
    return {
        "instance_id": instance.id,
        "private_ip": instance.private_ip,
        "source_server": server.id,
        "source_server_account": server.account,
    }
