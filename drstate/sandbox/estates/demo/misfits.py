"""Resources of the demo that nobody should protect as they are, each wrong in one way.

They must be reported and must not stop the scopes around them.
"""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws.ids import SeededIds

from .app import build_service
from .data import build_cluster, dr_tags
from .names import scope


def build_misfits(ids: SeededIds, facts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Build them. Returns what is wrong, by ARN."""
    wrong: dict[str, str] = {}
    acme, staging = scope("acme", "production"), scope("acme", "staging")
    globex = scope("globex", "production")

    def cluster(where: Any, name: str, tags: dict[str, str], why: str) -> None:
        around = facts[f"{where.customer.name}/{where.environment}"]["data"]["us-east-1"]
        made = build_cluster(ids, where, name, {**where.tags(), **tags}, around, 0)
        wrong[made.db_cluster_arn] = why

    def service(where: Any, name: str, tags: dict[str, str], why: str) -> None:
        east = facts[f"{where.customer.name}/{where.environment}"]["app"]["us-east-1"]
        made = build_service(
            ids, where, east, east["task_definitions"]["web"], name, 1, {**where.tags(), **tags}
        )
        wrong[made] = why

    cluster(
        staging,
        "acme-staging-reports",
        dr_tags("first", "low"),
        "dr:wave is not a number",
    )
    cluster(
        acme,
        "acme-production-scratch",
        {**dr_tags("1", "low"), "dr:enabled": "false"},
        "protection is switched off",
    )
    service(globex, "globex-production-batch", dr_tags("3", "urgent"), "dr:priority is unknown")
    service(
        acme,
        "acme-prod-legacy",
        {**dr_tags("2", "low"), "Environment": "prod"},
        "Environment names no known scope",
    )
    service(
        acme,
        "globex-production-guest",
        {**dr_tags("2", "high"), "Customer": "globex"},
        "belongs to another customer than its account",
    )
    return wrong
