"""Data at rest is encrypted at the standby.

Judged are the types whose encryption can be left out. FSx, MemoryDB and S3 encrypt always; a member
of a global datastore follows its primary and cannot say anything of its own; the disks of a server
that recovery launches are encrypted as its launch settings say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drstate.model.declared import UNKNOWN, Declared
from drstate.policy.rule import Rule

#: whether it is encrypted; None: it cannot be told from the inputs (yet)
Reading = Callable[[Declared], bool | None]


def _flag(switch: str, *keys: str) -> Reading:
    """Encrypted by a switch, or because a key is named."""

    def read(resource: Declared) -> bool | None:
        if any(resource.inputs.get(key) for key in keys):
            return True
        return None if resource.pending(switch) else _true(resource.known(switch))

    return read


def _database(resource: Declared) -> bool | None:
    # a replica in another region is encrypted if and only if it is given a key there
    return _flag("storageEncrypted", "kmsKeyId")(resource)


def _cache(resource: Declared) -> bool | None:
    if resource.inputs.get("globalReplicationGroupId"):
        return None
    return _flag("atRestEncryptionEnabled", "kmsKeyId")(resource)


def _search(resource: Declared) -> bool | None:
    given = resource.inputs.get("encryptAtRest")
    if given == UNKNOWN:
        return None
    enabled = given.get("enabled") if isinstance(given, Mapping) else False
    return None if enabled == UNKNOWN else _true(enabled)


def _devices(*names: str) -> Reading:
    """Disks that are said to be in the clear; one that says nothing has its image's setting."""

    def read(resource: Declared) -> bool | None:
        given = [resource.inputs.get(name) for name in names]
        rows = [row for part in given for row in (part if isinstance(part, list) else [part])]
        disks = [row.get("ebs", row) for row in rows if isinstance(row, Mapping)]
        clear = [
            disk
            for disk in disks
            if isinstance(disk, Mapping) and str(disk.get("encrypted")).lower() == "false"
        ]
        return False if clear else None

    return read


_TYPES: Mapping[str, Reading] = {
    "aws:rds/cluster:Cluster": _flag("storageEncrypted", "kmsKeyId"),
    "aws:rds/instance:Instance": _database,
    "aws:docdb/cluster:Cluster": _flag("storageEncrypted", "kmsKeyId"),
    "aws:neptune/cluster:Cluster": _flag("storageEncrypted", "kmsKeyArn"),
    "aws:efs/fileSystem:FileSystem": _flag("encrypted", "kmsKeyId"),
    "aws:ebs/volume:Volume": _flag("encrypted", "kmsKeyId"),
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:opensearch/domain:Domain": _search,
    "aws:ec2/instance:Instance": _devices("rootBlockDevice", "ebsBlockDevices"),
    "aws:ec2/launchTemplate:LaunchTemplate": _devices("blockDeviceMappings"),
}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _check(resource: Declared) -> Iterable[str]:
    reading = _TYPES.get(resource.type)
    if reading is not None and reading(resource) is False:
        yield "is not encrypted at rest"


RULE = Rule(
    id="encrypted",
    title="data of the standby is encrypted at rest",
    why="a copy in another region is another place that data can be read from",
    hint="encrypt the source and capture it again (for a replica, a key of the recovery region in "
    "site_map.<region>.kms_keys)",
    check=_check,
)
