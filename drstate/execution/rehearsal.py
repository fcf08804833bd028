"""Which aws plugin a rehearsal runs on: the sandbox's own, or the real one pointed at the sandbox.

It refuses what cannot work: the embedded engine has no way to find an installed plugin.
"""

from __future__ import annotations

from collections.abc import Mapping

from drstate.errors import ConfigError

VARIABLE = "DRSTATE_SANDBOX_PROVIDER"
OWN, REAL = "sandbox", "aws"


def real_provider_wanted(env: Mapping[str, str], engine: str | None) -> bool:
    """Whether the real plugin is asked for. Raises ConfigError for a value or engine of no use."""
    wanted = env.get(VARIABLE) or OWN
    if wanted not in (OWN, REAL):
        raise ConfigError(
            f"{VARIABLE}={wanted!r} is no aws plugin",
            why=f"there are {OWN} (the sandbox's own, the default) and {REAL} (the real one)",
            hint=f"unset {VARIABLE}",
        )
    if wanted == REAL and engine == "embedded":
        raise ConfigError(
            f"{VARIABLE}={REAL} does not go with the embedded engine",
            why="only the Pulumi CLI finds and starts an installed plugin",
            hint=f"use --engine pulumi, or unset {VARIABLE}",
        )
    return wanted == REAL


def rehearsal_environment(endpoint: str) -> dict[str, str]:
    """What the engine and the programs of a rehearsal with the real plugin are told besides."""
    return {
        # the name is the programs' own; importing it there costs seconds
        "DRSTATE_PROVIDER_ENDPOINT": endpoint,
        # a plugin that is missing is an error with a remedy at once, not a download on the way
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
