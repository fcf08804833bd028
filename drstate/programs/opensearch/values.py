"""The spec in the terms of the site, and the nodes at each level.

The values of a capacity are for program and adapter both: in an emergency no stack sets them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from drstate.model.scope import SiteMapTable
from drstate.programs.levels import Level, level
from drstate.programs.opensearch.spec import LogTarget, Nodes, OpenSearchPolicy, OpenSearchSpec, Way
from drstate.programs.translator import Translator


def nodes_at(spec: OpenSearchSpec, policy: OpenSearchPolicy, at: Level) -> Nodes:
    """What the domain runs on at a level: zones stay, so that data nodes divide by them."""
    if at is not Level.STANDBY:
        return spec.nodes
    count = policy.standby_instance_count or spec.nodes.instance_count
    zones = max(spec.nodes.zones, 1)
    return spec.nodes.model_copy(
        update={
            "instance_type": policy.standby_instance_type or spec.nodes.instance_type,
            # AWS wants as many nodes in every zone
            "instance_count": -(-count // zones) * zones,
        }
    )


@dataclass(frozen=True)
class OpenSearchValues:
    """The domain at the site."""

    nodes: Nodes
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    kms_key: str | None
    certificate: str | None
    access_policies: str | None
    master_user: str | None
    logs: tuple[LogTarget, ...]


def opensearch_values(spec: OpenSearchSpec, translator: Translator) -> OpenSearchValues:
    """Translate; what is missing is collected in ``translator.problems``."""
    policy = translator.policy("opensearch", OpenSearchPolicy)
    if spec.fine_grained and policy.master_user_arn is None:
        _missing(
            translator,
            "master_user_arn",
            f"AWS does not tell who the master user of {spec.domain} is",
        )
    if spec.way is Way.SNAPSHOT:
        regions = translator.shard.regions
        lacking = {regions.primary, regions.recovery} - set(policy.snapshot_buckets)
        for region in sorted(lacking):
            _missing(
                translator,
                f"snapshot_buckets.{region}",
                f"{spec.domain} has no peer, and nobody says which bucket in {region} receives "
                "its snapshots",
            )
        if policy.snapshot_role is None:
            _missing(
                translator,
                "snapshot_role",
                f"nobody says with which role {spec.domain} reaches its snapshots",
            )
    return OpenSearchValues(
        nodes=nodes_at(spec, policy, level(translator.shard.site_state)),
        subnets=translator.subnets(spec.subnets),
        security_groups=translator.security_groups(spec.security_groups),
        kms_key=translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.encrypted and spec.kms_key
        else None,
        certificate=translator.arn(
            SiteMapTable.CERTIFICATES, spec.certificate, "certificate of the custom endpoint"
        )
        if spec.certificate
        else None,
        access_policies=_policies(spec, translator),
        master_user=policy.master_user_arn if spec.fine_grained else None,
        logs=tuple(
            one.model_copy(
                update={
                    "log_group": translator.arn(
                        SiteMapTable.LOG_GROUPS, one.log_group, f"log group of {one.type}"
                    )
                }
            )
            for one in spec.logs
        ),
    )


def _policies(spec: OpenSearchSpec, translator: Translator) -> str | None:
    """The access policy, with the domain's own ARN and what the site map knows."""
    if spec.access_policies is None:
        return None
    document = json.loads(spec.access_policies)
    here = spec.domain_arn(translator.region)

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        if not isinstance(value, str):
            return value
        if value == spec.arn or value.startswith(f"{spec.arn}/"):
            return here + value[len(spec.arn) :]
        return translator.text(value)

    return json.dumps(moved(document), sort_keys=True)


def _missing(translator: Translator, field: str, what: str) -> None:
    full = f"policies.opensearch.{field}"
    translator.problems.append(
        translator.problem(full, f"{what} ({full})", f"Add {full} to {translator.scope_file}.")
    )
