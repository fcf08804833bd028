"""What a reviewer of a change is shown of one scope. ``drstate.preview/1``, with more fields.

Values only; ``execution.reviewing`` fills them, ``report.comment`` writes them down.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.events import ErrorInfo
from drstate.model.phases import Phase
from drstate.model.recovery import RecoveryTime
from drstate.model.scope import Environment, ScopeKey
from drstate.report.preview import PlanPreview, RefusalView
from drstate.report.readiness import Readiness


class Touch(Value):
    """A file that changed, and why it concerns a scope."""

    path: str
    why: str


class Predicted(Value):
    """A predicted recovery time, or why there is none."""

    time: RecoveryTime | None = None
    #: where there is none
    why: str = ""


class Review(Value):
    """One scope, as a pull request would leave it."""

    scope: ScopeKey
    phases: tuple[Phase, ...] = ()
    #: why these phases, where nobody named them
    phases_why: str = ""
    #: what is compared with, as it was named; "" where nothing is
    base: str = ""
    changed_by: tuple[Touch, ...] = ()
    preview: PlanPreview | None = None
    #: why there is no preview
    error: ErrorInfo | None = None
    #: the scope's file is gone, and nothing of it is protected: there is nothing to preview
    gone: bool = False
    recovery: Predicted = Predicted()
    base_recovery: Predicted = Predicted()
    readiness: Readiness | None = None
    #: why there is no statement
    readiness_why: str = ""
    #: what a start would be refused for at this moment: a maintenance window, another execution
    not_now: tuple[RefusalView, ...] = ()
    notices: tuple[str, ...] = ()
    sandbox: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing would change. What could not be looked at is not empty."""
        if self.preview is None:
            return self.gone
        return self.preview.empty and not self.refused

    @property
    def refused(self) -> bool:
        """Whether a run of this would be refused, or could not be previewed whole."""
        if self.preview is None:
            return not self.gone
        found = self.preview
        return bool(found.refusals or found.errors or found.plan.unreached)

    def document(self) -> dict[str, Any]:
        """The preview's own document and what a review adds, JSON-ready; the schema is apart."""
        own = self.model_dump(mode="json", by_alias=True, exclude={"preview"})
        seen = {}
        if self.preview is not None:
            seen = self.preview.model_dump(mode="json", by_alias=True, exclude={"schema_"})
        return {**own, "empty": self.empty, "refused": self.refused, **seen}


class IndexRow(Value):
    """One scope in the index of written reviews."""

    customer: str
    environment: Environment
    #: paths of the files that touch it
    changed_by: tuple[str, ...] = ()
    empty: bool
    refused: bool
    #: of the comment
    bytes: int
    #: name of the comment's file; the whole is beside it, as ``.json``
    file: str


class Index(Value):
    """``index.json``: the reviews that were written together, for what posts them."""

    schema_: str = Field(default="drstate.preview-index/1", alias="schema")
    base: str = ""
    scopes: tuple[IndexRow, ...] = ()
