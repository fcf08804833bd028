"""What a shard needs before it can be declared: every site map entry it will ask for.

Planning asks here, so that a missing entry is an error of the plan, naming the table, the key and
the file, before anything runs. Pure; pulumi_aws is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.problem import Problem
from drstate.model.shard import ShardInput
from drstate.model.specs.aurora import AuroraSpec
from drstate.model.specs.ecs import EcsSpec
from drstate.programs.translator import Translator
from drstate.programs.values.aurora import aurora_values
from drstate.programs.values.ecs import ecs_values


def prerequisites(shard: ShardInput) -> list[Problem]:
    """All problems of the shard's resources, in their order. Empty: it can be declared."""
    if shard.id.region == GLOBAL:
        # what spans both sites is named after the source and translates nothing
        return []
    return [problem for entry in shard.resources for problem in _problems(entry, shard)]


def _aurora(entry: CatalogEntry, shard: ShardInput) -> list[Problem]:
    spec = AuroraSpec.model_validate(entry.spec)
    translator = Translator(entry.key, spec.region, shard)
    aurora_values(spec, translator)
    return translator.problems


def _ecs(entry: CatalogEntry, shard: ShardInput) -> list[Problem]:
    spec = EcsSpec.model_validate(entry.spec)
    translator = Translator(entry.key, spec.region, shard)
    ecs_values(spec, translator)
    return translator.problems


_CHECKS: Mapping[str, Callable[[CatalogEntry, ShardInput], list[Problem]]] = {
    "aurora": _aurora,
    "ecs": _ecs,
}


def _problems(entry: CatalogEntry, shard: ShardInput) -> list[Problem]:
    check = _CHECKS.get(entry.resource.technology)
    return check(entry, shard) if check else []
