"""A log group declared: the same name at both sites, its retention as the site state wants it."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.catalog import CatalogEntry
from drstate.programs.base import Program, Spec
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owners, program
from drstate.programs.translator import Translator

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
#: days that a site keeps which does not serve
STANDBY_DAYS = 1


class LogGroupSpec(Spec):
    """A log group as captured at the serving site."""

    name: str
    retention_days: int


@dataclass(frozen=True)
class LogGroupValues:
    """What differs between sites and states."""

    retention_days: int


def values(spec: LogGroupSpec, translator: Translator) -> LogGroupValues:
    """Production's retention from warm up."""
    standby = level(translator.shard.site_state) is Level.STANDBY
    return LogGroupValues(STANDBY_DAYS if standby else spec.retention_days)


OWNERS: Owners = {LOG_GROUP: program("name", "retentionInDays", "tags")}


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The log group at the shard's site."""
    spec = LogGroupSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    wanted = values(spec, translator)
    translator.settle()
    group = aws.cloudwatch.LogGroup(
        name_of(entry),
        name=spec.name,
        retention_in_days=wanted.retention_days,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, LOG_GROUP, protect=True),
    )
    return DeclaredOutputs(resources={"log_group": group.arn})


PROGRAM = Program(
    technology="log-group",
    spec=LogGroupSpec,
    owners={"": OWNERS},
    values=values,
    site=declare_site,
    classes=lambda: [aws.cloudwatch.LogGroup],
    stateful={LOG_GROUP: "a log group and what was logged"},
    identities={LOG_GROUP: "{name}"},
)
