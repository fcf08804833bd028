"""Whether an account lets us in, asked before a stack does: for the sake of the answer.

A provider that cannot assume its role fails with AWS's words only. The caller's error says what to
mend: the role, or the field of the scope file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.catalog import GLOBAL
from drstate.model.shard import ShardInput

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


def knock(aws: AwsCaller, account: str, region: str) -> None:
    """Return if the account's role can be assumed in the region. Raises CredentialsError."""
    aws.call("sts", "get_caller_identity", account=account, region=region)


def acted_on(shard: ShardInput) -> str:
    """The region to ask in: never the source's for what can be asked elsewhere."""
    return shard.regions.recovery if shard.id.region == GLOBAL else shard.id.region
