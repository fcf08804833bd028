"""A resource's inputs and state: putting them together, taking tags apart, previewing them.

Pure functions over the tables; no AWS call, no protocol message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drstate.sandbox.provider.config import ProviderConfig
from drstate.sandbox.provider.equal import Difference, differences, empty, merged
from drstate.sandbox.provider.resource import Found, ResourceType
from drstate.sandbox.provider.wire import UNKNOWN, Value, Values, has_unknown


def all_tags(config: ProviderConfig, inputs: Values) -> dict[str, Value]:
    """The tags a resource ends up with: the provider's default tags under its own."""
    own = inputs.get("tags")
    return {**config.default_tags, **(own if isinstance(own, dict) else {})}


def assembled(
    resource: ResourceType, config: ProviderConfig, prior: Values, found: Found, region: str
) -> Values:
    """The new state: what AWS shows over what was known (inputs, or the state before)."""
    state: Values = {}
    for name, prop in {**resource.props, **resource.outputs}.items():
        known = prior.get(name)
        shown = name in found.values
        value = merged(known, found.values[name], prop) if shown else known
        if value is not None:
            state[name] = value
    if resource.regional:
        state["region"] = region
    if resource.tagged:
        _put_tags(state, config, prior, found)
    return state


def _put_tags(state: Values, config: ProviderConfig, prior: Values, found: Found) -> None:
    if found.tags_all is None:
        state["tagsAll"] = all_tags(config, prior)
        return
    shown = {key: value for key, value in found.tags_all.items() if not _ignored(key, config)}
    state["tagsAll"] = shown
    declared = prior.get("tags") or {}
    own = {
        key: value
        for key, value in shown.items()
        if key in declared or config.default_tags.get(key) != value
    }
    if own or "tags" in prior:
        state["tags"] = own
    else:
        state.pop("tags", None)


def _ignored(key: str, config: ProviderConfig) -> bool:
    return key.startswith(("aws:", *config.ignored_tag_prefixes)) or key in config.ignored_tag_keys


def inputs_of(resource: ResourceType, state: Values, before: Values | None) -> Values:
    """The inputs that would give this state.

    ``before``: the inputs as they were (refresh): only those are brought up to date, and what
    drifted in without ever having been an input is left to Diff. None (import): every input that
    says something.
    """
    inputs: Values = {}
    for name, prop in resource.props.items():
        value = state.get(name)
        if before is not None:
            if name in before:
                if value is not None and not has_unknown(before[name]):
                    inputs[name] = merged(before[name], value, prop)
                else:
                    inputs[name] = before[name]
        elif value is not None and not prop.refused and (value == prop.default or not empty(value)):
            inputs[name] = value
    if before is None:
        inputs.pop("region", None)
    return inputs


def created_preview(
    resource: ResourceType, config: ProviderConfig, inputs: Values, region: str
) -> Values:
    """The state as far as it is known before the resource exists."""
    state = dict(inputs)
    for name, prop in resource.props.items():
        if prop.computed and name not in state:
            state[name] = UNKNOWN
    for name in resource.outputs:
        state[name] = UNKNOWN
    if resource.regional:
        state["region"] = inputs.get("region") or region
    if resource.tagged:
        state["tagsAll"] = _known_tags(config, inputs)
    return state


def updated_preview(
    resource: ResourceType,
    config: ProviderConfig,
    old: Values,
    news: Values,
    changed: frozenset[str],
) -> Values:
    """The state as far as it is known before an update."""
    state = dict(old)
    for name in resource.props:
        if name in changed:
            if name in news:
                state[name] = news[name]
            else:
                state.pop(name, None)
    for name in changed:
        for moved in resource.moved_by.get(name, ()):
            state[moved] = UNKNOWN
    if resource.tagged:
        state["tagsAll"] = _known_tags(config, news)
    return state


def _known_tags(config: ProviderConfig, inputs: Values) -> Value:
    return UNKNOWN if inputs.get("tags") == UNKNOWN else all_tags(config, inputs)


@dataclass(frozen=True)
class Change:
    """What an update would do, by place."""

    places: tuple[Difference, ...]

    @property
    def properties(self) -> frozenset[str]:
        """The top-level properties that differ."""
        return frozenset(top(each.path) for each in self.places)

    @property
    def replaces(self) -> frozenset[str]:
        """Those of them that AWS cannot change in place."""
        return frozenset(top(each.path) for each in self.places if each.replaces)


def top(path: str) -> str:
    """The top-level property of a path."""
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def change(
    resource: ResourceType,
    config: ProviderConfig,
    state: Values,
    news: Values,
    ignored: tuple[str, ...] = (),
) -> Change:
    """How the wanted inputs differ from the state, leaving out what is ignored."""
    places: list[Difference] = []
    for name, prop in resource.props.items():
        places += [
            each
            for each in differences(name, state.get(name), news.get(name), prop)
            if not any(covers(pattern, each.path) for pattern in ignored)
        ]
    if resource.tagged and not _tags_ignored(ignored) and "tagsAll" in state:
        wanted = _known_tags(config, news)
        prop = resource.outputs["tagsAll"]
        shown = (
            {k: v for k, v in wanted.items() if not _ignored(k, config)}
            if isinstance(wanted, dict)
            else wanted
        )
        places += [
            each
            for each in differences("tagsAll", state.get("tagsAll"), shown, prop)
            if not any(covers(pattern, "tags" + each.path[7:]) for pattern in ignored)
        ]
    return Change(tuple(places))


def _tags_ignored(ignored: tuple[str, ...]) -> bool:
    return "tags" in ignored or "tagsAll" in ignored


def covers(pattern: str, path: str) -> bool:
    """Whether an ``ignoreChanges`` entry covers a place: it or something around it is named."""
    wanted, actual = _steps(pattern), _steps(path)
    if len(wanted) > len(actual):
        return False
    return all(step in ("*", at) for step, at in zip(wanted, actual, strict=False))


def _steps(path: str) -> list[str]:
    steps: list[str] = []
    rest = path
    while rest:
        if rest[0] == ".":
            rest = rest[1:]
        elif rest.startswith('["'):
            key, _, rest = rest[2:].partition('"]')
            steps.append(key)
        elif rest[0] == "[":
            key, _, rest = rest[1:].partition("]")
            steps.append(key)
        else:
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
    return steps


def wanted_tags(
    config: ProviderConfig, state: Mapping[str, Value], news: Values
) -> tuple[dict[str, str], list[str]]:
    """Tags to set and tag keys to remove, to get from the state to the inputs."""
    have = state.get("tagsAll") or {}
    want = all_tags(config, news)
    put = {key: value for key, value in want.items() if have.get(key) != value}
    drop = sorted(key for key in have if key not in want)
    return put, drop
