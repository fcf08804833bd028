"""Running instances take vCPUs: EC2 has a quota for each family of instance types.

Spot instances count towards quotas of their own. Capacity itself cannot be asked for: only a
reservation guarantees it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from drstate.adapters.at import At
from drstate.adapters.quotas import Limit

#: letters of an instance type -> code of the quota of running on-demand vCPUs (by default none)
_QUOTAS = {
    "dl": "L-6E869C2A",
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "gr": "L-DB2E81BA",
    "hpc": "L-F7808C92",
    "inf": "L-1945791B",
    "p": "L-417A185B",
    "trn": "L-2C3B7624",
    "u": "L-43DA4232",
    "vt": "L-DB2E81BA",
    "x": "L-7295265B",
}
STANDARD = Limit("vCPUs of running standard instances", 5, "ec2", "L-1216C47A", counted=True)
RUNNING = {"Name": "instance-state-name", "Values": ["pending", "running"]}
#: so many instance types are asked for in one call
_TYPES_AT_ONCE = 100


def limit_of(instance_type: str) -> Limit:
    """The quota that an instance type counts towards."""
    letters = re.match(r"[a-z]+", instance_type)
    family = letters.group() if letters else ""
    code = _QUOTAS.get(family)
    if code is None:
        return STANDARD
    return Limit(f"vCPUs of running {family} instances", 0, "ec2", code, counted=True)


def used(limit: Limit, at: At) -> dict[str, int]:
    """The vCPUs of all running on-demand instances that count towards the quota."""
    kinds = Counter(
        str(one["InstanceType"])
        for reservation in at.pages("ec2", "describe_instances", "Reservations", Filters=[RUNNING])
        for one in reservation.get("Instances", [])
        if limit_of(one["InstanceType"]).code == limit.code and not one.get("InstanceLifecycle")
    )
    of = sizes(at, sorted(kinds))
    return {"": sum(of.get(kind, 0) * count for kind, count in kinds.items())}


def sizes(at: At, kinds: Sequence[str]) -> dict[str, int]:
    """Instance type -> its vCPUs, of those that the region has."""
    return {
        str(one["InstanceType"]): int(one["VCpuInfo"]["DefaultVCpus"])
        for begin in range(0, len(kinds), _TYPES_AT_ONCE)
        for one in at.pages(
            "ec2",
            "describe_instance_types",
            "InstanceTypes",
            InstanceTypes=list(kinds[begin : begin + _TYPES_AT_ONCE]),
        )
    }
