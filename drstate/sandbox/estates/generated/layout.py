"""Who owns what in a generated estate: customers, accounts, scopes, and how much each scope has.

Names and numbers only; nothing is built here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.naming import Named

from .options import Options

#: of so many accounts one has no Resource Explorer: there discovery has to fall back
NOT_INDEXED_EVERY = 7


@dataclass(frozen=True)
class Owner(Named):
    """A customer and its workload accounts."""

    name: str
    external_id: str
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One scope in one account, and how many tagged resources it gets there."""

    owner: Owner
    environment: str
    account: str
    resources: int

    @property
    def scope(self) -> str:
        """As in `customer-01/production`."""
        return f"{self.owner.name}/{self.environment}"

    @property
    def number(self) -> int:
        """The account's place among its customer's, from 1: names carry it."""
        return self.owner.accounts.index(self.account) + 1

    def demo_scope(self) -> names.DemoScope:
        """The same as the demo's builders want it: everything in one account."""
        customer = names.Customer(
            self.owner.name, self.account, self.account, self.owner.external_id
        )
        return names.DemoScope(customer, self.environment)


def owners(options: Options) -> tuple[Owner, ...]:
    """The customers; accounts are dealt out to them in turn."""
    width = max(2, len(str(options.customers)))
    found = []
    for index in range(options.customers):
        name = f"customer-{index + 1:0{width}d}"
        secret = sha256(f"{options.seed}|{name}".encode()).hexdigest()[:8]
        accounts = tuple(
            f"4{index + 1:05d}{number + 1:06d}"
            for number, turn in enumerate(range(index, options.accounts, options.customers))
            if turn < options.accounts
        )
        found.append(Owner(name, f"{name}-{secret}", accounts))
    return tuple(found)


def places(options: Options) -> Iterator[Place]:
    """Every scope in every account of its customer; resources are spread evenly."""
    spots = [
        (owner, environment, account)
        for owner in owners(options)
        for environment in options.environments
        for account in owner.accounts
    ]
    each, more = divmod(options.resources, len(spots))
    for index, (owner, environment, account) in enumerate(spots):
        yield Place(owner, environment, account, each + (index < more))


def indexed(position: int) -> bool:
    """Whether the `position`-th of all accounts, from 0, has Resource Explorer."""
    return position % NOT_INDEXED_EVERY != NOT_INDEXED_EVERY - 1
