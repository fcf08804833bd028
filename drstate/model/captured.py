"""The file that carries a scope into a sandbox: its scope file and its catalog, and no secret.

Whoever writes one (``execution.exporting``) and whoever reads it (the sandbox) mean the same by
it. It is input like any other: its size is bounded, and what is unknown in it is refused.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from drstate.model.base import Value

SCHEMA: Literal["drstate.captured/1"] = "drstate.captured/1"
#: bytes of the whole file
LARGEST = 64 * 1024 * 1024
#: characters of the scope file, and of the file of groups
LARGEST_TEXT = 4 * 1024 * 1024
#: what is written in the place of an external id: ``captured-…``
EXTERNAL_ID_PREFIX = "captured-"


class CapturedFile(Value):
    """A scope as its file and the journal's catalog have it."""

    schema_: Literal["drstate.captured/1"] = Field(alias="schema")
    #: the scope file's text; its external ids are replaced
    scope: str = Field(max_length=LARGEST_TEXT)
    #: its place below stacks/
    path: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}/[a-z]{1,20}\.yaml$")
    #: text of the file of protection groups; empty: there is none
    groups: str = Field(default="", max_length=LARGEST_TEXT)
    #: as ``Catalog`` has it
    catalog: dict[str, Any]
