"""ARNs inside of a configuration, in the terms of another site: which table knows which service.

A function's dead-letter queue, a rule's target, the source of a permission: all are ARNs of
something that has a counterpart at the other site. Rules and functions are found there under the
same name, as recovery copies bear the names of their sources; all else has to be in the site map.
"""

from __future__ import annotations

from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.translator import Translator

_TABLES: dict[str, SiteMapTable] = {
    "dynamodb": SiteMapTable.STREAMS,
    "ecs": SiteMapTable.ECS_CLUSTERS,
    "elasticloadbalancing": SiteMapTable.TARGET_GROUPS,
    "events": SiteMapTable.EVENT_BUSES,
    "firehose": SiteMapTable.STREAMS,
    "kafka": SiteMapTable.CLUSTERS,
    "kinesis": SiteMapTable.STREAMS,
    "kms": SiteMapTable.KMS_KEYS,
    "lambda": SiteMapTable.FUNCTIONS,
    "logs": SiteMapTable.LOG_GROUPS,
    "s3": SiteMapTable.BUCKETS,
    "secretsmanager": SiteMapTable.SECRETS,
    "sns": SiteMapTable.TOPICS,
    "sqs": SiteMapTable.QUEUES,
}
#: what has the same name at both sites where the site map says nothing else
_SAME_NAME = frozenset({"lambda", "logs"})


def arn_here(
    translator: Translator, arn: str, what: str, *, table: SiteMapTable | None = None
) -> str:
    """The ARN at the translator's site; one of the source region without counterpart is a problem.

    ``what`` says what it is for. ``table`` names the table to ask first; else the service decides.
    """
    found = arn_at(translator.translation, arn, table=table)
    return found if found is not None else translator.arn(_tables(arn, table)[0], arn, what)


def arn_at(translation: Translation, arn: str, *, table: SiteMapTable | None = None) -> str | None:
    """The ARN at the translation's target; None where the site map would have to say."""
    if translation.identity:
        return arn
    for one in _tables(arn, table):
        found = translation.find(one, arn)
        if found is not None:
            return found
    parts = arn.split(":", 5)
    service = _service(arn)
    if service == "lambda" and _qualified(parts[5]):
        base, _, qualifier = arn.rpartition(":")
        mapped = translation.find(SiteMapTable.FUNCTIONS, base)
        if mapped is not None:
            return f"{mapped}:{qualifier}"
    if _same_name(service, parts):
        return _moved(parts, translation)
    return None


def _service(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 else ""


def _tables(arn: str, table: SiteMapTable | None) -> list[SiteMapTable]:
    by_service = _TABLES.get(_service(arn), SiteMapTable.IDENTIFIERS)
    return [by_service] if table in (None, by_service) else [table, by_service]


def _same_name(service: str, parts: list[str]) -> bool:
    if service in _SAME_NAME:
        return True
    # rules by their name, and the bus that every region has
    return service == "events" and parts[5].startswith(("rule/", "event-bus/default"))


def _qualified(resource: str) -> bool:
    return resource.startswith("function:") and resource.count(":") == 2


def _moved(parts: list[str], translation: Translation) -> str:
    here = list(parts)
    if here[3] == translation.source:
        here[3] = translation.target
    return ":".join(here)
