"""RDS resources that moto does not name to the tagging API, and tags it does not find.

Global clusters belong to no region: their tags are read and changed in every one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.rds.models import RDSBackend

from . import rds_global as groups

_iter_tagged_resources = RDSBackend.iter_tagged_resources
_get_resource_for_tagging = RDSBackend._get_resource_for_tagging  # noqa: SLF001 - the one place


class Tagged:
    """Put on moto's RDSBackend."""

    def _get_resource_for_tagging(self: Any, arn: str) -> Any:
        if ":global-cluster:" in arn:
            return groups.find(self.account_id, arn)
        return _get_resource_for_tagging(self, arn)

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """What moto names, and groups and global clusters; automatic snapshots stay out."""
        seen = set()
        for resource in _iter_tagged_resources(self):
            seen.add(resource.arn)
            # their names begin with "rds:"
            if ":snapshot:rds:" not in resource.arn:
                yield resource
        more = (
            ("rds:subgrp", self.subnet_groups),
            ("rds:cluster-pg", self.db_cluster_parameter_groups),
            ("rds:global-cluster", self.global_clusters),
        )
        for kind, held in more:
            for one in held.values():
                if one.arn not in seen:
                    tags = {tag["Key"]: tag["Value"] for tag in one.tags or []}
                    yield TaggedResource(arn=one.arn, tags=tags, resource_type=kind)
