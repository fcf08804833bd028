"""The protocol's generated stubs, without the SDK around them.

Why it exists: importing ``pulumi.runtime.proto`` runs ``pulumi/__init__``, which loads the whole
SDK (about 0.3 s), and one plugin process is started per shard. A plugin needs the message classes
only. Where the SDK is already loaded (tests, an engine in the same process) its own modules are
used, so that no message type is ever registered twice.

It refuses nothing; it never shadows an SDK that somebody in this process may still want, because
``bare_packages`` is called by the plugin's own ``main`` only.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types

#: Packages whose ``__init__`` is skipped, outermost first.
_SHELLS = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def bare_packages() -> bool:
    """Put empty packages in place of the SDK's; False if the SDK is loaded already."""
    if "pulumi" in sys.modules:
        return False
    path: list[str] | None = None
    shells: dict[str, types.ModuleType] = {}
    for name in _SHELLS:
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.submodule_search_locations is None:
            return False
        path = list(spec.submodule_search_locations)
        shell = types.ModuleType(name)
        shell.__path__ = path
        shells[name] = shell
    sys.modules.update(shells)
    return True
