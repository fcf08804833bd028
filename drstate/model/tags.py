"""The tag schema: what a protected resource's tags mean and what is wrong with them.

The schema is data (``SCHEMA``), so that documentation, validation and messages come from one place.
Parsing never raises: it returns what is usable and a list of violations, each with its mend, for
one badly tagged resource must not hide the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from drstate.model.base import Value


class Priority(StrEnum):
    """Admission order inside a wave, first to last."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is admitted first."""
        return list(Priority).index(self)


class Severity(StrEnum):
    """An error leaves the resource out of every plan; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Violation(Value):
    """One thing that is wrong with one tag of one resource."""

    resource: str
    tag: str
    value: str | None
    severity: Severity
    problem: str
    #: the values or the form that is allowed
    allowed: str
    #: what to do, as a command or an edit
    mend: str

    @property
    def shown(self) -> str:
        """What the tag says, as part of a sentence."""
        return "is missing" if self.value is None else f"is {self.value!r}"

    def __str__(self) -> str:
        said = f"tag {self.tag} {self.shown}: {self.problem}. Allowed: {self.allowed}."
        return f"{self.resource}: {said}"


class DrTags(Value):
    """The tags of a protected resource, understood."""

    customer: str
    environment: str
    wave: int
    priority: Priority = Priority.LOW
    recovery_strategy: str | None = None
    rto_minutes: int | None = None
    rpo_minutes: int | None = None
    health_check_url: str | None = None
    #: names, keys or ARNs as written; resolved to keys by planning
    dependencies: tuple[str, ...] = ()
    #: why it is in this wave, where no tag says so and the scope has waves generated
    wave_reason: str = ""


class TagRule(Value):
    """What one tag may say."""

    tag: str
    required: bool
    #: regular expression that the whole value must match
    pattern: str
    allowed: str
    meaning: str
    #: a value outside the rule: an error, or a warning with a default
    severity: Severity = Severity.ERROR


ENABLED, WAVE, CUSTOMER, ENVIRONMENT = "dr:enabled", "dr:wave", "Customer", "Environment"
PRIORITY, STRATEGY = "dr:priority", "dr:recovery-strategy"
RTO, RPO, HEALTH_URL, DEPENDENCIES = (
    "dr:rto-target",
    "dr:rpo-target",
    "dr:health-check-url",
    "dr:dependencies",
)

SCHEMA: tuple[TagRule, ...] = (
    TagRule(
        tag=ENABLED,
        required=True,
        pattern=r"true|false",
        allowed="true, false",
        meaning="true puts the resource under protection",
    ),
    TagRule(
        tag=WAVE,
        required=True,
        pattern=r"[1-9][0-9]{0,3}",
        allowed="a whole number from 1 (above 10 is warned about)",
        meaning="the wave that the resource is recovered in",
    ),
    TagRule(
        tag=CUSTOMER,
        required=True,
        pattern=r"[A-Za-z0-9-]{1,64}",
        allowed="letters, digits and hyphens, 64 at most",
        meaning="the customer whose scope the resource belongs to",
    ),
    TagRule(
        tag=ENVIRONMENT,
        required=True,
        pattern=r"production|staging|development",
        allowed="production, staging, development",
        meaning="the environment whose scope the resource belongs to",
    ),
    TagRule(
        tag=PRIORITY,
        required=False,
        pattern="|".join(Priority),
        allowed=", ".join(Priority),
        meaning="admission order inside the wave; missing means low, invalid is taken as medium",
        severity=Severity.WARNING,
    ),
    TagRule(
        tag=STRATEGY,
        required=False,
        pattern=r"drs|eks-dns|sql-ag|managed-service|oracle-dg",
        allowed="drs, eks-dns, sql-ag, managed-service, oracle-dg",
        meaning="how the resource is recovered, where its type leaves a choice",
    ),
    TagRule(
        tag=RTO,
        required=False,
        pattern=r"[1-9][0-9]{0,5}",
        allowed="minutes as a whole number from 1",
        meaning="recovery time objective",
    ),
    TagRule(
        tag=RPO,
        required=False,
        pattern=r"[1-9][0-9]{0,5}",
        allowed="minutes as a whole number from 1",
        meaning="recovery point objective",
    ),
    TagRule(
        tag=HEALTH_URL,
        required=False,
        pattern=r"https?://\S+",
        allowed="an http:// or https:// address",
        meaning="an address that answers 2xx when the resource serves",
    ),
    TagRule(
        tag=DEPENDENCIES,
        required=False,
        pattern=r"[A-Za-z0-9:/_.-]+([ ,]+[A-Za-z0-9:/_.-]+)*",
        allowed="names or ARNs of resources, separated by spaces or commas",
        meaning="what must be healthy before this resource is recovered",
    ),
)

#: waves above this are legal but unusual
WAVE_WARNING_ABOVE = 10


def parse_tags(
    resource: str, tags: Mapping[str, str], *, wave_needed: bool = True
) -> tuple[DrTags | None, list[Violation]]:
    """Understand the tags of ``resource`` (shown in violations as given, say its ARN).

    Returns the tags, or None if an error makes them unusable, and all violations found.
    ``wave_needed`` False: without ``dr:wave`` the wave is 0, to be generated.
    """
    asked = [rule for rule in SCHEMA if wave_needed or rule.tag != WAVE or WAVE in tags]
    violations = [found for rule in asked for found in _check(resource, rule, tags)]
    bad = {violation.tag for violation in violations}
    if any(violation.severity is Severity.ERROR for violation in violations):
        return None, violations
    wave = int(tags.get(WAVE, 0))
    if wave > WAVE_WARNING_ABOVE:
        violations.append(
            Violation(
                resource=resource,
                tag=WAVE,
                value=tags[WAVE],
                severity=Severity.WARNING,
                problem=f"waves above {WAVE_WARNING_ABOVE} are unusual",
                allowed=f"1 to {WAVE_WARNING_ABOVE} without this warning",
                mend="keep it if it is meant",
            )
        )
    priority = Priority.LOW
    if PRIORITY in tags:
        priority = Priority.MEDIUM if PRIORITY in bad else Priority(tags[PRIORITY])
    return (
        DrTags(
            customer=tags[CUSTOMER],
            environment=tags[ENVIRONMENT],
            wave=wave,
            priority=priority,
            recovery_strategy=tags.get(STRATEGY),
            rto_minutes=int(tags[RTO]) if RTO in tags else None,
            rpo_minutes=int(tags[RPO]) if RPO in tags else None,
            health_check_url=tags.get(HEALTH_URL),
            dependencies=tuple(re.split(r"[ ,]+", tags[DEPENDENCIES].strip(" ,")))
            if tags.get(DEPENDENCIES)
            else (),
        ),
        violations,
    )


def _check(resource: str, rule: TagRule, tags: Mapping[str, str]) -> list[Violation]:
    value = tags.get(rule.tag)
    if value is None:
        if not rule.required:
            return []
        problem = "it is required on every protected resource"
    elif re.fullmatch(rule.pattern, value):
        return []
    else:
        problem = "the value breaks the tag schema"
    return [
        Violation(
            resource=resource,
            tag=rule.tag,
            value=value,
            severity=rule.severity,
            problem=problem,
            allowed=rule.allowed,
            mend=f"set {rule.tag} on {resource} to: {rule.allowed}",
        )
    ]
