"""Where the files of scopes are, relative to the project: the one place that knows it.

A path is made of names that may be wrong (somebody typed them); whether the file exists is asked by
whoever reads it.
"""

from __future__ import annotations

#: the folder of scope files, and of what Pulumi keeps of each stack
STACKS = "stacks"


def scope_path(customer: str, environment: str) -> str:
    """The file that describes a scope."""
    return f"{STACKS}/{customer}/{environment}.yaml"


def groups_path(customer: str, environment: str) -> str:
    """The file of a scope's protection groups; it need not exist."""
    return f"{STACKS}/{customer}/{environment}.groups.yaml"
