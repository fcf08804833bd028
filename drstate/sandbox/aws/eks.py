"""EKS: clusters that are found by their tags. Everything else is moto's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.eks.models import EKSBackend, eks_backends


class TaggedEksBackend(TaggableResourcesMixin, EKSBackend):  # type: ignore[misc]
    """moto's, known to the tagging service and to Resource Explorer."""

    SERVICE_NAMESPACE: ClassVar[str] = "eks"

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Every cluster."""
        for cluster in self.clusters.values():
            yield TaggedResource(cluster.arn, dict(cluster.tags or {}), "eks:cluster")


def install() -> None:
    """Have backends that are made from now on be of this kind."""
    eks_backends.backend = TaggedEksBackend
