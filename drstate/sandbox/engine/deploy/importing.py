"""`pulumi import`: existing resources taken into the state, without a program.

Everything that the state has stays as it is; each named resource is read and stored as found. It
refuses a name that is taken, and a parent or provider that the state does not have.
"""

from __future__ import annotations

from drstate.sandbox.engine.contract import ImportSpec

from .context import Context
from .errors import EngineError
from .executor import Executor
from .registrar import Registrar
from .state import State
from .steps import CREATE, IMPORT, SAME, Step
from .urns import PROVIDER_TYPE_PREFIX, ROOT_STACK_TYPE, default_provider_name, package_of


def bring_in(context: Context, executor: Executor, registrar: Registrar) -> None:
    """Import what the request names; ends with the first failure, which has been reported."""
    stack = _keep(context, executor)
    for spec in context.request.imports:
        context.check_running()
        if not executor.run(_step(context, registrar, spec)):
            break
    context.events.after(stack)


def _keep(context: Context, executor: Executor) -> Step:
    """Every resource of the state stays as it is; a stack without one is given its root."""
    root = None
    for old in list(context.olds.values()):
        new = old.copy()
        new.ref = ""
        step = Step(SAME, old, new)
        context.did.registered.add(old.urn)
        context.did.sames.add(old.urn)
        executor.run(step)
        if old.urn == context.stack_urn:
            root = step
        elif not old.custom:
            context.events.after(step)
    if root is None:
        root = Step(CREATE, None, State(urn=context.stack_urn, type=ROOT_STACK_TYPE, custom=False))
        context.did.registered.add(root.urn)
        executor.run(root)
    return root


def _step(context: Context, registrar: Registrar, spec: ImportSpec) -> Step:
    parent = spec.parent or context.stack_urn
    urn = context.urn(parent, spec.type, spec.name)
    _unless(
        parent in context.news,
        f"the parent '{parent}' of '{spec.name}' is not in the state. Import or create it first.",
        urn,
    )
    _unless(
        urn not in context.news,
        f"resource '{urn}' already exists. Give the import another name, or remove what has it "
        "from the state (`pulumi state delete`).",
        urn,
    )
    new = State(
        urn=urn,
        type=spec.type,
        custom=True,
        parent=parent,
        protect=spec.protect,
        provider=_provider(context, registrar, spec, urn),
        import_id=spec.id,
    )
    return Step(IMPORT, None, new, adopted=True)


def _provider(context: Context, registrar: Registrar, spec: ImportSpec, urn: str) -> str:
    wanted = spec.provider
    if not wanted:
        package = package_of(spec.type)
        wanted = context.urn("", PROVIDER_TYPE_PREFIX + package, default_provider_name("", ""))
        if wanted not in context.news:
            return registrar.provider_for(spec.type, "", "", "")
    found = context.news.get(wanted) or context.news.get(wanted.rpartition("::")[0])
    if found is None:
        raise EngineError(
            f"the provider '{wanted}' of '{spec.name}' is not in the state. Name one that is, or "
            "leave it out for the default provider.",
            urn,
        )
    return f"{found.urn}::{found.id}"


def _unless(holds: bool, message: str, urn: str) -> None:
    if not holds:
        raise EngineError(message, urn)
