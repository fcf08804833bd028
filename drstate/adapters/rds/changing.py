"""What every action on an RDS instance has in common: where it works, and how it waits.

RDS refuses a change while another one, or a backup, goes on. So a change waits until the instance
is available, and if RDS refuses all the same because something else began, it waits again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.at import At
from drstate.adapters.rds import reading
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.programs.rds import RdsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a forced promotion needs
DATA_LOSS = "data-loss"
REPLICATE = "create the replica first: drstate up --phase replicate"
FORCE = "if that region is lost: drstate up --phase activate --force"
_BUSY = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})


class RdsAction(Action):
    """An action on one instance at one site; ``other`` is the region of the other site."""

    def __init__(self, entry: CatalogEntry, spec: RdsSpec, region: str, other: str) -> None:
        self.account = entry.resource.account
        self.db = spec
        self.region = region
        self.other = other

    def here(self, aws: AwsCaller) -> At:
        """Calls to the site that is acted on."""
        return At(aws, self.account, self.region)

    def there(self, aws: AwsCaller) -> At:
        """Calls to the other site."""
        return At(aws, self.account, self.other)

    def change(
        self, run: RunContext, at: At, identifier: str, what: str, call: Callable[[], Any]
    ) -> None:
        """Make one change of an instance as soon as RDS takes it."""

        def attempt() -> bool | None:
            found = present(at, identifier)
            if found.status not in reading.PASSING:
                raise OperationError(
                    f"{what}: {identifier} in {at.region} is {found.status}",
                    why="RDS changes an instance only while it is available",
                    hint=f"aws rds describe-events --source-type db-instance --region {at.region}",
                )
            if found.status != reading.AVAILABLE:
                return None
            try:
                call()
            except AwsCallError as error:
                if error.aws_code in _BUSY:
                    return None
                raise
            return True

        run.wait(
            attempt,
            what=f"{identifier} in {at.region} to be available, in order to {what}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"a backup or another change goes on in {at.region}; then: drstate resume",
        )

    def until(
        self,
        run: RunContext,
        at: At,
        identifier: str,
        what: str,
        so: Callable[[reading.Instance], bool],
    ) -> reading.Instance:
        """Wait until the instance exists and is so."""

        def seen() -> reading.Instance | None:
            found = reading.instance(at, identifier)
            return found if found is not None and so(found) else None

        return run.wait(
            seen,
            what=f"{identifier} in {at.region} to be {what}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws rds describe-events --source-type db-instance --region {at.region}; "
            "then: drstate resume",
        )


def present(at: At, identifier: str) -> reading.Instance:
    """The instance. Raises OperationError where there is none."""
    found = reading.instance(at, identifier)
    if found is None:
        raise OperationError(
            f"there is no DB instance {identifier} in {at.region}",
            why="DescribeDBInstances does not know it",
            hint="drstate up --phase replicate makes it",
        )
    return found


def is_available(found: reading.Instance) -> bool:
    """Whether it takes changes now."""
    return found.status == reading.AVAILABLE
