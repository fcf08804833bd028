"""What a resource type of this plugin is: a table of properties and five AWS-facing methods.

One subclass per type, in ``services/``, listed in ``registry``. A subclass says how AWS is called;
everything that all types share (Check, Diff, state, tags, previews) is done elsewhere from the
table. A type never sees secrets' wrappers, unknowns, or the protocol's messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from drstate.sandbox.provider.problems import ProviderError
from drstate.sandbox.provider.schema import Prop
from drstate.sandbox.provider.sessions import Sessions
from drstate.sandbox.provider.waiting import Clock, Waiter, interval_for
from drstate.sandbox.provider.wire import Values


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a wait may take where customTimeouts say nothing."""

    create: float = 1200.0
    update: float = 1200.0
    delete: float = 1200.0


@dataclass(frozen=True)
class Found:
    """A resource as AWS shows it.

    ``values``: what can be observed, under pulumi_aws's names; ``None`` means observed to be
    absent, a missing key means that AWS does not tell. ``tags_all``: None where it has none.
    """

    ident: str
    values: Values
    tags_all: Mapping[str, str] | None = None


class Call:
    """One operation on one resource: where it works and how long it may take."""

    def __init__(
        self,
        sessions: Sessions,
        region: str,
        clock: Clock,
        *,
        limit: float,
        name: str,
        unique: Callable[[], str],
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self.region = region
        self.limit = limit
        self.name = name
        #: a new unique text at each call, for caller references and client tokens
        self.unique = unique

    def client(self, service: str, region: str = "") -> Any:
        """A client of the service in the resource's region, or another one."""
        return self._sessions.client(service, region or self.region)

    @property
    def waiter(self) -> Waiter:
        """A waiter whose pace suits the AWS that is used."""
        return Waiter(self._clock, interval_for(self._sessions.endpoint))

    @property
    def account(self) -> str:
        """The account's id."""
        return self._sessions.identity()["Account"]

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self._sessions.identity()["Arn"].split(":")[1]


class ResourceType(ABC):
    """A resource type. Class attributes are its table; methods its AWS calls."""

    #: the type as URNs and programs name it
    urn_type: ClassVar[str]
    #: as messages name it, "RDS Cluster"
    title: ClassVar[str]
    props: ClassVar[Mapping[str, Prop]]
    #: values that only AWS gives
    outputs: ClassVar[Mapping[str, Prop]]
    timeouts: ClassVar[Timeouts] = Timeouts()
    #: the input that names it at AWS; made up from the resource's name where it is not given
    name_property: ClassVar[str] = ""
    #: inputs that take the place of the name, so that none is made up
    name_prefix: ClassVar[str] = ""
    #: whether names are made up at all
    autoname: ClassVar[bool] = False
    #: outputs that an update never changes
    stable: ClassVar[tuple[str, ...]] = ("arn",)
    #: outputs that a change of the input named as key may change (shown unknown in a preview)
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @property
    def regional(self) -> bool:
        """Whether it takes a region of its own."""
        return "region" in self.props

    @property
    def tagged(self) -> bool:
        """Whether it has tags."""
        return "tagsAll" in self.outputs

    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:  # noqa: ARG002 - for overriding
        """Rules between properties: (property, reason) of each one broken."""
        return ()

    @abstractmethod
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        """Make it and wait until it can be used; its id. ``tags`` are all its tags.

        Raises NotReadyError if it was made but does not become usable.
        """

    @abstractmethod
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        """What AWS has, or None.

        ``state`` is empty for an import; then ``ident`` may be in the import's format.
        """

    @abstractmethod
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Change the properties named, and wait until that is done. Tags are not its business."""

    @abstractmethod
    def delete(self, call: Call, ident: str, state: Values) -> None:
        """Delete it and wait until it is gone. One that is gone already is no failure."""

    def retag(
        self,
        call: Call,  # noqa: ARG002 - for overriding
        ident: str,
        state: Values,  # noqa: ARG002 - for overriding
        put: Mapping[str, str],  # noqa: ARG002 - for overriding
        drop: list[str],  # noqa: ARG002 - for overriding
    ) -> None:
        """Set and remove tags. Types without tags are never asked to, and leave it out."""
        raise ProviderError(f"{self.title} ({ident}) takes no tags")

    def await_gone(self, call: Call, ident: str, look: Callable[[], object]) -> None:
        """Wait until ``look`` finds nothing any more, for as long as the call may take."""
        call.waiter.until(
            f"{self.title} ({ident}) to be gone", call.limit, lambda: None if look() else True
        )
