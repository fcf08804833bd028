"""What each step does: the provider call, and how it changes the states.

An operation fills in ``step.new`` (id, outputs, times) or raises ProviderError. It emits nothing
and stores nothing: the executor does.
"""

from __future__ import annotations

from collections.abc import Callable

from . import steps
from .context import Context
from .errors import InitFailedError, ProviderError, Status
from .provider import Provider
from .reserved import for_plugin
from .state import State
from .steps import Step, present
from .urns import is_provider_type
from .values import UNKNOWN, Properties, same, secret

SEED_BYTES = 32
Operation = Callable[[Context, Step], None]

#: operations during which a kill leaves something unknown, as the state file calls them
PENDING = {
    steps.CREATE: "creating",
    steps.CREATE_REPLACEMENT: "creating",
    steps.UPDATE: "updating",
    steps.DELETE: "deleting",
    steps.DELETE_REPLACED: "deleting",
    steps.READ: "reading",
    steps.READ_REPLACEMENT: "reading",
    steps.IMPORT: "importing",
    steps.IMPORT_REPLACEMENT: "importing",
}


def provider_of(context: Context, state: State) -> Provider:
    """The provider of a resource that has one."""
    return context.registry.get(state.provider)


def mark_secrets(outputs: Properties, names: list[str]) -> Properties:
    """The outputs with those of additionalSecretOutputs wrapped."""
    if not names:
        return outputs
    return {key: secret(item) if key in names else item for key, item in outputs.items()}


def _same(context: Context, step: Step) -> None:
    old, new = step.old, present(step.new)
    if old is None:
        return
    new.id, new.outputs = old.id, old.outputs
    new.created, new.modified = old.created, old.modified
    new.init_errors = list(old.init_errors)
    if is_provider_type(new.type) and not step.kept:
        context.registry.adopt(new)


def _create(context: Context, step: Step) -> None:
    new = present(step.new)
    if is_provider_type(new.type):
        new.id = UNKNOWN if context.preview else context.new_id()
        context.registry.adopt(new)
        new.outputs = for_plugin(new.inputs)
    elif new.custom:
        timeout = new.custom_timeouts.get("create", 0)
        provider = provider_of(context, new)
        try:
            new.id, outputs = provider.create(new.urn, new.inputs, timeout, context.preview)
        except InitFailedError as failure:
            new.id, outputs = failure.id, failure.outputs
            new.outputs = mark_secrets(outputs, new.additional_secret_outputs)
            new.inputs = failure.inputs or new.inputs
            new.init_errors = failure.reasons
            _stamp(context, new)
            raise
        if not new.id and not context.preview:
            raise ProviderError(
                "the provider returned no id for the resource it created", Status.UNKNOWN
            )
        new.outputs = mark_secrets(outputs, new.additional_secret_outputs)
    _stamp(context, new)
    if step.condemns and step.old is not None:
        step.old.delete = True


def _stamp(context: Context, new: State) -> None:
    if not context.preview:
        new.modified = context.timestamp()
        new.created = new.created or new.modified


def _update(context: Context, step: Step) -> None:
    old, new = present(step.old), present(step.new)
    new.id, new.created = old.id, old.created
    if is_provider_type(new.type):
        context.registry.update(new)
        new.outputs = for_plugin(new.inputs)
    elif new.custom:
        timeout = new.custom_timeouts.get("update", 0)
        ignore = step.ignore_changes
        provider = provider_of(context, new)
        try:
            outputs = provider.update(old, new.urn, new.inputs, timeout, ignore, context.preview)
        except InitFailedError as failure:
            new.outputs = mark_secrets(failure.outputs, new.additional_secret_outputs)
            new.inputs = failure.inputs or new.inputs
            new.init_errors = failure.reasons
            _stamp(context, new)
            raise
        new.outputs = mark_secrets(outputs, new.additional_secret_outputs)
    _stamp(context, new)


def _delete(context: Context, step: Step) -> None:
    old = present(step.old)
    if old.protect and step.logical:
        raise ProviderError(
            f'resource "{old.urn}" cannot be deleted\n'
            "because it is protected. To unprotect the resource, either remove the `protect` flag "
            "from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{old.urn}'`",
            Status.OK,
        )
    untouched = old.external or old.retain_on_delete or not old.custom
    host = old.deleted_with
    if host and (host in context.did.deletes or host in context.did.replaces):
        untouched = True
    if not untouched and not is_provider_type(old.type):
        provider = provider_of(context, old)
        if not context.preview:
            provider.delete(old, old.custom_timeouts.get("delete", 0))
    if step.before_replace:
        old.pending_replacement = True


def _nothing(context: Context, step: Step) -> None:
    """A replace step only stands for the two that do the work."""


def _read(context: Context, step: Step) -> None:
    new = present(step.new)
    if new.id == UNKNOWN:
        new.id = ""
        return
    timeout = new.custom_timeouts.get("read", 0)
    provider = provider_of(context, new)
    found = provider.read(new.urn, new.id, {}, new.inputs, timeout)
    if found is None:
        raise ProviderError(f"resource '{new.id}' does not exist", Status.OK)
    new.id = found.id
    new.outputs = mark_secrets(found.outputs, new.additional_secret_outputs)
    new.init_errors = list(found.reasons)
    old = step.old
    if old is not None and not step.condemns:
        same_as_before = old.id == new.id and same(old.outputs, new.outputs)
        new.created = old.created
        new.modified = old.modified if same_as_before else context.timestamp()
    if step.condemns and old is not None:
        _stamp(context, new)
        old.delete = True


def _import(context: Context, step: Step) -> None:
    new = present(step.new)
    provider = provider_of(context, new)
    found = provider.read(new.urn, new.import_id, {}, {}, new.custom_timeouts.get("read", 0))
    if found is None:
        raise ProviderError(f"resource '{new.import_id}' does not exist", Status.OK)
    new.id, new.inputs = found.id, found.inputs
    new.outputs = mark_secrets(found.outputs, new.additional_secret_outputs)
    new.init_errors = list(found.reasons)
    if step.adopted:
        _check_adopted(context, new)
    _stamp(context, new)
    step.old = new.copy()
    if step.condemns and step.displaced is not None:
        step.displaced.delete = True


def _check_adopted(context: Context, new: State) -> None:
    """What was found is stored, valid or not; what the provider would refuse is said."""
    new.import_id = ""
    provider = provider_of(context, new)
    seed = context.random_bytes(SEED_BYTES)
    new.inputs, failures = provider.check(new.urn, new.inputs, new.inputs, seed)
    if failures:
        said = "; ".join(f"{where}: {reason}" if where else reason for where, reason in failures)
        context.events.diagnostic(
            "warning", f"One or more imported inputs failed to validate: {said}", new.urn
        )


OPERATIONS: dict[str, Operation] = {
    steps.SAME: _same,
    steps.CREATE: _create,
    steps.CREATE_REPLACEMENT: _create,
    steps.UPDATE: _update,
    steps.REPLACE: _nothing,
    steps.DELETE: _delete,
    steps.DELETE_REPLACED: _delete,
    steps.DISCARD: _delete,
    steps.DISCARD_REPLACED: _delete,
    steps.IMPORT: _import,
    steps.IMPORT_REPLACEMENT: _import,
    steps.READ: _read,
    steps.READ_REPLACEMENT: _read,
}
