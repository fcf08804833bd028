"""A rule's and a bus's values at a site: patterns, targets and policies in its terms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from drstate.model.scope import SiteMapTable
from drstate.programs.arns import arn_here
from drstate.programs.eventbridge.spec import DEFAULT_BUS, Bus, EventBridgeSpec, Rule, RuleTarget
from drstate.programs.translator import Translator


@dataclass(frozen=True)
class EventBridgeValues:
    """What the declaration needs: one of the two, as the spec."""

    rule: Rule | None
    bus: Bus | None


def eventbridge_values(spec: EventBridgeSpec, translator: Translator) -> EventBridgeValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    return EventBridgeValues(
        rule=_rule(spec.rule, translator) if spec.rule else None,
        bus=_bus(spec, spec.bus, translator) if spec.bus else None,
    )


def bus_here(name: str, translator: Translator) -> str:
    """A bus at the site: of the same name, unless the site map says another."""
    if name == DEFAULT_BUS:
        return name
    return translator.optional(SiteMapTable.EVENT_BUSES, name)


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal documents are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _rule(rule: Rule, translator: Translator) -> Rule:
    return rule.model_copy(
        update={
            "bus": bus_here(rule.bus, translator),
            "pattern": _document(rule.pattern, translator) if rule.pattern else None,
            "role": translator.optional(SiteMapTable.ROLES, rule.role) if rule.role else None,
            "targets": tuple(_target(target, translator) for target in rule.targets),
        }
    )


def _target(target: RuleTarget, translator: Translator) -> RuleTarget:
    table = SiteMapTable.EVENT_TARGETS
    dead = target.dead_letter
    return target.model_copy(
        update={
            "arn": arn_here(translator, target.arn, f"target {target.id}", table=table),
            "role": translator.optional(SiteMapTable.ROLES, target.role) if target.role else None,
            "input": _document(target.input, translator) if target.input else None,
            "input_template": translator.bound(target.input_template)
            if target.input_template
            else None,
            "dead_letter": arn_here(translator, dead, "dead-letter queue") if dead else None,
            "parameters": _parameters(target, translator),
        }
    )


def _parameters(target: RuleTarget, translator: Translator) -> dict[str, Any]:
    ecs = target.parameters.get("EcsParameters")
    if not ecs:
        return target.parameters
    here = dict(ecs)
    here["TaskDefinitionArn"] = arn_here(
        translator,
        ecs["TaskDefinitionArn"],
        f"task definition of target {target.id}",
        table=SiteMapTable.EVENT_TARGETS,
    )
    network = (ecs.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
    if network:
        here["NetworkConfiguration"] = {
            "awsvpcConfiguration": {
                **network,
                "Subnets": list(translator.subnets(network["Subnets"])),
                "SecurityGroups": list(
                    translator.security_groups(network.get("SecurityGroups") or ())
                ),
            }
        }
    return {**target.parameters, "EcsParameters": here}


def _bus(spec: EventBridgeSpec, bus: Bus, translator: Translator) -> Bus:
    policy = bus.policy
    if policy:
        # the bus itself, and the rules on it, have the same names at both sites
        here = spec.arn.replace(f":{spec.region}:", f":{translator.region}:", 1)
        policy = policy.replace(spec.arn, here)
        policy = _document(policy, translator)
    return bus.model_copy(
        update={
            "policy": policy,
            "kms_key": arn_here(translator, bus.kms_key, "KMS key") if bus.kms_key else None,
            "dead_letter": arn_here(translator, bus.dead_letter, "dead-letter queue")
            if bus.dead_letter
            else None,
        }
    )


def _document(text: str, translator: Translator) -> str:
    """A JSON document with every text in it translated; what is no JSON has its endpoints put."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return translator.bound(text)
    return canonical(_walked(parsed, translator))


def _walked(value: Any, translator: Translator) -> Any:
    if isinstance(value, dict):
        return {name: _walked(item, translator) for name, item in value.items()}
    if isinstance(value, list):
        return [_walked(item, translator) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith("arn:") and f":{translator.translation.source}:" in value:
        return arn_here(translator, value, "ARN in a pattern, an input or a policy")
    return translator.text(value)
