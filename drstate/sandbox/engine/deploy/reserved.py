"""What the engine writes into the inputs of provider resources for itself.

It is what the Pulumi CLI writes, so that a stack changes hands without a difference: the version at
the top, where plugins see it, everything else under one key that no plugin is shown and that is
never part of outputs. States of older engines lack the key; its absence is no difference.
"""

from __future__ import annotations

from .values import Properties

INTERNAL = "__internal"


def with_package(inputs: Properties, version: str, download_url: str) -> Properties:
    """The inputs of a provider with the version and source of its plugin, as far as they are set.

    Raises nothing; without either the inputs are as they were.
    """
    if not version and not download_url:
        return inputs
    held = inputs.get(INTERNAL)
    internal = dict(held) if isinstance(held, dict) else {}
    if download_url:
        internal["pluginDownloadURL"] = download_url
    return {**inputs, **({"version": version} if version else {}), INTERNAL: internal}


def for_plugin(properties: Properties) -> Properties:
    """The properties without what is the engine's own."""
    return {key: item for key, item in properties.items() if key != INTERNAL}
