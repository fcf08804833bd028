"""Two buses, one with a global endpoint; a rule, a schedule, and a rule that its owner disabled."""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece


def build(ids: SeededIds, land: Land) -> Piece:
    """Everything in the east; in the west the queues that rules send to, and the endpoint's bus."""
    correct("events")
    correct("sqs")
    from moto.events.models import events_backends  # noqa: PLC0415 - only this piece needs it

    account, prefix = land.app, land.scope.prefix
    site_map: dict[str, dict[str, str]] = {"queues": {}}
    queue = _queue(ids, land, f"{prefix}-events", site_map)
    bus = f"{prefix}-orders"
    backend = events_backends[account][land.primary]
    arns = {
        region: _bus(ids, land, region, bus, land.tags(2, "critical") if home else {})
        for region, home in ((land.primary, True), (land.recovery, False))
    }
    _endpoint(ids, land, bus, list(arns.values()))
    audit = _bus(ids, land, land.primary, f"{prefix}-audit", land.tags(2, "critical"))
    rules = {
        "paid": _rule(
            backend,
            f"{prefix}-paid",
            queue,
            land.tags(2, "high"),
            bus=bus,
            pattern={"source": ["initech.orders"], "region": [land.primary]},
        ),
        "nightly": _rule(
            backend,
            f"{prefix}-nightly",
            queue,
            land.tags(2, "high"),
            schedule="cron(0 3 * * ? *)",
        ),
        "reports": _rule(
            backend,
            f"{prefix}-reports",
            queue,
            land.tags(2, "low"),
            schedule="rate(7 days)",
            state="DISABLED",
        ),
    }
    return Piece(
        facts={
            "account": account,
            "bus": arns[land.primary],
            "audit": audit,
            "queue": queue,
            "rules": rules,
        },
        site_map=site_map,
    )


def _bus(ids: SeededIds, land: Land, region: str, name: str, tags: dict[str, str]) -> str:
    from moto.events.models import events_backends  # noqa: PLC0415 - only this piece needs it

    ids.named(land.app, region, "event-bus", name)
    made = events_backends[land.app][region].create_event_bus(
        name, description=name, tags=names.upper({**land.scope.tags(), **tags})
    )
    made.add_policy(
        {
            "Statement": [
                {
                    "Sid": "shop",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{land.data}:root"},
                    "Action": "events:PutEvents",
                    "Resource": made.arn,
                }
            ]
        }
    )
    return str(made.arn)


def _endpoint(ids: SeededIds, land: Land, name: str, buses: list[str]) -> None:
    """The owner's endpoint, which follows the health of the shop in the east."""
    from moto.route53.models import route53_backends  # noqa: PLC0415 - only this piece needs it

    from drstate.sandbox.aws import eventbridge_endpoints, route53_health  # noqa: PLC0415

    ids.named(land.app, "health-check", name)
    check = route53_health.create(
        route53_backends[land.app]["aws"],
        name,
        {"Type": "HTTPS", "FullyQualifiedDomainName": "shop.initech.example", "Port": 443},
    )
    ids.named(land.app, land.primary, "endpoint", name)
    made = eventbridge_endpoints.endpoint_backends[land.app][land.primary].create(
        name,
        {
            "EventBuses": [{"EventBusArn": arn} for arn in buses],
            "ReplicationConfig": {"State": "DISABLED"},
            "RoutingConfig": {
                "FailoverConfig": {
                    "Primary": {"HealthCheck": f"arn:aws:route53:::healthcheck/{check.id}"},
                    "Secondary": {"Route": land.recovery},
                }
            },
        },
    )
    made.state = eventbridge_endpoints.ACTIVE


def _rule(
    backend: Any,
    name: str,
    queue: str,
    tags: dict[str, str],
    *,
    bus: str = "default",
    pattern: dict[str, Any] | None = None,
    schedule: str | None = None,
    state: str = "ENABLED",
) -> str:
    made = backend.put_rule(
        name,
        event_bus_arn=bus,
        event_pattern=json.dumps(pattern) if pattern else None,
        scheduled_expression=schedule,
        state=state,
        tags=names.upper(tags),
    )
    target = {
        "Id": "queue",
        "Arn": queue,
        "RetryPolicy": {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 3600},
    }
    if schedule:
        target["Input"] = json.dumps({"run": name})
    backend.put_targets(name, bus, [target])
    return str(made.arn)


def _queue(ids: SeededIds, land: Land, name: str, site_map: dict[str, dict[str, str]]) -> str:
    """A queue of that name in both regions. Returns the ARN in the east."""
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 - only this piece needs it

    made = {}
    for region in (land.primary, land.recovery):
        ids.named(land.app, region, "queue", name)
        queue = sqs_backends[land.app][region].create_queue(name, land.scope.tags())
        made[region] = str(queue.queue_arn)
    site_map["queues"][made[land.primary]] = made[land.recovery]
    return made[land.primary]
