"""The program of a shard: it walks the shard's resources and declares each at the site's state.

The same function serves all four phases; a phase is nothing but the site state in the shard. Its
outputs say what the stack stands for (``scope``, ``site_state``, ``group``) and where its resources
answer (``endpoints``, ``resources``): that is how later shards and people find them. ``readme`` is
the page that Pulumi Cloud shows of a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from drstate.model.shard import ShardInput
from drstate.programs.readme import README, readme

if TYPE_CHECKING:
    from drstate.programs.context import DeclaredOutputs


def preload(technologies: Collection[str] | None = None) -> int:
    """Import pulumi_aws and touch all classes that programs use; returns how many.

    ``technologies``: only theirs; some take seconds. Call it once in the main thread before
    programs run in threads: pulumi_aws's lazy modules are not safe to be imported by several at
    once.
    """
    from drstate.programs.registry import touch  # noqa: PLC0415 - takes seconds

    return touch(technologies)


def program(shard: ShardInput) -> Callable[[], None]:
    """The program of a shard, for the engine; of a drill's own where it is one of a drill."""
    if shard.drill:
        return lambda: _declare_bubble(shard)
    return lambda: declare(shard)


def _declare_bubble(shard: ShardInput) -> None:
    from drstate.programs import bubble  # noqa: PLC0415 - takes seconds, as below

    bubble.declare(shard)


def declare(shard: ShardInput) -> None:
    """Declare everything of the shard and export its outputs. Runs inside an engine.

    Raises ConfigError with every missing site map entry of a resource.
    """
    import pulumi  # noqa: PLC0415 - takes seconds, and only a running program needs it

    from drstate.programs.context import Declaration  # noqa: PLC0415 - the same
    from drstate.programs.registry import declare_for  # noqa: PLC0415 - the same

    declaration = Declaration(shard)
    declared: dict[str, DeclaredOutputs] = {
        entry.key: declare_for(entry.resource.technology, shard.id.region)(entry, declaration)
        for entry in shard.resources
    }
    for name, value in _outputs(shard, declared).items():
        pulumi.export(name, value)


def _outputs(shard: ShardInput, declared: dict[str, DeclaredOutputs]) -> dict[str, Any]:
    return {
        "scope": str(shard.id.scope),
        "site_state": str(shard.site_state),
        "region": shard.id.region,
        "group": shard.id.group,
        "account": shard.account.id,
        "endpoints": {key: item.endpoints for key, item in declared.items() if item.endpoints},
        "resources": {key: item.resources for key, item in declared.items()},
        README: readme(shard),
    }
