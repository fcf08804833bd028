"""The scope initech/production: one of everything, put together from the pieces."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import yaml

from drstate.sandbox.aws.ids import SeededIds

from . import names
from .land import SCOPE, Land, Piece
from .names import INITECH, PRIMARY, RECOVERY
from .pieces import PIECES

PATH = f"{INITECH.name}/{SCOPE.environment}.yaml"
_HEAD = """\
# The scope initech/production: one resource of every technology that drstate knows.
# Made from the demo estate by `python scripts/demo_scopes.py`.
"""


def build_initech(ids: SeededIds) -> tuple[dict[str, Any], dict[str, Any]]:
    """Build it. Returns its facts, and the content of its scope file."""
    land = Land(ids)
    pieces: dict[str, Piece] = {}
    for name in PIECES:
        module = import_module(f"{__package__}.pieces.{name}")
        pieces[name] = module.build(ids, land)
    facts: dict[str, Any] = {
        "external_id": INITECH.external_id,
        **{name: piece.facts for name, piece in pieces.items()},
    }
    return facts, _content(land, list(pieces.values()))


def text(content: dict[str, Any]) -> str:
    """The scope file."""
    return _HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)


def _content(land: Land, pieces: list[Piece]) -> dict[str, Any]:
    site_map = land.site_map()
    more: dict[str, Any] = {}
    for piece in pieces:
        for table, mapped in piece.site_map.items():
            site_map.setdefault(table, {}).update(mapped)
        for key, value in piece.scope.items():
            _join(more, key, value)
    policies = {"approval": "automatic", **more.pop("policies", {})}
    return {
        "schema": "drstate.scope/1",
        "customer": INITECH.name,
        "environment": SCOPE.environment,
        "regions": {"primary": PRIMARY, "recovery": RECOVERY},
        "accounts": [
            {
                "id": account,
                "name": f"{INITECH.name}-{kind}",
                "role_arn": f"arn:aws:iam::{account}:role/{names.TARGET_ROLE}",
                "external_id": INITECH.external_id,
            }
            for kind, account in (("data", INITECH.data), ("app", INITECH.app))
        ]
        + [
            {
                "id": names.DNS,
                "name": "shared-dns",
                "role_arn": f"arn:aws:iam::{names.DNS}:role/{INITECH.dns_role}",
                "external_id": INITECH.external_id,
                "discover": False,
            }
        ],
        "policies": policies,
        "site_map": {RECOVERY: {table: site_map[table] for table in sorted(site_map)}},
        **more,
    }


def _join(into: dict[str, Any], key: str, value: Any) -> None:
    known = into.get(key)
    if isinstance(known, dict) and isinstance(value, dict):
        for inner, item in value.items():
            _join(known, inner, item)
    elif isinstance(known, list):
        into[key] = [*known, *value]
    else:
        into[key] = value
