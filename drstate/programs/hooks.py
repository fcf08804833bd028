"""The specs of hooks: what is run, as it was found at the source. Nothing is declared."""

from __future__ import annotations

from drstate.model.spec import Spec


class DocumentSpec(Spec):
    """An automation document of Systems Manager."""

    document: str
    #: of its content: a changed document is a new version of the spec
    content_hash: str
    #: parameters that it takes, and which of them have no default
    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class FunctionSpec(Spec):
    """A Lambda function."""

    function: str
    code_sha256: str
    #: seconds after which Lambda ends it
    timeout_seconds: int


class LocalSpec(Spec):
    """A request or a program of the owner's, as the scope file has it."""

    #: of what is run, which may hold what is better not copied
    digest: str
