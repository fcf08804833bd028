"""What was found, held against the scope and the tag schema. Pure.

Nothing of another customer or environment leaves this module but a number. What is this scope's and
badly tagged is told with its mend, and is in no plan until it is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from drstate.inventory.found import Claim, Found, claimed
from drstate.inventory.generating import generated, too_early
from drstate.model.called import Called
from drstate.model.named import DnsRecord, Hook, HookKind
from drstate.model.resource import Resource, Technology, resource_key
from drstate.model.scope import Environment, Scope, Targets
from drstate.model.tags import (
    CUSTOMER,
    DEPENDENCIES,
    ENABLED,
    ENVIRONMENT,
    DrTags,
    Severity,
    Violation,
    parse_tags,
)

_ENVIRONMENTS = frozenset(str(environment) for environment in Environment)


@dataclass
class Sifted:
    """The outcome. ``others`` and ``not_enabled`` are counts."""

    resources: list[Resource] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    not_enabled: int = 0
    others: int = 0


def concerns(scope: Scope, found: Found) -> bool:
    """Whether the resource is this scope's, or so badly tagged that nobody can tell.

    A valid tag that names somebody else decides; a missing or invalid one does not.
    """
    customer, environment = found.tags.get(CUSTOMER), found.tags.get(ENVIRONMENT)
    if customer is not None and customer != scope.customer and _valid_customer(customer):
        return False
    return environment not in _ENVIRONMENTS or environment == scope.environment


def _valid_customer(customer: str) -> bool:
    return bool(customer) and all(part.isalnum() and part.isascii() for part in customer.split("-"))


def sift(scope: Scope, found: Iterable[Found], claims: Sequence[Claim]) -> Sifted:
    """Resources of the scope in a stable order, and everything that is wrong.

    ``found`` is in order of preference: of two resources with one key the first one is kept.
    """
    result = Sifted()
    by_key: dict[str, Resource] = {}
    for one in found:
        if not concerns(scope, one):
            result.others += 1
        elif one.tags.get(ENABLED) == "false":
            result.not_enabled += 1
        else:
            _take(one, claims, by_key, result.violations, wave_needed=not scope.waves.generate)
    for resource in named_resources(scope):
        by_key[resource.key] = resource
    result.resources = [_aimed(by_key[key], scope.targets) for key in sorted(by_key)]
    if scope.waves.generate:
        result.resources = generated(result.resources)
        result.violations += too_early(result.resources)
    result.violations += missing_dependencies(result.resources)
    return result


def _take(
    one: Found,
    claims: Sequence[Claim],
    by_key: dict[str, Resource],
    violations: list[Violation],
    *,
    wave_needed: bool,
) -> None:
    tags, wrong = parse_tags(one.arn, one.tags, wave_needed=wave_needed)
    violations += wrong
    if tags is None:
        return
    owner = claimed(one.arn, claims, tags.recovery_strategy)
    if owner is None:
        violations.append(_unclaimed(one, claims))
        return
    key = resource_key(owner.technology, one.account, owner.name)
    by_key.setdefault(
        key,
        Resource(
            key=key,
            technology=owner.technology,
            name=owner.name,
            account=one.account,
            region=one.region,
            arn=one.arn,
            tags=tags,
            raw_tags=one.tags,
        ),
    )


def _aimed(resource: Resource, targets: Targets) -> Resource:
    """With the customer's targets where its own tags name none."""
    tags = resource.tags
    aimed = {
        name: value
        for name, value in (
            ("rto_minutes", targets.rto_minutes),
            ("rpo_minutes", targets.rpo_minutes),
        )
        if value is not None and getattr(tags, name) is None
    }
    if not aimed:
        return resource
    return resource.model_copy(update={"tags": tags.model_copy(update=aimed)})


def named_resources(scope: Scope) -> list[Resource]:
    """What the scope file names: it carries no tags, its entry there says the same."""
    return [
        *(_record(scope, record) for record in scope.dns),
        *(_hook(scope, hook) for hook in scope.hooks),
    ]


def _record(scope: Scope, record: DnsRecord) -> Resource:
    return Resource(
        key=resource_key(Technology.ROUTE53, record.account, record.resource_name),
        technology=Technology.ROUTE53,
        name=record.resource_name,
        account=record.account,
        region=scope.regions.primary,
        arn=f"{record.zone} {record.name} {record.type}",
        tags=DrTags(
            customer=scope.customer,
            environment=scope.environment,
            wave=record.wave,
            priority=record.priority,
            health_check_url=record.health_check_url,
            dependencies=tuple(record.dependencies),
        ),
    )


_HOOKS: dict[HookKind, str] = {
    HookKind.SSM: Technology.SSM,
    HookKind.LAMBDA: Technology.LAMBDA_HOOK,
    HookKind.HTTP: "http-hook",
    HookKind.COMMAND: "command-hook",
}


def _hook(scope: Scope, hook: Hook) -> Resource:
    technology = _HOOKS[hook.kind]
    return Resource(
        key=resource_key(technology, hook.account, hook.name),
        technology=technology,
        name=hook.name,
        account=hook.account,
        region=scope.regions.primary,
        # two hooks may run the same document: the hook's name is part of what it is called
        arn=f"{hook.name} {hook.runs}",
        tags=DrTags(
            customer=scope.customer,
            environment=scope.environment,
            wave=hook.wave,
            priority=hook.priority,
            dependencies=tuple(hook.dependencies),
        ),
    )


def missing_dependencies(resources: Sequence[Resource]) -> list[Violation]:
    """A warning for every dependency that names no resource of the scope."""
    known = Called(resources)
    return [
        Violation(
            resource=resource.arn,
            tag=DEPENDENCIES,
            value=dependency,
            severity=Severity.WARNING,
            problem="no protected resource of this scope has this name, key or ARN; it is ignored",
            allowed="names, keys or ARNs of protected resources of the same scope",
            mend=f"protect {dependency}, or take it out of {DEPENDENCIES} of {resource.arn}",
        )
        for resource in resources
        for dependency in resource.tags.dependencies
        if not known.keys(dependency)
    ]


def _unclaimed(one: Found, claims: Sequence[Claim]) -> Violation:
    handled = ", ".join(sorted({claim.explorer_type for claim in claims})) or "none"
    return Violation(
        resource=one.arn,
        tag=ENABLED,
        value=one.tags.get(ENABLED),
        severity=Severity.WARNING,
        problem=f"no technology handles {one.type}; the resource is in no plan",
        allowed=f"resources of the types {handled}",
        mend=f"set {ENABLED}=false on {one.arn}, or install a package that handles {one.type}",
    )
