"""What a shard needs before it can be declared: every site map entry it will ask for.

Planning asks here, so that a missing entry is an error of the plan, naming the table, the key and
the file, before anything runs. Pure; pulumi_aws is not imported.
"""

from __future__ import annotations

from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.problem import Problem
from drstate.model.shard import ShardInput
from drstate.programs.registry import program_for
from drstate.programs.translator import Translator


def prerequisites(shard: ShardInput) -> list[Problem]:
    """All problems of the shard's resources, in their order. Empty: it can be declared."""
    if shard.id.region == GLOBAL:
        # what spans both sites is named after the source and translates nothing
        return []
    return [problem for entry in shard.resources for problem in _problems(entry, shard)]


def _problems(entry: CatalogEntry, shard: ShardInput) -> list[Problem]:
    program = program_for(entry.resource.technology)
    if program is None or program.values is None:
        return []
    spec = program.spec.model_validate(entry.spec)
    translator = Translator(entry.key, spec.region, shard)
    program.values(spec, translator)
    return translator.problems
