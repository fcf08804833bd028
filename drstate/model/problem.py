"""A problem that keeps a resource from being declared, found before anything runs."""

from __future__ import annotations

from drstate.model.base import Value


class Problem(Value):
    """What one resource lacks, where the mend goes, and the edit itself."""

    #: key of the resource
    resource: str
    #: where the mend goes: a file, and the field in it
    file: str
    field: str
    #: one sentence
    what: str
    #: the edit that mends it
    hint: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.what}. {self.hint}"
