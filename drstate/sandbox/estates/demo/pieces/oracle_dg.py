"""Oracle on two hosts: a Data Guard configuration whose standby does not apply redo yet."""

from __future__ import annotations

from drstate.sandbox import aws
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.aws.oracle_guard import PRIMARY, STANDBY, DataGuard, Member, OracleHost
from drstate.sandbox.estates.demo.hosts import build_host
from drstate.sandbox.estates.demo.land import Land, Piece

WAVE = 1


def build(ids: SeededIds, land: Land) -> Piece:
    """Both hosts and the configuration."""
    aws.correct("ssm")
    guard = DataGuard("initech_ledger")
    guard.members = {
        "ledger_east": Member("ledger_east", PRIMARY),
        "ledger_west": Member("ledger_west", STANDBY, applies=False),
    }
    tags = {
        land.primary: {
            **land.tags(WAVE, "critical", strategy="oracle-dg"),
            "drstate:connect": "/@ledger",
        },
        land.recovery: land.scope.tags(),
    }
    hosts = {
        region: build_host(
            ids, land, region, name, OracleHost(guard, guard.members[name]), tags[region]
        )
        for region, name in ((land.primary, "ledger_east"), (land.recovery, "ledger_west"))
    }
    return Piece(
        facts={"account": land.data, "configuration": guard.name, "hosts": hosts},
        site_map={
            "identifiers": {
                hosts[land.primary]: hosts[land.recovery],
                "ledger_east": "ledger_west",
            }
        },
    )
