"""Quotas of a rebuilt scope: at both sites, enough for what the catalog holds.

What the real accounts were granted is in no catalog. With the defaults of new accounts, a large
scope would be refused for a reason that it need not have; whether the real ones have enough is
asked of them, by readiness and by the checks before a real start.
"""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws import correct

from .site import Captured

_CONCURRENCY = 1000
#: instances that a cluster of Aurora has at most
_INSTANCES = 16
#: quota codes of running vCPUs, by family; a machine has no more of them than this
_VCPUS = (
    "L-1216C47A",
    "L-1945791B",
    "L-2C3B7624",
    "L-417A185B",
    "L-43DA4232",
    "L-6E869C2A",
    "L-7295265B",
    "L-74FC7D96",
    "L-DB2E81BA",
    "L-F7808C92",
)
_VCPUS_OF_ONE = 896


def build(site: Captured) -> None:
    """Raise what the catalog's resources need more of than a new account has."""
    correct("servicequotas")
    from moto.servicequotas.models import servicequotas_backends  # noqa: PLC0415 - after that

    # after the same
    from drstate.sandbox.aws.service_quotas import QUOTAS, grant  # noqa: PLC0415

    for account in site.scope.accounts:
        for (service, code), needed in _needed(site, account.id).items():
            _, value = QUOTAS.get(service, {}).get(code, (code, 0.0))
            if needed > value:
                for region in (site.serving, site.other):
                    backend: Any = servicequotas_backends[account.id][region]
                    grant(backend, service, code, float(needed))


def _needed(site: Captured, account: str) -> dict[tuple[str, str], int]:
    def held(technology: str) -> list[dict[str, Any]]:
        entries = site.entries(technology)
        return [one.spec for one in entries if one.resource.account == account]

    databases, clusters = len(held("rds")), len(held("aurora"))
    machines = len(held("drs")) + sum(
        int(spec.get("max_size") or 0) for spec in held("autoscaling")
    )
    reserved = sum(int(spec.get("reserved") or 0) for spec in held("lambda"))
    vcpus = machines * _VCPUS_OF_ONE
    return {
        # while one site takes over, the other may still have its own
        ("rds", "L-7B6409FD"): 2 * (databases + _INSTANCES * clusters),
        ("rds", "L-952B80B8"): 2 * clusters,
        ("lambda", "L-B99A9384"): _CONCURRENCY + reserved if reserved else 0,
        **{("ec2", code): vcpus for code in _VCPUS},
    }
