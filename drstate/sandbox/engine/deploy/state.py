"""One resource as the state file knows it.

A mutable record with the checkpoint's fields under Python names, and the two forms in which it
leaves: checkpoint JSON (keys in the CLI's order, empty ones left out) and the short form of events.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .values import Properties

#: (field, key in the checkpoint); in the order in which the CLI writes them
_KEYS: tuple[tuple[str, str], ...] = (
    ("urn", "urn"),
    ("custom", "custom"),
    ("delete", "delete"),
    ("id", "id"),
    ("type", "type"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("init_errors", "initErrors"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("pending_replacement", "pendingReplacement"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("custom_timeouts", "customTimeouts"),
    ("import_id", "importID"),
    ("retain_on_delete", "retainOnDelete"),
    ("deleted_with", "deletedWith"),
    ("created", "created"),
    ("modified", "modified"),
    ("source_position", "sourcePosition"),
    ("stack_trace", "stackTrace"),
    ("ignore_changes", "ignoreChanges"),
    ("replace_on_changes", "replaceOnChanges"),
)
_KNOWN = {key for _, key in _KEYS}


@dataclass(eq=False)
class State:
    """A resource. Identity, not content, tells two of them apart: a URN may be there twice."""

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, Any]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    #: fields of a checkpoint that this engine has no use for; written back as they were
    extra: dict[str, Any] = field(default_factory=dict)
    #: where it stands in the step log: ``b<n>`` of the base, ``n<n>`` made by this update
    ref: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any], ref: str = "") -> State:
        """A resource of a checkpoint."""
        known = {name: data[key] for name, key in _KEYS if data.get(key) is not None}
        extra = {key: value for key, value in data.items() if key not in _KNOWN}
        return cls(**known, extra=extra, ref=ref)

    def to_json(self) -> dict[str, Any]:
        """The resource as a checkpoint has it."""
        out: dict[str, Any] = {}
        for name, key in _KEYS:
            value = getattr(self, name)
            if value or key in ("urn", "custom", "type"):
                out[key] = value
        out.update(self.extra)
        return out

    def copy(self) -> State:
        """Another record with the same content (values are shared, never changed in place)."""
        return replace(self)

    def depends_on(self) -> set[str]:
        """URNs that must exist as long as this resource does."""
        needs = set(self.dependencies)
        for urns in self.property_dependencies.values():
            needs.update(urns or ())
        if self.provider:
            needs.add(self.provider.rpartition("::")[0])
        needs.update(urn for urn in (self.parent, self.deleted_with) if urn)
        needs.discard(self.urn)
        return needs
