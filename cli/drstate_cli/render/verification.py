"""Whether a plan is VERIFIED, as text: the verdict, and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.render.words import remedy

if TYPE_CHECKING:
    from drstate.model.rehearsed import Verification


def verification_lines(found: Verification | None) -> list[str]:
    """Nothing where it was not asked."""
    return [] if found is None else [found.said, *remedy("", found.mend)]
