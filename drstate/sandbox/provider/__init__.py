"""The sandbox's ``aws`` provider plugin: the resource types that programs declare, over botocore.

It exists so that programs written with pulumi_aws run unchanged against the emulated AWS, without
the real plugin. Property names are pulumi_aws's own, and it refuses every name it does not know.
It is a process of its own (``main``); this package's only function tells where to start it.
"""

from __future__ import annotations

from pathlib import Path

from drstate.sandbox.provider.folder import plugin_folder as _plugin_folder

__all__ = ["plugin_folder"]


def plugin_folder(home: Path | None = None) -> Path:
    """The folder with the executable ``pulumi-resource-aws``, for ``plugins.providers[].path``.

    ``home``: where to put it, if not in the user's cache. It is written when it is not there yet;
    raises OSError if it cannot be.
    """
    return _plugin_folder(home)
