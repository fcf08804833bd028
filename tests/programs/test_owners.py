"""One owner per property, and updates leave alone what is not the program's."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.programs import aurora
from drstate.programs.context import Declaration
from drstate.programs.ecs import owners as ecs
from drstate.programs.owners import Owner, Owners, ignored
from drstate.programs.registry import programs

TABLES = {
    f"{program.technology} {heading}".strip(): owners
    for program in programs()
    for heading, owners in program.owners.items()
}


class Bare(Declaration):
    """Options without an engine: the provider is left out."""

    def __init__(self) -> None:
        pass

    def provider(self, region: str | None = None) -> Any:
        return None


@pytest.mark.parametrize("owners", TABLES.values(), ids=TABLES)
def test_every_property_has_one_owner_and_others_say_why(owners: Owners) -> None:
    for token, items in owners.items():
        names = [item.name for item in items]
        assert len(names) == len(set(names)), token
        assert all(item.why for item in items if item.owner is not Owner.PROGRAM), token


@pytest.mark.parametrize("owners", TABLES.values(), ids=TABLES)
def test_options_ignore_exactly_what_is_not_the_programs(owners: Owners) -> None:
    for token, items in owners.items():
        options = Bare().options(owners, token)
        assert set(options.ignore_changes or ()) == {
            item.name for item in items if item.owner is not Owner.PROGRAM
        }


def test_roles_of_a_database_are_never_the_programs() -> None:
    roles = {"globalClusterIdentifier", "replicationSourceIdentifier", "masterUsername"}
    assert roles <= set(ignored(aurora.OWNERS, aurora.CLUSTER))
    assert "sourceDbClusterIdentifier" in ignored(aurora.OWNERS, aurora.GLOBAL_CLUSTER)


def test_the_desired_count_belongs_to_autoscaling_where_there_is_any() -> None:
    assert ignored(ecs.OWNERS, ecs.SERVICE) == []
    assert ignored(ecs.OWNERS_AUTOSCALED, ecs.SERVICE) == ["desiredCount"]


@pytest.mark.parametrize("owners", TABLES.values(), ids=TABLES)
def test_properties_are_those_of_pulumi_aws(owners: Owners) -> None:
    import inspect
    from keyword import iskeyword

    import pulumi_aws as aws

    for token, items in owners.items():
        module, name = token.split(":")[1].split("/")[0], token.split(":")[2]
        cls = getattr(getattr(aws, f"{module}_" if iskeyword(module) else module), name)
        known = {_camel(p) for p in inspect.signature(cls._internal_init).parameters}
        assert {item.name for item in items} <= known, token


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
