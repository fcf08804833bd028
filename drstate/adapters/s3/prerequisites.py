"""What to know before a bucket is protected or traffic goes to it: what is missing there.

Reads only. Before ACTIVATE nothing is asked of the other region: it may be gone.
"""

from __future__ import annotations

from datetime import datetime

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.s3 import health, reading
from drstate.model.health import ResourceStatus
from drstate.programs.s3.rules import Rule

#: beyond S3's promise with replication time control
_LATE_SECONDS = 900.0


def before_replicate(there: At, source: str, rule: Rule) -> tuple[Health, ...]:
    """Whether there are objects that a new rule will not replicate."""
    if reading.rule(reading.configuration(there, source), rule.id) is not None:
        return ()
    held = there.find("s3", "list_objects_v2", *reading.ABSENT, Bucket=source, MaxKeys=1)
    if not held.get("KeyCount"):
        return ()
    return (
        Health(
            ResourceStatus.DEGRADED,
            f"bucket {source} has objects already, and a new rule replicates only what is written "
            "from then on",
            f"once the rule is there, run S3 Batch Replication for {rule.id} of {source}",
        ),
    )


def before_activate(here: At, source: str, rule: Rule, now: datetime) -> tuple[Health, ...]:
    """Whether the bucket is there, and how far it is behind."""
    there = health.bucket_health(here, rule.destination)
    if not there.ok:
        return (there,)
    lag, pending = reading.measured(here, source, rule.destination, rule.id, now)
    facts = {"lag_seconds": lag, "pending_bytes": pending}
    if lag is not None and lag > _LATE_SECONDS:
        return (
            Health(
                ResourceStatus.DEGRADED,
                f"{rule.destination} is {lag:.0f} s behind {source}",
                "wait until it has caught up, or go on: what is missing arrives later",
                facts,
            ),
        )
    return (Health(ResourceStatus.HEALTHY, f"{rule.destination} follows", facts=facts),)
