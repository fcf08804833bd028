"""Use case: a scope as one file, from which a sandbox can be started that has it.

It is read from the project and the journal; AWS is not asked. What would be a secret is replaced by
something that is made up: external ids, and values of environment variables whose names say that
they are secret. What adapters remember, endpoints of the standby and owed drills stay behind, as a
rebuilt scope has none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from drstate.errors import OperationError, UnknownNameError
from drstate.execution.readers import Readers
from drstate.inventory.scopes import load_scope
from drstate.inventory.yamlfile import read_yaml
from drstate.model.captured import EXTERNAL_ID_PREFIX, SCHEMA, CapturedFile
from drstate.model.catalog import Catalog
from drstate.model.places import groups_path, scope_path
from drstate.model.scope import ScopeKey

_SECRET = re.compile(r"PASS(WORD|WD|PHRASE)?$|PASSWORD|SECRET|TOKEN|CREDENTIAL|(API|PRIVATE)_?KEY")
#: where a spec holds what an owner's code is given
_GIVEN = ("environment", "parameters")
MASKED = "masked-in-this-file"


@dataclass(frozen=True)
class Exported:
    """The file, and what was replaced in it: ``<resource>: <variable>``."""

    file: CapturedFile
    resources: int
    masked: tuple[str, ...]


def export(readers: Readers, project: Path, customer: str, environment: str) -> Exported:
    """The scope as a file.

    Raises UnknownNameError where nothing of it is captured, ConfigError where its scope file is
    wrong, OperationError while its recovery region serves.
    """
    scope = load_scope(project, customer, environment)
    catalog = readers.journal.load_catalog(scope.key)
    if catalog is None or not catalog.entries:
        raise UnknownNameError(
            f"nothing of {scope.key} is captured",
            why="the journal has no catalog of it",
            hint=f"drstate capture -c {customer} -e {environment}",
        )
    if catalog.serving != scope.regions.primary:
        raise OperationError(
            f"{scope.key} is served from {catalog.serving}",
            why=f"what a sandbox is made from is the scope while {scope.regions.primary} serves",
            hint=f"drstate failback -c {customer} -e {environment}, then capture and export",
        )
    groups = project / groups_path(customer, environment)
    return captured(
        read_yaml(project / scope_path(customer, environment), scope_path(customer, environment)),
        catalog,
        groups=groups.read_text(encoding="utf-8") if groups.is_file() else "",
    )


def captured(content: dict[str, Any], catalog: Catalog, *, groups: str = "") -> Exported:
    """The file from the content of a scope file, which is valid, and the scope's catalog."""
    key = catalog.scope
    told = catalog.model_copy(
        update={
            "drills": (),
            "unreconciled": (),
            "uncleaned": {},
            "entries": tuple(
                entry.model_copy(update={"memory": {}, "endpoints": {}})
                for entry in catalog.entries
            ),
        }
    ).model_dump(mode="json")
    masked = [
        f"{entry['resource']['key']}: {name}"
        for entry in told["entries"]
        for field in _fields(entry["spec"])
        for name in _mask(field)
    ]
    text = yaml.safe_dump(
        {**content, "accounts": [_stranger(one, key) for one in content.get("accounts", [])]},
        sort_keys=False,
        allow_unicode=True,
        width=1000,
    )
    file = CapturedFile(
        schema_=SCHEMA,
        scope=text,
        path=f"{key.customer}/{key.environment}.yaml",
        groups=groups,
        catalog=told,
    )
    return Exported(file=file, resources=len(catalog.entries), masked=tuple(sorted(masked)))


def _stranger(account: dict[str, Any], key: ScopeKey) -> dict[str, Any]:
    """The account with an external id that is made up, the same in every export."""
    drawn = sha256(f"{key}|{account.get('id')}".encode()).hexdigest()[:12]
    return {**account, "external_id": f"{EXTERNAL_ID_PREFIX}{drawn}"}


def _fields(value: Any) -> list[Any]:
    """Environments and parameters, at any depth of a spec."""
    if isinstance(value, dict):
        own = [item for name, item in value.items() if name in _GIVEN]
        return own + [one for item in value.values() for one in _fields(item)]
    return [one for item in value for one in _fields(item)] if isinstance(value, list) else []


def _mask(given: Any) -> list[str]:
    """Replace secret values in place. Returns the variables' names."""
    if isinstance(given, dict):
        found = [name for name, value in given.items() if _secret(str(name), value)]
        given.update(dict.fromkeys(found, MASKED))
        return found
    if not isinstance(given, list):
        return []
    found = []
    for one in given:
        if isinstance(one, dict) and _secret(str(one.get("name", "")), one.get("value")):
            one["value"] = MASKED
            found.append(str(one["name"]))
    return found


def _secret(name: str, value: Any) -> bool:
    """Whether a variable of this name holds a secret itself, and not where to find one."""
    if not isinstance(value, str) or not value or value.startswith("arn:"):
        return False
    return _SECRET.search(name.upper().replace("-", "_")) is not None
