"""One account and region to call, and the few shapes of answers that all adapters share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError
from drstate.model.plan import Call, Plane

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


@dataclass(frozen=True)
class At:
    """Calls that go to one account and region."""

    aws: AwsCaller
    account: str
    region: str

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """One call; parameters have the API's names. Raises AwsCallError."""
        return self.aws.call(service, operation, account=self.account, region=self.region, **params)

    def pages(
        self, service: str, operation: str, result_key: str, /, **params: Any
    ) -> Iterator[dict[str, Any]]:
        """All items of a paginated call."""
        return self.aws.pages(
            service, operation, result_key, account=self.account, region=self.region, **params
        )

    def find(self, service: str, operation: str, /, *absent: str, **params: Any) -> dict[str, Any]:
        """As ``call``, but an error whose code is among ``absent`` answers an empty dict."""
        try:
            return self.call(service, operation, **params)
        except AwsCallError as error:
            if error.aws_code in absent:
                return {}
            raise


def calls(service: str, region: str, *operations: str, plane: Plane = Plane.CONTROL) -> list[Call]:
    """Calls of one service in one region, as plans tell them."""
    return [
        Call(service=service, operation=operation, region=region, plane=plane)
        for operation in operations
    ]
