"""What a resource uses that is paid by the hour or the month, and what a clean-up saves of it.

``Running`` is what a technology says of itself: quantities, no money. ``Savings`` is what a plan
tells people: money per month, from list prices, with everything that could not be estimated named.
"""

from __future__ import annotations

from collections.abc import Iterator

from drstate.model.base import Value
from drstate.model.prices import AS_OF, REGION, SOURCE


class Usage(Value):
    """So many units of something with a price, for as long as the state lasts."""

    #: for people: ``2 x db.r6g.large``
    what: str
    #: of the price list: ``aurora/db.r6g.large``
    price: str
    quantity: float


class Running(Value):
    """What a resource uses in one state of its site."""

    usages: tuple[Usage, ...] = ()
    #: what costs as well, and why nobody can tell how much
    unknown: tuple[str, ...] = ()
    #: what was done to it in this state: ``stopped``, ``scaled to zero``; empty: nothing
    done: str = ""
    #: what people should know of this state
    note: str = ""


class ResourceSavings(Value):
    """What a clean-up saves of one resource, in USD per month."""

    resource: str
    before_usd: float = 0.0
    after_usd: float = 0.0
    #: the difference of the two
    saved_usd: float = 0.0
    #: what the clean-up does: ``stopped``, ``kept``
    done: str
    #: what is no longer paid for
    gone: tuple[str, ...] = ()
    #: what stays and still costs, with its price where that is known
    stays: tuple[str, ...] = ()
    #: what is not in the figures, and why
    unknown: tuple[str, ...] = ()
    note: str = ""


class Savings(Value):
    """What a CLEANUP saves per month, as it was planned. Sums are of what is estimated, in USD."""

    region: str
    before_usd: float
    after_usd: float
    saved_usd: float
    resources: tuple[ResourceSavings, ...]
    #: where the prices come from
    source: str = SOURCE
    price_region: str = REGION
    as_of: str = AS_OF
    #: what of the list price is paid
    of_list: float = 1.0
    #: keys that the scope file has its own prices of
    own: tuple[str, ...] = ()

    def told(self) -> Iterator[ResourceSavings]:
        """Resources with anything to tell: what saves most first."""
        rows = (row for row in self.resources if row.gone or row.stays or row.unknown)
        yield from sorted(rows, key=lambda row: (-row.saved_usd, row.resource))

    @property
    def free(self) -> tuple[str, ...]:
        """Keys of resources of which nothing costs by the hour."""
        told = {row.resource for row in self.told()}
        return tuple(row.resource for row in self.resources if row.resource not in told)


class Reached(Value):
    """USD per month that are saved by now, and what is still in the way of the rest."""

    saved_usd: float
    #: keys of resources that would save something and are not cleaned up (yet)
    open: tuple[str, ...] = ()
