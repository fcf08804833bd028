"""The network of a drill's copies: which VPCs they stand in, asked of AWS just before it is needed.

Neither the catalog nor a plan knows VPCs; the adapters tell how each is found. What cannot be found
(a standby that is not there) gets no group, and the copy itself tells why it cannot be made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from drstate.errors import ConfigError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.model.shard import Network, ShardInput
from drstate.model.stackops import Op
from drstate.report.preview import ShardPreview, StagePreview

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller


def with_networks(
    given: ShardInput,
    entries: Iterable[CatalogEntry],
    *,
    adapter: Callable[[str], Adapter],
    site: Callable[[CatalogEntry], SiteContext],
    aws: AwsCaller,
) -> ShardInput:
    """``given`` with the VPCs that the copies of ``entries`` stand in. Reads only.

    Raises AwsCallError where AWS does not answer, OperationError for a VPC that is gone.
    """
    from drstate.adapters.at import At  # noqa: PLC0415 loaded when it is needed
    from drstate.adapters.confining import Confined, ranges  # noqa: PLC0415 the same

    at = At(aws, given.account.id, given.id.region)
    standing: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        found = None
        try:
            confined = adapter(entry.resource.technology).confinement(entry, site(entry))
            if isinstance(confined, Confined):
                found = confined.vpc(at)
        except (ConfigError, OperationError):
            continue  # making its copy meets the same, and is told of that resource alone
        if found is not None:
            standing[found].append(entry.key)
    networks = tuple(
        Network(vpc=vpc, ranges=ranges(at, vpc), resources=tuple(sorted(keys)))
        for vpc, keys in sorted(standing.items())
    )
    return given.model_copy(update={"networks": networks})


def with_removals(stages: tuple[StagePreview, ...]) -> tuple[StagePreview, ...]:
    """The same, and what the end of a drill would delete of what its beginning would make."""
    made = {
        shard.stack.stack: shard.stack
        for stage in stages
        if stage.phase is not Phase.CLEANUP
        for shard in stage.shards
        if shard.stack is not None
    }

    def removed(shard: ShardPreview) -> ShardPreview:
        found = made.get(shard.stack.stack) if shard.stack is not None else None
        if found is None or shard.stack is None or shard.stack.ops:
            return shard
        ops = tuple(op.model_copy(update={"op": Op.DELETE}) for op in found.ops[::-1])
        gone = shard.stack.model_copy(update={"ops": ops, "counts": {str(Op.DELETE): len(ops)}})
        return shard.model_copy(update={"stack": gone})

    return tuple(
        stage
        if stage.phase is not Phase.CLEANUP
        else stage.model_copy(update={"shards": tuple(removed(one) for one in stage.shards)})
        for stage in stages
    )
