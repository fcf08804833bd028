"""Reading the file of a captured scope: held to its bounds, and to the models of what it holds.

Nothing in it is trusted: it may come with a pull request. All of it is understood before anything
is built.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from pydantic import ValidationError, model_validator

from drstate.adapters.registry import load_adapters
from drstate.errors import ConfigError
from drstate.model.base import Value
from drstate.model.captured import LARGEST, CapturedFile
from drstate.model.catalog import Catalog
from drstate.model.groups import GroupsFile
from drstate.model.scope import Scope

MOST_ENTRIES = 20_000
#: nodes of a scope file once its aliases are followed
_MOST_NODES = 2_000_000


class Held(Value):
    """The file, understood."""

    scope: Scope
    catalog: Catalog
    #: path below stacks/ -> text
    files: dict[str, str]

    @model_validator(mode="after")
    def _one_scope(self) -> Held:
        if self.catalog.scope != self.scope.key:
            raise ValueError(f"the catalog is of {self.catalog.scope}, not of {self.scope.key}")
        serving = self.scope.regions.primary
        elsewhere = [
            entry.key for entry in self.catalog.entries if entry.spec.get("region") != serving
        ]
        if self.catalog.serving != serving or elsewhere:
            what = f"{self.catalog.serving} serves" if not elsewhere else f"{elsewhere[0]} was read"
            raise ValueError(
                f"what is rebuilt is the scope while its primary region {serving} serves; {what}"
                f"{' elsewhere' if elsewhere else ''}: fail back, capture and export it again"
            )
        accounts = {account.id for account in self.scope.accounts}
        for entry in self.catalog.entries:
            if entry.resource.account not in accounts:
                raise ValueError(
                    f"{entry.key} is in {entry.resource.account}, which the scope's accounts lack"
                )
        return self


def read(path: Path) -> Held:
    """Read and check it. Raises ConfigError naming the file, the field and the mend."""
    try:
        if path.stat().st_size > LARGEST:
            raise _wrong(path, f"it is larger than {LARGEST} bytes")
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"it is not JSON: {str(error)[:200]}") from None
    try:
        return understood(CapturedFile.model_validate(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _wrong(path, f"{field}: {first['msg']}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _wrong(path, f"scope: {str(error)[:200]}") from None


def understood(file: CapturedFile) -> Held:
    """The models of what it holds. Raises ValidationError, YAMLError."""
    if _nodes(yaml.compose(file.scope, Loader=yaml.SafeLoader), {}) > _MOST_NODES:
        raise yaml.YAMLError("its aliases make too much of it")
    content = yaml.safe_load(file.scope)
    scope = Scope.model_validate(
        {**content, "groups": ()} if isinstance(content, dict) else content
    )
    if file.groups:
        if _nodes(yaml.compose(file.groups, Loader=yaml.SafeLoader), {}) > _MOST_NODES:
            raise yaml.YAMLError("aliases of its groups make too much of them")
        groups = GroupsFile.model_validate(yaml.safe_load(file.groups)).groups
        scope = scope.model_copy(update={"groups": groups})
    entries = file.catalog.get("entries")
    if isinstance(entries, list) and len(entries) > MOST_ENTRIES:
        raise yaml.YAMLError(f"its catalog has more than {MOST_ENTRIES} entries")
    if file.path != f"{scope.customer}/{scope.environment}.yaml":
        raise yaml.YAMLError(f"it is of {scope.key}, and its path is {file.path}")
    catalog = Catalog.model_validate(file.catalog)
    specs = {adapter.technology: adapter.spec_type for adapter in load_adapters()}
    for entry in catalog.entries:
        kind = specs.get(entry.resource.technology)
        if kind is not None:
            kind.model_validate(entry.spec)
    files = {file.path: file.scope}
    if file.groups:
        files[file.path.replace(".yaml", ".groups.yaml")] = file.groups
    return Held(scope=scope, catalog=catalog, files=files)


def _nodes(node: yaml.Node | None, known: dict[int, int]) -> int:
    """How many nodes there are where an alias counts as all that it stands for."""
    if node is None:
        return 0
    if id(node) not in known:
        known[id(node)] = _MOST_NODES + 1  # should it hold itself
        inside: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inside = [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            inside = list(node.value)
        known[id(node)] = 1 + sum(_nodes(one, known) for one in inside)
    return known[id(node)]


def _wrong(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} is no captured scope",
        why=why,
        hint="drstate sandbox export -c <customer> -e <environment> FILE   writes one",
    )
