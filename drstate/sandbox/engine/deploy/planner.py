"""From a registration to steps: what has to be done so that the resource is as the program says.

Asks the provider (Check, Diff), compares with the state before, and returns steps; carries nothing
out. A plan that cannot be made ends the registration with ``BailError``, its reason
already reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import diffing, paths, steps
from .context import Context
from .dependents import taken_along
from .diffing import Diff
from .errors import BailError, EngineError, ProviderError
from .goal import Goal
from .provider import Failures
from .state import State
from .steps import Step, present, removal, replacement
from .urns import ROOT_STACK_TYPE, is_default_provider, is_provider_type, name_of, parse_ref
from .values import UNKNOWN, Properties, is_secret

SEED_BYTES = 32


@dataclass
class Case:
    """One registration on its way to steps."""

    goal: Goal
    old: State | None
    new: State
    #: the URN is gone already, deleted before the replacement of something it depends on
    recreating: bool
    seed: bytes

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.new.urn


class Planner:
    """Makes steps. Safe for use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def steps(self, goal: Goal, old: State | None, new: State) -> list[Step]:
        """The steps of one registration."""
        context = self._context
        with context.lock:
            recreating = new.urn in context.did.deletes or bool(old and old.pending_replacement)
        case = Case(goal, old, new, recreating, context.random_bytes(SEED_BYTES))
        try:
            return self._steps(case)
        except ProviderError as error:
            context.events.error(error.message, new.urn)
            raise BailError from error

    def _steps(self, case: Case) -> list[Step]:
        if self._context.request.kind == "destroy" and not is_provider_type(case.new.type):
            return self._before_destroy(case)
        left_out = self._left_out(case)
        if left_out is not None:
            return left_out
        old, new, goal = case.old, case.new, case.goal
        if new.custom and _imports(goal, old):
            return self._import(case)
        external = old is not None and old.external
        self._prepare_inputs(case, external=external)
        self._refuse_untargeted(case)
        if case.recreating and old is not None:
            return self._recreate(case, old)
        if old is not None and external:
            self._mark("replaces", new.urn)
            plain = Diff(changes=True)
            return [
                replacement(steps.CREATE_REPLACEMENT, old, new, plain, condemns=True),
                replacement(steps.REPLACE, old, new, plain, condemns=True),
            ]
        if old is None:
            self._mark("creates", new.urn)
            return [Step(steps.CREATE, None, new)]
        diff = self._diff(case, old)
        if diff.changes:
            if diff.replaces:
                return self._replace(case, old, diff)
            self._mark("updates", new.urn)
            return [
                Step(
                    steps.UPDATE,
                    old,
                    new,
                    diffs=diff.diffs,
                    detailed=diff.detailed,
                    ignore_changes=tuple(goal.ignore_changes),
                )
            ]
        if old.init_errors:
            self._mark("updates", new.urn)
            return [Step(steps.UPDATE, old, new, detailed=diff.detailed)]
        self._mark("sames", new.urn)
        return [Step(steps.SAME, old, new)]

    def _before_destroy(self, case: Case) -> list[Step]:
        """A destroy runs the program only to learn what it says of existing resources."""
        new = case.new
        new.inputs = case.old.inputs if case.old is not None else {}
        self._mark("sames", new.urn)
        return [Step(steps.SAME, case.old, new, skipped=case.old is None)]

    # -- targets ---------------------------------------------------------------------------------
    def _left_out(self, case: Case) -> list[Step] | None:
        """The same step of a resource that the update is not about, or None."""
        context, old, new = self._context, case.old, case.new
        if not context.targets.limited or new.type == ROOT_STACK_TYPE:
            return None
        with context.lock:
            if context.targets.takes(new):
                return None
        if is_provider_type(new.type) and is_default_provider(new.urn):
            return None
        if old is None:
            if is_provider_type(new.type):
                return None
            with context.lock:
                context.did.skipped.add(new.urn)
            self._mark("sames", new.urn)
            return [Step(steps.SAME, new.copy(), new, skipped=True)]
        if is_provider_type(new.type):
            return None
        kept = old.copy()
        kept.ref, kept.urn, kept.parent, kept.id = "", new.urn, new.parent, ""
        self._mark("sames", new.urn)
        return [Step(steps.SAME, old, kept)]

    def _refuse_untargeted(self, case: Case) -> None:
        """A resource that is worked on may not need a new one that is left out."""
        context, new = self._context, case.new
        if not context.did.skipped:
            return
        with context.lock:
            missing = sorted(new.depends_on() & context.did.skipped)
        if not missing:
            return
        if context.targets.targets:
            message = (
                f"Resource '{new.urn}' depends on '{missing[0]}' which was was not specified in "
                "--target list."
            )
        else:
            message = (
                f"Resource '{new.urn}' depends on '{missing[0]}', which is new and excluded by "
                "--exclude. Exclude both, or neither."
            )
        context.events.error(message, new.urn)
        raise BailError

    # -- import ----------------------------------------------------------------------------------
    def _import(self, case: Case) -> list[Step]:
        old, new = case.old, case.new
        new.inputs = case.goal.inputs
        self._refuse_untargeted(case)
        replaced = old is not None and not old.external
        self._mark("replaces" if replaced else "creates", new.urn)
        if old is not None and not replaced:
            self._mark("sames", new.urn)
        op = steps.IMPORT_REPLACEMENT if replaced else steps.IMPORT
        step = Step(op, None, new, logical=not replaced, condemns=replaced, displaced=old)
        return [step]

    def after_import(self, goal: Goal, done: Step, new: State) -> list[Step]:
        """The steps that follow an import: its replace step, and an update of the inputs."""
        imported = done.state
        case = Case(goal, imported, new, recreating=False, seed=b"")
        try:
            wanted = paths.keep_old(goal.inputs, imported.inputs, goal.ignore_changes)
            self._check(case, imported.inputs, wanted)
            diff = self._context.registry.get(new.provider).diff(
                imported, new.inputs, new.urn, goal.ignore_changes
            )
        except ProviderError as error:
            self._context.events.error(error.message, new.urn)
            raise BailError from error
        out = []
        if done.op == steps.IMPORT_REPLACEMENT:
            displaced, plain = present(done.displaced), Diff(changes=True)
            out.append(replacement(steps.REPLACE, displaced, imported, plain, condemns=True))
        if diff.changes:
            if diff.replaces:
                raise_failure(
                    self._context,
                    f"the resource imported as '{imported.id}' would have to be replaced to be as "
                    "the program says; correct the program's inputs",
                    new.urn,
                )
            out.append(
                Step(
                    steps.UPDATE,
                    imported,
                    new,
                    diffs=diff.diffs,
                    detailed=diff.detailed,
                    ignore_changes=tuple(goal.ignore_changes),
                )
            )
        return out

    # -- inputs ----------------------------------------------------------------------------------
    def _prepare_inputs(self, case: Case, *, external: bool) -> None:
        goal, old, new = case.goal, case.old, case.new
        inputs = goal.inputs
        fresh = case.recreating or external or old is None or self._replace_wanted(new.urn)
        if old is not None and goal.ignore_changes:
            inputs = paths.keep_old(inputs, old.inputs, goal.ignore_changes)
        if not new.custom:
            new.inputs = inputs
            return
        olds = {} if fresh or old is None else old.inputs
        self._check(case, olds, goal.inputs if fresh else inputs)

    def _check(self, case: Case, olds: Properties, news: Properties) -> None:
        new = case.new
        registry = self._context.registry
        failures: Failures
        if is_provider_type(new.type):
            new.inputs, failures = registry.check(new.urn, olds, news)
        else:
            provider = registry.get(new.provider)
            new.inputs, failures = provider.check(new.urn, olds, news, case.seed)
        if not failures:
            return
        for where, reason in failures:
            what = f"{new.type} resource '{name_of(new.urn)}'"
            if where:
                shown = go_value(new.inputs.get(where))
                what += f": property {where} value {shown}"
            self._context.events.error(f"{what} has a problem: {reason}", new.urn)
        raise BailError

    # -- difference ------------------------------------------------------------------------------
    def _replace_wanted(self, urn: str) -> bool:
        return self._context.targets.replaced(urn)

    def _diff(self, case: Case, old: State) -> Diff:
        goal, new = case.goal, case.new
        if self._replace_wanted(new.urn):
            return Diff(changes=True, keys=("id",))
        if is_provider_type(new.type):
            return self._context.registry.diff(old, new.urn, new.inputs)
        if not new.custom:
            return Diff(changes=diffing.compare(old.inputs, new.inputs).changes)
        if self._provider_replaced(old, new):
            return Diff(changes=True, keys=("provider",))
        provider = self._context.registry.get(new.provider)
        diff = provider.diff(old, new.inputs, new.urn, goal.ignore_changes)
        return diffing.replace_on_changes(diff, goal.replace_on_changes, bool(old.init_errors))

    def _provider_replaced(self, old: State, new: State) -> bool:
        """Whether the resource moved to a provider that cannot take it over."""
        if old.provider == new.provider or not old.provider:
            return False
        before, after = parse_ref(old.provider), parse_ref(new.provider)
        if is_default_provider(before.urn) and is_default_provider(after.urn):
            return False
        with self._context.lock:
            old_provider = self._context.olds.get(before.urn)
            new_provider = self._context.news.get(after.urn)
        if old_provider is None or new_provider is None:
            return False
        diff = self._context.registry.get(new.provider).diff_config(
            after.urn, old_provider.inputs, old_provider.outputs, new_provider.inputs
        )
        return diff.replaces

    # -- replacement -----------------------------------------------------------------------------
    def _recreate(self, case: Case, old: State) -> list[Step]:
        context, new = self._context, case.new
        with context.lock:
            context.did.deletes.discard(new.urn)
            keys = context.did.dependent_keys.get(new.urn, ())
        self._mark("replaces", new.urn)
        diff = Diff(changes=True, keys=keys)
        return [
            replacement(steps.REPLACE, old, new, Diff(changes=True), condemns=False),
            replacement(steps.CREATE_REPLACEMENT, old, new, diff, condemns=False),
        ]

    def _replace(self, case: Case, old: State, diff: Diff) -> list[Step]:
        goal, new = case.goal, case.new
        if old.protect and new.protect:
            self._refuse_protected(new)
        if goal.import_id:
            raise_failure(
                self._context,
                "previously-imported resources that still specify an ID may not be replaced; "
                "please remove the `import` declaration from your program",
                new.urn,
            )
        self._mark("replaces", new.urn)
        if new.custom and not self._replace_wanted(new.urn):
            self._check(case, {}, goal.inputs)
        first = diff.delete_before_replace
        if goal.delete_before_replace is not None:
            first = goal.delete_before_replace
        if first:
            return self._delete_first(old, new, diff)
        return [
            replacement(steps.CREATE_REPLACEMENT, old, new, diff, condemns=True),
            replacement(steps.REPLACE, old, new, diff, condemns=True),
        ]

    def _refuse_protected(self, new: State) -> None:
        """A preview goes on, to show the whole plan; an update stops before anything is made."""
        context = self._context
        context.events.error(
            f'unable to replace resource "{new.urn}"\n'
            "as it is currently marked for protection. To unprotect the resource, remove the "
            "`protect` flag from the resource in your Pulumi program and run `pulumi up`",
            new.urn,
        )
        context.failed = True
        if not context.preview:
            raise BailError
        context.step_failed = True

    def _delete_first(self, old: State, new: State, diff: Diff) -> list[Step]:
        context = self._context
        planned: list[Step] = []
        for state, keys in reversed(taken_along(context, old)):
            with context.lock:
                if state.urn in context.did.deletes:
                    continue
                context.did.deletes.add(state.urn)
                context.did.dependent_keys[state.urn] = keys
            planned.append(removal(state, replaced=True, before_replace=True))
        return [
            *planned,
            removal(old, replaced=True, before_replace=True),
            replacement(steps.REPLACE, old, new, diff, condemns=False),
            replacement(steps.CREATE_REPLACEMENT, old, new, diff, condemns=False),
        ]

    def _mark(self, fate: str, urn: str) -> None:
        did = self._context.did
        table = {
            "creates": did.creates,
            "sames": did.sames,
            "updates": did.updates,
            "replaces": did.replaces,
        }
        with self._context.lock:
            table[fate].add(urn)


def _imports(goal: Goal, old: State | None) -> bool:
    """Whether the import option asks for something that the state does not have yet."""
    wanted = goal.import_id
    if not wanted:
        return False
    return old is None or old.external or wanted not in (old.id, old.import_id)


def raise_failure(context: Context, message: str, urn: str) -> None:
    """Report a failure and end the registration."""
    context.say(EngineError(message, urn))
    raise BailError


def go_value(value: Any) -> str:
    """A property value as the CLI prints it in complaints about inputs."""
    if value is None:
        return "{<nil>}"
    if isinstance(value, bool):
        return "{true}" if value else "{false}"
    if is_secret(value):
        return "{[secret]}"
    if value == UNKNOWN:
        return "{output<string>}"
    if isinstance(value, dict):
        inner = " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value))
        return f"{{map[{inner}]}}"
    if isinstance(value, list):
        return "{[" + " ".join(map(go_value, value)) + "]}"
    return f"{{{value}}}"
