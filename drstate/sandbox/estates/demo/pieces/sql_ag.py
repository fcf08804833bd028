"""SQL Server on two hosts: an availability group whose secondary has been suspended by somebody."""

from __future__ import annotations

from drstate.sandbox import aws
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.aws.sqlserver_group import (
    PRIMARY,
    SECONDARY,
    AvailabilityGroup,
    Replica,
    SqlServerHost,
)
from drstate.sandbox.estates.demo.hosts import build_host
from drstate.sandbox.estates.demo.land import Land, Piece

WAVE = 1


def build(ids: SeededIds, land: Land) -> Piece:
    """Both hosts and the group."""
    aws.correct("ssm")
    databases = ("billing", "contracts")
    group = AvailabilityGroup(f"{land.scope.prefix}-billing", databases)
    group.replicas = {
        "SQLEAST1": Replica("SQLEAST1", PRIMARY),
        "SQLWEST1": Replica("SQLWEST1", SECONDARY, suspended=set(databases)),
    }
    tags = {
        land.primary: land.tags(WAVE, "critical", strategy="sql-ag"),
        land.recovery: land.scope.tags(),
    }
    hosts = {
        region: build_host(
            ids,
            land,
            region,
            server.lower(),
            SqlServerHost(group, group.replicas[server]),
            tags[region],
        )
        for region, server in ((land.primary, "SQLEAST1"), (land.recovery, "SQLWEST1"))
    }
    return Piece(
        facts={"account": land.data, "group": group.name, "hosts": hosts},
        site_map={"identifiers": {hosts[land.primary]: hosts[land.recovery]}},
    )
