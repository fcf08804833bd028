"""The typed snapshot of a source resource's configuration.

A technology adds one file to this folder with a subclass of ``Spec`` and one line to its adapter's
header (``spec_type``). Standby is declared from specs; production capacity comes from them; an
emergency needs nothing else.
"""

from __future__ import annotations

from datetime import datetime

from drstate.model.base import Value


class Spec(Value):
    """What every spec has. Subclasses add the configuration itself."""

    #: region in which the configuration was read
    region: str
    captured_at: datetime
    #: endpoint name (``writer``, ``reader``) -> host name at the captured site; later shards find
    #: these texts in their own configuration and put the other site's endpoint in their place
    endpoints: dict[str, str] = {}

    def same_configuration(self, other: Spec) -> bool:
        """Whether the two differ in nothing but the time of capture."""
        skip = {"captured_at"}
        return type(self) is type(other) and self.model_dump(exclude=skip) == other.model_dump(
            exclude=skip
        )
