"""List prices of what is paid by the hour or by the month: the one place that holds figures.

Public on-demand list prices of AWS. They differ by region and by agreement: a scope file puts its
own in their place (``policies.prices``). What is not in here is told as not estimated; nothing is
ever taken for free because nobody wrote down what it costs.

A key is ``<meter>/<type>``. Within a family list prices grow with the size, so that most meters
hold the price of the size ``large`` alone; AWS rounds single sizes by less than one percent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from pydantic import Field, field_validator

from drstate.model.base import Value

SOURCE = "public on-demand list prices of AWS"
REGION = "us-east-1"
#: when the figures were written down
AS_OF = "2025-06-30"
#: hours of a month, as AWS's own calculator counts
HOURS = 730

#: meter -> family -> USD per hour of its size ``large``
FAMILIES: Mapping[str, Mapping[str, float]] = {
    "ec2": {
        "t3": 0.0832, "t3a": 0.0752, "t4g": 0.0672,
        "m5": 0.096, "m6a": 0.0864, "m6g": 0.077, "m6i": 0.096, "m7g": 0.0816, "m7i": 0.1008,
        "c5": 0.085, "c6g": 0.068, "c6i": 0.085, "c7g": 0.0725, "c7i": 0.08925,
        "r5": 0.126, "r6g": 0.1008, "r6i": 0.126, "r7g": 0.1071, "r7i": 0.1323,
    },
    "ec2-windows": {
        "m5": 0.188, "m6i": 0.188, "c5": 0.177, "c6i": 0.177, "r5": 0.218, "r6i": 0.218,
    },
    "rds-postgres": {
        "t3": 0.145, "t4g": 0.129, "m5": 0.178, "m6g": 0.159, "m6i": 0.178,
        "r5": 0.25, "r6g": 0.225, "r6i": 0.25, "r7g": 0.239,
    },
    "rds-mysql": {
        "t3": 0.136, "t4g": 0.129, "m5": 0.171, "m6g": 0.152, "m6i": 0.171,
        "r5": 0.24, "r6g": 0.215, "r6i": 0.24, "r7g": 0.239,
    },
    "rds-mariadb": {
        "t3": 0.136, "t4g": 0.129, "m5": 0.171, "m6g": 0.152, "m6i": 0.171,
        "r5": 0.24, "r6g": 0.215, "r6i": 0.24, "r7g": 0.239,
    },
    "aurora": {"t3": 0.164, "t4g": 0.146, "r5": 0.29, "r6g": 0.26, "r6i": 0.29, "r7g": 0.276},
    # I/O-optimized: the instances cost 30 % more, and requests nothing
    "aurora-iopt1": {"r5": 0.377, "r6g": 0.338, "r6i": 0.377, "r7g": 0.3588},
    "elasticache-redis": {
        "t3": 0.136, "t4g": 0.13, "m5": 0.156, "m6g": 0.149, "r5": 0.216, "r6g": 0.206,
        "r7g": 0.219,
    },
    "elasticache-valkey": {
        "t3": 0.1088, "t4g": 0.104, "m5": 0.1248, "m6g": 0.1192, "r5": 0.1728, "r6g": 0.1648,
        "r7g": 0.1752,
    },
    "memorydb-redis": {"r6g": 0.4},
    "memorydb-valkey": {"r6g": 0.28},
    "opensearch": {"t3": 0.146, "m5": 0.142, "m6g": 0.128, "r5": 0.186, "r6g": 0.167},
}  # fmt: skip

#: key -> USD per hour, where no family tells it
PER_HOUR: Mapping[str, float] = {
    "ec2-windows/t3.micro": 0.0196,
    "ec2-windows/t3.small": 0.0392,
    "ec2-windows/t3.medium": 0.06,
    "ec2-windows/t3.large": 0.1108,
    "aurora/acu": 0.12,
    "aurora-iopt1/acu": 0.156,
    "fargate/vcpu": 0.04048,
    "fargate/gib": 0.004445,
    "fargate-arm/vcpu": 0.03238,
    "fargate-arm/gib": 0.00356,
    # beyond the 20 GiB that a task has for nothing
    "fargate-storage/gib": 0.000111,
    # a GiB of provisioned concurrency: 0.0000041667 and 0.0000033334 USD a second
    "lambda-provisioned/gib": 0.0150001,
    "lambda-provisioned-arm/gib": 0.0120002,
    "opensearch/ultrawarm1.medium.search": 0.238,
    "opensearch/ultrawarm1.large.search": 2.68,
    "elb/application": 0.0225,
    "elb/network": 0.0225,
}

#: key -> USD per unit and month
PER_MONTH: Mapping[str, float] = {
    "ebs/gp2": 0.10,
    "ebs/gp3": 0.08,
    "rds-storage/gp2": 0.115,
    "rds-storage/gp3": 0.115,
    "rds-storage/io1": 0.125,
    "rds-storage/io2": 0.125,
    "rds-storage/standard": 0.10,
    "rds-iops/io1": 0.10,
    "rds-iops/io2": 0.10,
    "rds-snapshot/gib": 0.095,
    "opensearch-storage/gp2": 0.135,
    "opensearch-storage/gp3": 0.122,
    "efs-throughput/mibps": 6.0,
    "fsx-windows/ssd": 0.13,
    "fsx-windows/hdd": 0.013,
    "fsx-windows/mbps": 2.2,
    "fsx-windows-multi-az/ssd": 0.23,
    "fsx-windows-multi-az/hdd": 0.025,
    "fsx-windows-multi-az/mbps": 4.5,
    "fsx-openzfs/ssd": 0.09,
    "fsx-openzfs/mbps": 0.26,
    "fsx-lustre/scratch": 0.14,
    "fsx-lustre/persistent-1-50": 0.14,
    "fsx-lustre/persistent-1-100": 0.19,
    "fsx-lustre/persistent-1-200": 0.29,
    "fsx-lustre/persistent-2-125": 0.145,
    "fsx-lustre/persistent-2-250": 0.21,
    "fsx-lustre/persistent-2-500": 0.34,
    "fsx-lustre/persistent-2-1000": 0.60,
}

_SMALL = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0}
_XLARGE = re.compile(r"(\d*)xlarge")


def meters() -> frozenset[str]:
    """What the list has prices of."""
    return frozenset({*FAMILIES, *(key.partition("/")[0] for key in (*PER_HOUR, *PER_MONTH))})


class Prices(Value):
    """What a scope pays instead of list prices. USD."""

    #: what of the list price is paid: 0.72 with 28 % off, 1.12 in a region that costs 12 % more
    of_list: float = Field(default=1.0, gt=0, le=10)
    #: key -> USD per hour or per unit and month, as the list has it: ``ec2/m5.large: 0.081``
    own: dict[str, float] = {}

    @field_validator("own")
    @classmethod
    def _known(cls, own: dict[str, float]) -> dict[str, float]:
        for key, usd in own.items():
            meter, _, kind = key.partition("/")
            # of engines with licences the list has no price, and an owner may well know one
            if not kind or (meter not in meters() and not meter.startswith("rds-")):
                raise ValueError(
                    f"{key}: prices are of <meter>/<type>, and meters are "
                    f"{', '.join(sorted(meters()))}"
                )
            if usd < 0:
                raise ValueError(f"{key}: a price is not negative")
        return own

    def monthly(self, key: str) -> float | None:
        """USD for one unit over a whole month; None where nobody knows."""
        month = key in PER_MONTH
        if key in self.own:
            return self.own[key] * (1 if month else HOURS)
        if month:
            return PER_MONTH[key] * self.of_list
        hour = PER_HOUR.get(key)
        if hour is None:
            hour = _by_family(key)
        return None if hour is None else hour * HOURS * self.of_list


def _by_family(key: str) -> float | None:
    meter, _, kind = key.partition("/")
    parts = kind.split(".")
    for family, size in pairwise(parts):
        large, times = FAMILIES.get(meter, {}).get(family), _size(size)
        if large is not None and times is not None:
            return large * times
    return None


def _size(name: str) -> float | None:
    """The size as a multiple of ``large``; None for what is none (``metal``)."""
    if name in _SMALL:
        return _SMALL[name]
    found = _XLARGE.fullmatch(name)
    return 2.0 * int(found[1] or 1) if found else None
