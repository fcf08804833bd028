"""Use case: what reviewers of a change are shown, for one scope or for many in one process.

Each scope is planned, previewed, asked whether it is ready, and its recovery predicted as the
project is now and as its base had it. Scopes share one pool of workers and the machine's memory.
What fails for a scope is told of that scope and hides no other. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from drstate.errors import ConfigError, DrstateError
from drstate.execution.assembly import work_source
from drstate.execution.errorinfo import as_drstate, error_info
from drstate.execution.hindrances import hindrances
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.next_phase import next_phase
from drstate.execution.planning_late import check_direction
from drstate.execution.pool import WORKERS
from drstate.execution.previewing import previews
from drstate.execution.readiness import readiness
from drstate.execution.services import Services
from drstate.model.phases import Phase
from drstate.model.scope import Approval, Scope, ScopeKey
from drstate.report.preview import PlanPreview
from drstate.report.review import Predicted, Review, Touch

T = TypeVar("T")
#: scopes that are planned, or asked whether they are ready, at the same time
AT_ONCE = 4
#: what a plan is made from: of the base, nothing else is looked at
_PLANNED_FROM = ("stacks", "Pulumi.yaml", "drstate.yaml")

#: told of each scope that is done, how many are, and of how many
OnReview = Callable[[ScopeKey, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What is to be planned for each scope; no phases: each scope's next one."""

    phases: tuple[Phase, ...] = ()
    waves: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    approval: Approval | None = None
    force: bool = False
    #: region that must be the one acted on
    to: str | None = None


@dataclass(frozen=True)
class Base:
    """What a change is compared with: its name, and a folder with its files."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Subject:
    """A scope that is to be reviewed, and why."""

    scope: ScopeKey
    changed_by: tuple[Touch, ...] = ()


@dataclass
class _Work:
    """One scope on its way."""

    subject: Subject
    phases: tuple[Phase, ...] = ()
    why: str = ""
    scope: Scope | None = None
    planned: PlannedRun | None = None
    #: its file is gone, and nothing of it is protected
    gone: bool = False
    error: DrstateError | None = None


def all_subjects(services: Services) -> list[Subject]:
    """Every scope of the project."""
    return [Subject(scope) for scope in services.scopes()]


@contextmanager
def base_of(services: Services, name: str) -> Iterator[tuple[Base, list[Subject]]]:
    """The files that the project had where it left ``name``, and the scopes touched since.

    The files are gone when the block ends. Raises ConfigError, UnknownNameError (see
    ``inventory.git``).
    """
    from drstate.inventory.git import difference, files_of  # noqa: PLC0415 loaded when needed
    from drstate.inventory.touched import touched  # noqa: PLC0415 the same

    found = difference(services.project_dir, name)
    subjects = [
        Subject(scope, tuple(Touch(path=path, why=why) for path, why in files))
        for scope, files in touched(found.paths, services.scopes()).items()
    ]
    with files_of(services.project_dir, found.commit, _PLANNED_FROM) as folder:
        yield Base(name, folder), subjects


def reviews(
    services: Services,
    subjects: Sequence[Subject],
    wanted: Wanted,
    *,
    base: Base | None = None,
    parallel: int | None = None,
    on_review: OnReview | None = None,
) -> list[Review]:
    """A review of each scope, in their order. To be called in the main thread.

    ``parallel``: shards that are previewed at the same time; else as the scopes' files say. Raises
    what concerns all scopes: EngineError, CredentialsError, StateError.
    """
    services.technologies()  # loaded here, so that threads find it loaded
    works = [_Work(subject) for subject in subjects]
    _side_by_side(services, lambda work: _plan(services, work, wanted), works)
    planned = [work.planned for work in works if work.planned is not None]
    seen = iter(previews(services, planned, parallel=parallel) if planned else ())
    looked = {id(work): next(seen) for work in works if work.planned is not None}
    done: list[ScopeKey] = []

    def finish(work: _Work) -> Review:
        review = _review(services, work, looked.get(id(work)), base)
        done.append(work.subject.scope)
        if on_review is not None:
            on_review(work.subject.scope, len(done), len(works))
        return review

    return _side_by_side(services, finish, works)


def _side_by_side(
    services: Services, each: Callable[[_Work], T], works: Sequence[_Work]
) -> list[T]:
    """In threads, in order. Ctrl-C leaves what runs behind: it changes nothing."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=WORKERS)
    try:
        found = list(pool.map(each, works))
    except KeyboardInterrupt:
        services.stopping.force()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return found


def account_names(services: Services, key: ScopeKey) -> Mapping[str, str]:
    """Account -> its name in the scope file; nothing where the file cannot be read."""
    try:
        scope = services.scope(key.customer, str(key.environment))
    except DrstateError:
        return {}
    return {account.id: account.name for account in scope.accounts}


def _plan(services: Services, work: _Work, wanted: Wanted) -> None:
    key = work.subject.scope
    try:
        catalog = services.journal.load_catalog(key)
        if key not in services.scopes() and work.subject.changed_by:
            protected = len(catalog.entries) if catalog is not None else 0
            work.gone = protected == 0
            work.error = _orphaned(key, protected) if protected else None
            return
        if wanted.phases:
            work.phases = wanted.phases
        else:
            due = next_phase(catalog)
            work.phases, work.why = (due.phase,), due.why
        work.scope = services.scope(key.customer, str(key.environment))
        planned = make_plan(
            services,
            work.scope,
            phases=work.phases,
            waves=wanted.waves,
            targets=wanted.targets,
            approval=wanted.approval,
            force=wanted.force,
        )
        check_direction(planned.plan, wanted.to)
        work.planned = planned
    except Exception as error:  # noqa: BLE001 - told of this scope, hiding no other
        work.error = as_drstate(error)


def _orphaned(key: ScopeKey, count: int) -> DrstateError:
    file = key.file
    return ConfigError(
        f"{file} is gone, and {key} is still protected",
        why=f"its standby of {count} resources stays, costs, and would not be kept current; nobody "
        "could fail over to it without the file",
        hint=f"restore {file}, or remove the protection of its resources first",
    )


def _review(
    services: Services, work: _Work, found: PlanPreview | DrstateError | None, base: Base | None
) -> Review:
    error = found if isinstance(found, DrstateError) else work.error
    review = Review(
        scope=work.subject.scope,
        phases=work.phases,
        phases_why=work.why,
        base=base.name if base else "",
        changed_by=work.subject.changed_by,
        preview=found if isinstance(found, PlanPreview) else None,
        error=error_info(error) if error is not None else None,
        gone=work.gone,
        sandbox=services.sandbox,
    )
    if work.scope is None or work.planned is None:
        return review
    recovery = _recovery(services, work.planned)
    return review.model_copy(
        update={
            "recovery": recovery,
            "base_recovery": _at_base(services, work, recovery, base),
            **_readiness(services, work.scope),
            **_now(services, work.planned),
        }
    )


def _recovery(services: Services, planned: PlannedRun) -> Predicted:
    from drstate.planning.recovery import recovery_time  # noqa: PLC0415 loaded when it is needed

    try:
        source = work_source(services)
        return Predicted(time=recovery_time(planned.plan, planned.catalog, planned.scope, source))
    except Exception as error:  # noqa: BLE001 - told in its place
        return Predicted(why=_said(as_drstate(error)))


def _at_base(services: Services, work: _Work, recovery: Predicted, base: Base | None) -> Predicted:
    """What the same recovery would take with the base's files, and the catalog as it is."""
    from drstate.inventory.scopes import load_scope  # noqa: PLC0415 loaded when it is needed

    if base is None or work.scope is None:
        return Predicted()
    names = (work.scope.customer, str(work.scope.environment))
    there = base.folder / work.scope.key.file
    if not there.is_file():
        return Predicted(why="the scope is not described there")
    if there.read_bytes() == (services.project_dir / work.scope.key.file).read_bytes():
        return recovery  # nothing else of the base's files goes into a plan
    try:
        scope = load_scope(base.folder, *names)
        planned = make_plan(services, scope, phases=work.phases)
    except Exception as error:  # noqa: BLE001 - told in its place
        return Predicted(why=_said(as_drstate(error)))
    return _recovery(services, planned)


def _readiness(services: Services, scope: Scope) -> dict[str, object]:
    try:
        return {"readiness": readiness(services, scope)}
    except Exception as error:  # noqa: BLE001 - told in its place
        return {"readiness_why": _said(as_drstate(error))}


def _now(services: Services, planned: PlannedRun) -> dict[str, object]:
    try:
        found = hindrances(services, planned.scope, urgent=planned.plan.force, planned=planned)
    except DrstateError as error:
        return {"notices": (_said(error),)}
    return {"not_now": found.refusals, "notices": found.notices}


def _said(error: DrstateError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what
