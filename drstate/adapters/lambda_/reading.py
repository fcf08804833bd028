"""Reading functions, aliases, versions and event source mappings; what is not there is no error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from drstate.adapters.at import At

_ABSENT = "ResourceNotFoundException"
#: states of a mapping in which it can be changed
SETTLED = frozenset({"Enabled", "Disabled"})
#: states in which it reads its source, or is about to
READS = frozenset({"Creating", "Enabled", "Enabling", "Updating"})


@dataclass(frozen=True)
class Mapping:
    """An event source mapping as found."""

    uuid: str
    source: str
    qualifier: str | None
    state: str

    @property
    def identity(self) -> tuple[str, str | None]:
        """What it reads, and for whom."""
        return self.source, self.qualifier


@dataclass(frozen=True)
class Alias:
    """An alias as found."""

    name: str
    version: str
    description: str | None = None
    #: version -> share of the invocations that go there instead
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """What of a function can run at a site."""

    #: None: it takes what nobody has reserved
    reserved: int | None
    mappings: tuple[Mapping, ...]
    #: alias -> instances that are kept initialised
    provisioned: dict[str, int]

    @property
    def stopped(self) -> bool:
        """Whether nothing runs, and nothing is still ending."""
        return (
            self.reserved == 0
            and not self.provisioned
            and all(mapping.state == "Disabled" for mapping in self.mappings)
        )

    def facts(self) -> dict[str, Any]:
        """JSON-ready; the values that undo puts back."""
        return {
            "exists": True,
            "reserved": self.reserved,
            "provisioned": self.provisioned,
            "mappings": {mapping.uuid: mapping.state for mapping in self.mappings},
        }


def function(at: At, name: str, qualifier: str | None = None) -> dict[str, Any] | None:
    """What GetFunction tells of a function or one of its versions, or None."""
    given = {"Qualifier": qualifier} if qualifier else {}
    return at.find("lambda", "get_function", _ABSENT, FunctionName=name, **given) or None


def aliases(at: At, name: str) -> tuple[Alias, ...]:
    """The function's aliases, by name."""
    found = at.pages("lambda", "list_aliases", "Aliases", FunctionName=name)
    return tuple(sorted((_alias(item) for item in found), key=lambda alias: alias.name))


def alias(at: At, name: str, alias_name: str) -> Alias | None:
    """One alias, or None."""
    found = at.find("lambda", "get_alias", _ABSENT, FunctionName=name, Name=alias_name)
    return _alias(found) if found else None


def versions(at: At, name: str) -> dict[str, str]:
    """Published version -> SHA-256 of its code, the oldest first."""
    found = at.pages("lambda", "list_versions_by_function", "Versions", FunctionName=name)
    published = [item for item in found if item["Version"] != "$LATEST"]
    return {
        item["Version"]: item["CodeSha256"]
        for item in sorted(published, key=lambda item: int(item["Version"]))
    }


def mappings(at: At, name: str, qualifiers: Iterable[str | None]) -> list[dict[str, Any]]:
    """Mappings of the function and of its aliases: AWS lists each of them on its own."""
    found: list[dict[str, Any]] = []
    for qualifier in qualifiers:
        asked = f"{name}:{qualifier}" if qualifier else name
        found += at.pages(
            "lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=asked
        )
    return found


def mapping(at: At, uuid: str) -> Mapping | None:
    """One mapping, or None where it is gone."""
    found = at.find("lambda", "get_event_source_mapping", _ABSENT, UUID=uuid)
    return mapping_of(found) if found else None


def mapping_of(found: dict[str, Any]) -> Mapping:
    """A mapping of AWS's answer."""
    qualifier = found["FunctionArn"].rpartition(":function:")[2].partition(":")[2]
    return Mapping(
        uuid=found["UUID"],
        source=found.get("EventSourceArn", ""),
        qualifier=qualifier or None,
        state=found["State"],
    )


def provisioned(at: At, name: str) -> dict[str, dict[str, Any]]:
    """Alias or version -> its provisioned concurrency."""
    found = at.pages(
        "lambda",
        "list_provisioned_concurrency_configs",
        "ProvisionedConcurrencyConfigs",
        FunctionName=name,
    )
    return {item["FunctionArn"].rpartition(":")[2]: item for item in found}


def running(at: At, name: str) -> Running | None:
    """What can run of the function, or None where there is none."""
    found = function(at, name)
    if found is None:
        return None
    names = [one.name for one in aliases(at, name)]
    return Running(
        reserved=reserved_of(found),
        mappings=tuple(mapping_of(item) for item in mappings(at, name, [None, *names])),
        provisioned={
            qualifier: int(item["RequestedProvisionedConcurrentExecutions"])
            for qualifier, item in provisioned(at, name).items()
        },
    )


def reserved_of(found: dict[str, Any]) -> int | None:
    """The concurrency that GetFunction's answer says is reserved."""
    value = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    return None if value is None else int(value)


def reserved(at: At) -> int:
    """Concurrency of the account in this region that functions have for themselves."""
    limits = at.call("lambda", "get_account_settings")["AccountLimit"]
    return int(limits["ConcurrentExecutions"]) - int(limits["UnreservedConcurrentExecutions"])


def unreserved(at: At) -> int:
    """Concurrency of the account in this region that no function has for itself."""
    limits = at.call("lambda", "get_account_settings")["AccountLimit"]
    return int(limits["UnreservedConcurrentExecutions"])


def _alias(found: dict[str, Any]) -> Alias:
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    description = found.get("Description") or None
    return Alias(found["Name"], found["FunctionVersion"], description, dict(weights))
