"""What holds data at the recovery site is backed up there, for a day at least.

A read replica is judged once it stands alone: AWS replicates from nothing that has no backups, some
engines take none of a replica, and promotion turns them on. Caches are refilled, not restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drstate.model.declared import Declared
from drstate.policy.rule import Rule

#: type token -> the input that says for how many days
_DAYS: Mapping[str, str] = {
    "aws:rds/cluster:Cluster": "backupRetentionPeriod",
    "aws:rds/instance:Instance": "backupRetentionPeriod",
    "aws:docdb/cluster:Cluster": "backupRetentionPeriod",
    "aws:neptune/cluster:Cluster": "backupRetentionPeriod",
    "aws:memorydb/cluster:Cluster": "snapshotRetentionLimit",
    "aws:fsx/windowsFileSystem:WindowsFileSystem": "automaticBackupRetentionDays",
    "aws:fsx/ontapFileSystem:OntapFileSystem": "automaticBackupRetentionDays",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "automaticBackupRetentionDays",
}
#: where nothing is said, AWS keeps backups for a day or more
_KEPT_BY_DEFAULT = frozenset(
    {
        "aws:rds/cluster:Cluster",
        "aws:docdb/cluster:Cluster",
        "aws:neptune/cluster:Cluster",
        "aws:fsx/windowsFileSystem:WindowsFileSystem",
    }
)


def _check(resource: Declared) -> Iterable[str]:
    name = _DAYS.get(resource.type)
    if name is None or resource.inputs.get("replicateSourceDb") or resource.pending(name):
        return
    days = resource.known(name)
    if days is None and resource.type in _KEPT_BY_DEFAULT:
        return
    if not isinstance(days, int | float) or days < 1:
        yield f"keeps no backups ({name} is {'not set' if days is None else f'{days:g}'})"


RULE = Rule(
    id="backup-retention",
    title="what holds data keeps backups at the recovery site",
    why="replication copies mistakes too; after a failover the other region's backups are out of "
    "reach",
    hint="turn backups on at the source, and capture it again",
    check=_check,
)
