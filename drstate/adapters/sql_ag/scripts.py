"""The scripts that are run on the hosts: Transact-SQL, given to sqlcmd by PowerShell.

``sqlcmd`` ends with the error's code (``-b``), and prints bare rows (``-W -h -1``). Rows of ours
begin with ``drstate;``; whatever else an instance prints is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.adapters.commands import plain
from drstate.programs.sql_ag import SYNCHRONOUS, SqlGroup

LOOK = """\
SET NOCOUNT ON;
SELECT 'drstate;replica;' + g.name + ';' + r.replica_server_name + ';'
  + ISNULL(s.role_desc, 'UNKNOWN') + ';' + r.availability_mode_desc + ';'
  + CAST(ISNULL(s.is_local, 0) AS varchar(1))
FROM sys.availability_groups g
JOIN sys.availability_replicas r ON r.group_id = g.group_id
LEFT JOIN sys.dm_hadr_availability_replica_states s ON s.replica_id = r.replica_id;
SELECT 'drstate;database;' + g.name + ';' + r.replica_server_name + ';' + c.database_name + ';'
  + ISNULL(d.synchronization_state_desc, 'NOT SYNCHRONIZING') + ';'
  + CAST(ISNULL(d.is_suspended, 0) AS varchar(1)) + ';'
  + CAST(ISNULL(d.secondary_lag_seconds, -1) AS varchar(20)) + ';'
  + ISNULL(CONVERT(varchar(33), d.last_commit_time, 126), '')
FROM sys.availability_databases_cluster c
JOIN sys.availability_groups g ON g.group_id = c.group_id
JOIN sys.availability_replicas r ON r.group_id = g.group_id
JOIN sys.dm_hadr_database_replica_states d
  ON d.group_database_id = c.group_database_id AND d.replica_id = r.replica_id;"""

_QUORUM = """\
if ((Get-Service ClusSvc).Status -ne 'Running') { Start-ClusterNode -FixQuorum }
"""


def shell(sql: str, connect: str, first: str = "") -> str:
    """The PowerShell script that runs ``sql``; its exit code is sqlcmd's."""
    return (
        f"$ErrorActionPreference = 'Stop'\n{first}$sql = @'\n{sql}\n'@\n"
        f"sqlcmd -S '{connect}' -E -b -W -h -1 -Q $sql\nexit $LASTEXITCODE"
    )


def modes(groups: Iterable[SqlGroup], *, synchronous: bool) -> str:
    """Every replica commits synchronously, or as it was captured. For the primary."""
    return "\n".join(
        f"ALTER AVAILABILITY GROUP {_name(group.name)} MODIFY REPLICA ON {_text(one.server)}"
        f" WITH (AVAILABILITY_MODE = {SYNCHRONOUS if synchronous else one.mode});"
        for group in groups
        for one in group.replicas
    )


def failover(groups: Iterable[SqlGroup]) -> str:
    """The groups fail over to the instance that this runs on, without loss."""
    return "\n".join(f"ALTER AVAILABILITY GROUP {_name(one.name)} FAILOVER;" for one in groups)


def forced(groups: Iterable[SqlGroup]) -> str:
    """The same, whatever is lost."""
    return "\n".join(
        f"ALTER AVAILABILITY GROUP {_name(one.name)} FORCE_FAILOVER_ALLOW_DATA_LOSS;"
        for one in groups
    )


def quorum() -> str:
    """PowerShell before a forced failover: the cluster runs again, though most of it is lost."""
    return _QUORUM


def resume(databases: Iterable[str]) -> str:
    """Data movement goes on. For the secondary."""
    return "\n".join(f"ALTER DATABASE {_name(one)} SET HADR RESUME;" for one in databases)


def _name(text: str) -> str:
    return f"[{plain(text, 'the name')}]"


def _text(text: str) -> str:
    return f"N'{plain(text, 'the server')}'"
