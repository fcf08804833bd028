"""One resource of every technology for initech/production, a module per technology.

Each module has ``build(ids, land) -> Piece``. The order is that of building; a piece may not count
on another one.
"""

from __future__ import annotations

#: modules of this package
PIECES: tuple[str, ...] = (
    "security_group",
    "efs",
    "ssm",
    "lambda_hook",
)
