"""An Oracle Data Guard configuration, as its broker's command line tells and changes it.

A host's script is searched for the broker's statements, whatever shell wraps them. Roles, the
state of redo apply, and reinstatement after a failover are emulated; data and listeners are not.
As the real one, the command line ends with 0 whatever became of a statement: its text decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

from . import runtime
from .ssm_machines import Ran

SWITCHOVER_SECONDS = 20.0
FAILOVER_SECONDS = 20.0
REINSTATE_SECONDS = 30.0
APPLY_SECONDS = 5.0
PRIMARY, STANDBY = "PRIMARY", "PHYSICAL STANDBY"

_STATEMENT = re.compile(
    r"^\s*(?P<what>SHOW CONFIGURATION|SHOW DATABASE|VALIDATE DATABASE|SWITCHOVER TO|FAILOVER TO|"
    r"REINSTATE DATABASE|EDIT DATABASE)\s*'?(?P<name>\w*)'?(?P<rest>[^;\n]*);",
    re.IGNORECASE | re.MULTILINE,
)
_STATE = re.compile(r"SET STATE='(?P<state>APPLY-ON|APPLY-OFF)'", re.IGNORECASE)


@dataclass
class Member:
    """One database."""

    name: str
    role: str
    applies: bool = True
    #: it was the primary when another one took over
    disabled: bool = False
    #: the apply process has begun, and has not caught up
    behind: bool = False


@dataclass
class DataGuard:
    """The configuration."""

    name: str
    members: dict[str, Member] = field(default_factory=dict)
    lag_seconds: int = 3
    #: without it, a former primary cannot be reinstated
    flashback: bool = True
    #: how its primary treats standbys that do not answer, as the broker writes it
    protection: str = "MaxPerformance"

    def primary(self) -> Member:
        """The one that takes writes."""
        return next(one for one in self.members.values() if one.role == PRIMARY)


class BrokerRefusedError(Exception):
    """What the broker answers to a statement that it does not carry out."""


def _applied(member: Member) -> None:
    member.behind = False


@dataclass
class OracleHost:
    """One host: a member of the configuration. Digests tell of each host what is its own."""

    guard_backend: DataGuard
    mine: Member
    platform: str = "Linux"

    @property
    def guard(self) -> DataGuard:
        """The configuration that it belongs to."""
        return self.guard_backend

    def run(self, script: str) -> Ran:
        """The script's statements, up to the first that is refused."""
        out: list[str] = []
        seconds = 0.0
        for match in _STATEMENT.finditer(script):
            try:
                text, took = self._statement(match)
            except BrokerRefusedError as refused:
                out.append(str(refused))
                break
            out.append(text)
            seconds += took
        return Ran(0, "\n".join(out), "", seconds)

    def _statement(self, match: re.Match[str]) -> tuple[str, float]:
        what = match["what"].upper()
        if what == "SHOW CONFIGURATION":
            return self._configuration(), 0.0
        member = self.guard.members.get(match["name"])
        if member is None:
            raise BrokerRefusedError(f'Object "{match["name"]}" was not found')
        if what == "SHOW DATABASE":
            return self._database(member), 0.0
        if what == "VALIDATE DATABASE":
            return self._validate(member), 0.0
        if what == "EDIT DATABASE":
            return self._edit(member, match["rest"]), 1.0
        if what == "SWITCHOVER TO":
            return self._switch_over(member), SWITCHOVER_SECONDS
        if what == "FAILOVER TO":
            return self._fail_over(member), FAILOVER_SECONDS
        return self._reinstate(member), REINSTATE_SECONDS

    def _configuration(self) -> str:
        rows = []
        for one in sorted(self.guard.members.values(), key=lambda row: row.role != PRIMARY):
            if one.role == PRIMARY:
                rows.append(f"  {one.name} - Primary database")
                continue
            off = " (disabled)" if one.disabled else ""
            rows.append(f"    {one.name} - Physical standby database{off}")
            if one.disabled:
                rows.append("      ORA-16661: the standby database needs to be reinstated")
        worst = "WARNING" if any(one.disabled for one in self.guard.members.values()) else "SUCCESS"
        return "\n".join(
            [
                f"Configuration - {self.guard.name}",
                "",
                f"  Protection Mode: {self.guard.protection}",
                "  Members:",
                *rows,
                "",
                "Fast-Start Failover:  Disabled",
                "",
                "Configuration Status:",
                f"{worst}   (status updated 12 seconds ago)",
                "",
            ]
        )

    def _database(self, member: Member) -> str:
        rows = [f"Database - {member.name}", "", f"  Role:               {member.role}"]
        if member.role == PRIMARY:
            rows.append("  Intended State:     TRANSPORT-ON")
        else:
            rows.append(f"  Intended State:     {'APPLY-ON' if member.applies else 'APPLY-OFF'}")
            unknown = member.disabled or not member.applies
            lag = (
                "(unknown)"
                if unknown
                else f"{self.guard.lag_seconds} seconds (computed 1 second ago)"
            )
            rows += [f"  Transport Lag:      {lag}", f"  Apply Lag:          {lag}"]
        status = "ERROR\nORA-16661: the standby database needs to be reinstated"
        return "\n".join(
            [*rows, "", "Database Status:", status if member.disabled else "SUCCESS", ""]
        )

    def _ready(self, member: Member) -> bool:
        return member.role == STANDBY and member.applies and not (member.disabled or member.behind)

    def _validate(self, member: Member) -> str:
        if member.role == PRIMARY:
            return "  Database Role:    Primary database\n  Ready for Switchover:  Yes\n"
        ready = "Yes" if self._ready(member) else "No"
        return (
            "  Database Role:     Physical standby database\n"
            f"  Primary Database:  {self.guard.primary().name}\n\n"
            f"  Ready for Switchover:  {ready}\n"
            f"  Ready for Failover:    {ready} (Primary Running)\n"
        )

    def _edit(self, member: Member, rest: str) -> str:
        found = _STATE.search(rest)
        if found is None or member.role == PRIMARY:
            raise BrokerRefusedError("ORA-16665: timed out waiting for the result\nFailed.")
        member.applies = found["state"].upper() == "APPLY-ON"
        if member.applies:
            member.behind = True
            runtime.clock().after(APPLY_SECONDS, partial(_applied, member))
        return "Succeeded."

    def _switch_over(self, member: Member) -> str:
        if not self._ready(member):
            raise BrokerRefusedError(
                "Performing switchover NOW, please wait...\n"
                "Error: ORA-16541: database is not enabled or not ready for switchover\n\n"
                f'Failed.\nUnable to switchover, primary database is still "'
                f'{self.guard.primary().name}"'
            )
        old = self.guard.primary()
        old.role, old.applies, member.role = STANDBY, True, PRIMARY
        return (
            "Performing switchover NOW, please wait...\n"
            f'Switchover succeeded, new primary is "{member.name}"'
        )

    def _fail_over(self, member: Member) -> str:
        if member.role == PRIMARY or member.disabled:
            raise BrokerRefusedError("Error: ORA-16600: not connected to target standby\nFailed.")
        for one in self.guard.members.values():
            if one.role == PRIMARY:
                one.role, one.applies, one.disabled = STANDBY, False, True
        member.role, member.behind = PRIMARY, False
        return (
            "Performing failover NOW, please wait...\n"
            f'Failover succeeded, new primary is "{member.name}"'
        )

    def _reinstate(self, member: Member) -> str:
        if not member.disabled or not self.guard.flashback:
            raise BrokerRefusedError(
                f'Reinstating database "{member.name}", please wait...\n'
                "Error: ORA-16653: failed to reinstate database\n\nFailed.\n"
                f'Reinstatement of database "{member.name}" failed'
            )
        member.disabled, member.applies = False, True
        return (
            f'Reinstating database "{member.name}", please wait...\n'
            f'Reinstatement of database "{member.name}" succeeded'
        )
