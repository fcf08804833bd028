"""The broker's command line: statements for it, and what its answers mean.

``dgmgrl`` ends with 0 whatever became of a statement: only its text tells. What the text does not
confirm in so many words counts as failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drstate.adapters.commands import plain
from drstate.errors import OperationError

PRIMARY, STANDBY = "PRIMARY", "PHYSICAL STANDBY"
_CONFIGURATION = re.compile(r"^\s*Configuration - (?P<name>\S+)", re.MULTILINE)
_PROTECTION = re.compile(r"^\s*Protection Mode:\s*(?P<mode>\S+)", re.MULTILINE)
_MEMBER = re.compile(
    r"^\s*(?P<name>[\w$#.-]+)\s+- (?P<kind>Primary database|Physical standby database|"
    r"Logical standby database|Snapshot standby database|Far sync instance)"
    r"(?P<disabled> \(disabled\))?",
    re.MULTILINE,
)
_ROLE = re.compile(r"^\s*Role:\s*(?P<role>[A-Z ]+?)\s*$", re.MULTILINE)
_STATE = re.compile(r"^\s*Intended State:\s*(?P<state>\S+)", re.MULTILINE)
_APPLY_LAG = re.compile(r"^\s*Apply Lag:\s*(?P<lag>.+?)(?:\s*\(computed.*)?$", re.MULTILINE)
_UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
_READY = re.compile(r"^\s*Ready for Switchover:\s*(?P<ready>Yes|No)", re.MULTILINE)
_MISTAKES = re.compile(r"^(?:Error: )?(?:ORA|DGM|TNS|SP2)-\d+.*$", re.MULTILINE)
_KINDS = {"Primary database": PRIMARY, "Physical standby database": STANDBY}


@dataclass(frozen=True)
class Member:
    """A database of the configuration."""

    name: str
    role: str
    disabled: bool


@dataclass(frozen=True)
class Configuration:
    """SHOW CONFIGURATION."""

    name: str
    protection_mode: str
    members: tuple[Member, ...]

    def member(self, name: str) -> Member | None:
        """The member with this name."""
        return next((one for one in self.members if one.name == name), None)

    @property
    def primary(self) -> str:
        """Name of the primary; empty where there is none."""
        return next((one.name for one in self.members if one.role == PRIMARY), "")


@dataclass(frozen=True)
class Database:
    """SHOW DATABASE."""

    role: str
    applies: bool
    #: seconds that apply is behind; None where the broker does not know
    lag: float | None


def script(user: str, connect: str, *statements: str) -> str:
    """The shell script that gives the broker these statements."""
    lines = "\n".join(f"{statement};" for statement in statements)
    return f"set -u\nsudo -iu {user} dgmgrl -silent {connect} <<'DRSTATE'\n{lines}\nDRSTATE"


def named(statement: str, name: str, rest: str = "") -> str:
    """``SHOW DATABASE 'west'``."""
    return f"{statement} '{plain(name, 'the database')}'{rest}"


def configuration(text: str, where: str) -> Configuration:
    """Understand SHOW CONFIGURATION. Raises OperationError where it is none."""
    name, mode = _CONFIGURATION.search(text), _PROTECTION.search(text)
    members = tuple(
        Member(
            found["name"], _KINDS.get(found["kind"], found["kind"].upper()), bool(found["disabled"])
        )
        for found in _MEMBER.finditer(text)
    )
    if name is None or not members:
        raise OperationError(
            f"the broker on {where} shows no configuration",
            why=mistakes(text) or text.strip()[-400:] or "it printed nothing",
            hint="see that the broker runs there (dg_broker_start) and that its login may look; "
            "tags drstate:user and drstate:connect of the primary's host say which one that is",
        )
    return Configuration(name["name"], mode["mode"] if mode else "", members)


def database(text: str) -> Database:
    """Understand SHOW DATABASE."""
    role, state, lag = _ROLE.search(text), _STATE.search(text), _APPLY_LAG.search(text)
    return Database(
        role["role"] if role else "",
        bool(state and state["state"].upper().startswith("APPLY-ON")),
        _seconds(lag["lag"]) if lag else None,
    )


def ready_for_switchover(text: str) -> bool:
    """What VALIDATE DATABASE says."""
    found = _READY.search(text)
    return bool(found and found["ready"] == "Yes")


def mistakes(text: str) -> str:
    """The lines that name an error."""
    return "; ".join(line.strip() for line in _MISTAKES.findall(text))


def confirmed(text: str, words: str) -> bool:
    """Whether the broker said so."""
    return words.lower() in text.lower()


def _seconds(text: str) -> float | None:
    """``1 minute 5 seconds`` in seconds."""
    found = re.findall(r"(\d+) (day|hour|minute|second)s?", text)
    return float(sum(int(count) * _UNITS[unit] for count, unit in found)) if found else None
