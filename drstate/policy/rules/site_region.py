"""Everything in a site's stack is in the site's region.

What spans both sites is in a stack of its own, whose name has no region: it is passed by. Neither
is anything said where no region is known: a provider without one has it from the environment.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.model.declared import UNKNOWN, Declared
from drstate.policy.rule import Rule


def _check(resource: Declared) -> Iterable[str]:
    wanted = resource.place.region
    if wanted is None or not resource.type.startswith("aws:"):
        return
    # the resource's own region is stronger than its provider's
    found = resource.inputs.get("region") or resource.provider_region
    if found not in (None, UNKNOWN, wanted):
        yield f"is in {found}, not in {wanted}"


RULE = Rule(
    id="site-region",
    title="everything of a site is in the site's region",
    why="what is in the region that failed is not there when it is needed",
    hint="declare it with the shard's own provider; what spans both sites belongs in the global "
    "stack",
    check=_check,
)
