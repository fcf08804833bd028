"""What a spec names by an ARN and does not describe: sources, targets, destinations, topics.

Which of them the sandbox looks at is decided by their service: a queue that is read, or a function
that is invoked, has to be there; what nothing looks at (a state machine that a rule starts, a
bucket of another account) stays a name.
"""

from __future__ import annotations

from drstate.model.scope import SiteMapTable

from .site import Captured

_PARTS = 6
#: service -> the site map's table that its ARNs are in
_TABLES: dict[str, SiteMapTable] = {
    "dynamodb": SiteMapTable.STREAMS,
    "events": SiteMapTable.EVENT_BUSES,
    "firehose": SiteMapTable.STREAMS,
    "kinesis": SiteMapTable.STREAMS,
    "kms": SiteMapTable.KMS_KEYS,
    "lambda": SiteMapTable.FUNCTIONS,
    "logs": SiteMapTable.LOG_GROUPS,
    "sns": SiteMapTable.TOPICS,
    "sqs": SiteMapTable.QUEUES,
}


def by_arn(site: Captured, arn: str) -> None:
    """Make what has this ARN, unless it is protected itself, is there, or nothing looks at it."""
    parts = arn.split(":", _PARTS - 1)
    table = _TABLES.get(parts[2]) if len(parts) == _PARTS else None
    if table is None or not parts[3] or not parts[4] or _protected(site, parts):
        return
    if parts[2] == "events" and not parts[5].startswith("event-bus/"):
        return
    site.have(table, arn, parts[4], parts[3])


def _protected(site: Captured, parts: list[str]) -> bool:
    """Whether a piece of its own builds it."""
    # a function's ARN may end with an alias
    named = ":".join(parts[5].split(":")[:2]) if parts[2] == "lambda" else parts[5]
    arn = ":".join((*parts[:5], named))
    return any(entry.resource.arn == arn for entry in site.catalog.entries)
