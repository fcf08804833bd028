"""Builds a captured scope: its roles, what serves, and what the site map says is there.

The file comes from somebody else's hands. Its size is bounded, it is read as data and held to the
models of scope file, catalog and specs before anything is built, and nothing in it is evaluated.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drstate.errors import DrstateError
from drstate.model.catalog import CatalogEntry
from drstate.model.resource import module_of
from drstate.sandbox.aws.explorer import explorer_backends
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.estate import Estate

from . import file as captured_file
from . import landing, probing, quotas, roles
from .ground import Ground
from .pieces import PIECES
from .problems import cannot, refused
from .site import Captured

#: fields of specs that say how many of something there are, and how many are emulated
_COUNTS = ("desired_count", "desired", "shards", "replicas")
_MOST = 5_000


def build(ids: SeededIds, options: str = "") -> Estate:
    """Build the scope of the file ``options`` names, into empty backends.

    Raises ConfigError naming file, resource and field of what cannot be rebuilt.
    """
    held = captured_file.read(Path(options))
    site = Captured(
        ids=ids,
        scope=held.scope,
        catalog=held.catalog,
        serving=held.catalog.serving,
        ground=Ground(held.scope, held.catalog, held.catalog.serving),
    )
    known = {name: [] for name in PIECES}  # type: dict[str, list[CatalogEntry]]
    for entry in held.catalog.entries:
        name = module_of(entry.resource.technology).replace("-", "_")
        if name not in known or find_spec(f"{__package__}.pieces.{name}") is None:
            raise cannot(
                entry.key, "technology", f"{entry.resource.technology} has no piece in the sandbox"
            )
        known[name].append(entry)
    accounts, credentials = roles.build(site)
    for name, entries in known.items():
        if entries:
            piece = import_module(f"{__package__}.pieces.{name}")
            for entry in entries:
                _build(piece, site, entry)
    quotas.build(site)
    probing.build(site)
    landing.build(site)
    for account in accounts:
        for region in (site.serving, site.other):
            explorer_backends[account.id][region].set_up()
    return Estate(
        name=f"captured:{options}",
        accounts=accounts,
        regions=(site.serving, site.other),
        credentials=credentials,
        facts={str(held.scope.key): {"captured": True}},
        scopes=held.files,
    )


def _build(piece: Any, site: Captured, entry: CatalogEntry) -> None:
    site.ids.named(entry.resource.account, entry.resource.region, entry.key)
    for field in _COUNTS:
        count = entry.spec.get(field)
        if isinstance(count, int) and count > _MOST:
            raise cannot(entry.key, field, f"it is {count}, and {_MOST} are emulated at most")
    try:
        piece.build(site, entry)
    except DrstateError:
        raise
    except Exception as error:  # moto's errors have no base of their own
        raise refused(entry.key, "its spec", error) from error
