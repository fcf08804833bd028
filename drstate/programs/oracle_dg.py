"""Data Guard configurations of Oracle: their members, and what the owner decides about them.

Servers and databases belong to somebody else's code at both sites; nothing is declared.
"""

from __future__ import annotations

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.running import free


class OracleDgSpec(Spec):
    """The source's host and the broker's configuration. Who is primary is a role, and not in it."""

    instance: str
    #: operating system user that owns Oracle, and whose login sets ORACLE_HOME and ORACLE_SID
    user: str = "oracle"
    #: what dgmgrl connects with: ``/``, or ``/@alias`` with a wallet; never a password
    connect: str = "/"
    configuration: str
    protection_mode: str
    #: name of the database on the source's host
    database: str
    #: names of all members, the source's own included
    members: tuple[str, ...] = Field(min_length=2)


class OracleDgPolicy(Value):
    """``policies.oracle_dg`` of the scope file."""

    switchover_seconds: int = Field(default=900, ge=60, le=7200)
    #: how long the standby may take to apply what it has
    apply_seconds: int = Field(default=900, ge=30, le=7200)
    reinstate_seconds: int = Field(default=1800, ge=60, le=7200)


PROGRAM = Program(
    technology="oracle-dg",
    spec=OracleDgSpec,
    step=Step.DATA,
    policy=OracleDgPolicy,
    runs=free("its hosts are counted where they are protected themselves"),
)
