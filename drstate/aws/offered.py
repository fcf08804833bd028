"""In which regions a service is offered, as botocore's own data tell. No call is made."""

from __future__ import annotations

from functools import cache

import botocore.session


@cache
def regions_of(service: str) -> frozenset[str]:
    """Regions of the commercial partition with an endpoint of the service; empty: not known."""
    return frozenset(botocore.session.Session().get_available_regions(service))
