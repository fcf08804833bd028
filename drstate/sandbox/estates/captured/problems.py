"""What a captured scope cannot be rebuilt for. Nothing is left out instead."""

from __future__ import annotations

from drstate.errors import ConfigError


def cannot(resource: str, field: str, why: str) -> ConfigError:
    """The error that names what cannot be made: of which resource, which field, and why."""
    return ConfigError(
        f"{resource}: {field} cannot be rebuilt in a sandbox",
        why=why,
        hint="capture the scope anew and export it again: drstate capture, drstate sandbox export",
    )


def refused(resource: str, field: str, error: Exception) -> ConfigError:
    """The same for what the emulation itself refused to make."""
    words = " ".join(str(error).split())[:300]
    return cannot(resource, field, f"the sandbox refuses it: {type(error).__name__}: {words}")
