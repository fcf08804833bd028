"""A drill's copy of a function: an alias of its own to the version of production, never executed.

Invoking a function does its work, so a drill does not: a dry run has Lambda check the request and
the permission. The standby's function stays at concurrency zero, and its mappings stay off.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drilling import DRILL_TAG, Copy, Found, copy_name
from drstate.adapters.lambda_ import reading
from drstate.adapters.lambda_.place import Place
from drstate.model.grant import Grant

NAME_LIMIT = 128
_ABSENT = "ResourceNotFoundException"

GRANTS = (
    Grant(
        "give a version a drill's alias, ask for a dry run of it, and remove the alias",
        ("lambda:CreateAlias", "lambda:DeleteAlias", "lambda:InvokeFunction"),
        ("arn:aws:lambda:*:*:function:*",),
        uncalled="only in a drill",
    ),
)


class DrillAlias(Copy):
    """An alias to the version that would serve."""

    part = "alias"
    service = "lambda"
    reads = ("GetAlias", "GetFunction", "ListVersionsByFunction")
    makes = ("CreateAlias", "Invoke")
    removes = ("DeleteAlias",)
    seconds = 15
    deadline = 600

    def __init__(self, place: Place, drill: str) -> None:
        name = copy_name(place.entry.key, "drill", drill, NAME_LIMIT)
        super().__init__(place.entry, place.region, drill, name)
        self.place = place

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"alias {self.name} of {self.place.name} in {self.region}, for a dry run"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``, with the state of the version that it names."""
        answer = at.find(
            "lambda", "get_alias", _ABSENT, FunctionName=self.place.name, Name=self.name
        )
        if not answer:
            return None
        made = reading.function(at, self.place.name, self.name) or {}
        state = (made.get("Configuration") or {}).get("State") or "Active"
        return {**answer, "State": state}

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``. Aliases have no tags: the description stands in."""
        return bool(found.get("Description") == self._mark)

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``. A version that nobody called for long wakes up when it is called."""
        return found["State"] in ("Active", "Inactive")

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        return "Lambda says that the version failed" if found["State"] == "Failed" else None

    def told(self, found: Found) -> dict[str, Any]:
        """The version that would serve."""
        return {"version": found.get("FunctionVersion")}

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """No function, or none of its versions has production's code."""
        if reading.function(at, self.place.name) is None:
            return (
                f"function {self.place.name} does not exist in {self.region}",
                "drstate up --phase replicate creates it",
            )
        if self._version(at) is None:
            return (
                f"no published version of {self.place.name} in {self.region} has production's code",
                (
                    "bring the code artifact of production to this region, then: drstate up "
                    "--phase replicate"
                ),
            )
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        version = self._version(at) or "$LATEST"
        at.call(
            "lambda",
            "create_alias",
            FunctionName=self.place.name,
            Name=self.name,
            FunctionVersion=version,
            Description=self._mark,
        )
        at.call(
            "lambda",
            "invoke",
            FunctionName=self.place.name,
            Qualifier=self.name,
            InvocationType="DryRun",
        )

    def remove(self, at: At, found: Found) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.remove``."""
        at.find("lambda", "delete_alias", _ABSENT, FunctionName=self.place.name, Name=self.name)

    @property
    def _mark(self) -> str:
        return f"{DRILL_TAG}={self.drill}"

    def _version(self, at: At) -> str | None:
        """The version of production's first alias; without aliases, what is newest."""
        aliases = self.place.spec.aliases
        return self.place.version_for(at, aliases[0]) if aliases else "$LATEST"
