"""Where the server process begins: what must be so before moto is imported, then the server."""

from __future__ import annotations

import gc
import logging
import os
from importlib import import_module

from . import regions

# Catalogues that no estate uses, and that moto would read into every account.
_SETTINGS = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "false",
}


def main() -> None:
    """Serve until SIGTERM, and end the process."""
    # Loading modules and building an estate makes many objects and no garbage.
    gc.disable()
    os.environ.update(_SETTINGS)
    regions.install()
    code = import_module("drstate.sandbox.server").main()
    logging.shutdown()
    # Nothing is left to save, and taking the emulation apart object by object is slow.
    os._exit(code)


if __name__ == "__main__":
    main()
