"""Use case: look at everything that a recovery needs before it is needed. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.errors import DrstateError
from drstate.execution.journals import misplaced
from drstate.execution.services import Services
from drstate.model.scope import Scope
from drstate.model.words import counted
from drstate.version import VERSION


@dataclass(frozen=True)
class Fact:
    """One thing that is so."""

    name: str
    value: str


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and the command or edit that mends it."""

    what: str
    mend: str


@dataclass(frozen=True)
class Checkup:
    """What doctor shows."""

    facts: tuple[Fact, ...]
    troubles: tuple[Problem, ...]


def checkup(services: Services) -> Checkup:
    """Engine, backend, scope files, one role assumption per account. Never raises DrstateError.

    Each account is asked once who it is, with its own role and external id, so that a wrong one is
    found on a quiet day.
    """
    facts = [Fact("drstate", VERSION), Fact("project", str(services.project_dir))]
    troubles: list[Problem] = []
    facts += _engine(services, troubles)
    facts.append(_journal(services, troubles))
    scopes = _scopes(services, troubles)
    facts.append(Fact("scopes", ", ".join(scopes) or "none"))
    facts += _workers(services, troubles)
    return Checkup(tuple(facts), tuple(troubles))


def _journal(services: Services, troubles: list[Problem]) -> Fact:
    place = services.readers.place
    if place is None:
        return Fact("journal", str(services.home))
    from drstate.execution.journal_keeping import journal_facts  # noqa: PLC0415 loaded when needed

    try:
        found = journal_facts(place, services.clock)
    except DrstateError as error:
        troubles.append(_problem(error))
    else:
        if found.missing:
            missing = " and ".join(found.missing)
            what = f"the journal's table {place.table} has no {missing}"
            mend = f"switch it on: drstate journal init --journal '{place}'"
            troubles.append(Problem(what, mend))
    return Fact("journal", str(place))


def _workers(services: Services, troubles: list[Problem]) -> list[Fact]:
    """Where the distributed engine is set up, and what lies dead there. Silent where it is not."""
    from drstate.aws.own import OwnCaller  # noqa: PLC0415 loaded when it is needed
    from drstate.execution.dispatch.dead import remedy  # noqa: PLC0415 loaded when it is needed
    from drstate.execution.dispatch.queue import DEAD_QUEUE, QUEUE, waiting  # noqa: PLC0415 the same

    found = []
    for region in _recovering(services):
        try:
            aws = OwnCaller(region, services.clock)
            work, dead = waiting(aws, QUEUE), waiting(aws, DEAD_QUEUE)
        except DrstateError as error:
            found.append(f"{region}: not known ({error.what})")
            continue
        if work is None:
            continue
        found.append(f"{region}: {counted(work, 'task')} in the queue")
        if dead is None:
            what = f"the workers' queue in {region} has none for messages that nobody can do"
            troubles.append(Problem(what, f"drstate dispatcher deploy --region {region}"))
        if dead:
            what = f"{counted(dead, 'dead letter')} of the workers' queue in {region}"
            troubles.append(Problem(what, remedy(region)))
    return [Fact("workers", "; ".join(found))] if found else []


def _recovering(services: Services) -> list[str]:
    """Where the scopes recover; what is wrong with a scope's file is told with the scopes."""
    regions = set()
    try:
        for key in services.scopes():
            regions.add(services.scope(key.customer, str(key.environment)).regions.recovery)
    except DrstateError:
        return sorted(regions)
    return sorted(regions)


def _engine(services: Services, troubles: list[Problem]) -> list[Fact]:
    from drstate.engine.backends import folder_troubles  # noqa: PLC0415 loaded when it is needed
    from drstate.engine.facts import engine_facts  # noqa: PLC0415 loaded when it is needed

    engine = None
    try:
        settings = services.engine_settings()
    except DrstateError as error:
        troubles.append(_problem(error))
        return []
    try:
        engine = services.engine()
    except DrstateError as error:
        troubles.append(_problem(error))
    found = engine_facts(engine, settings)
    _add(troubles, [Problem(one.what, one.mend) for one in found.troubles])
    if services.home.exists():
        journal = folder_troubles(services.home, "the journal")
        _add(troubles, [Problem(one.what, one.mend) for one in journal])
    secrets = found.secrets_provider or "unknown while no backend is chosen"
    return [
        Fact("engine", str(engine) if engine is not None else "none"),
        Fact("backend", found.backend or "none"),
        Fact("secrets", f"{secrets} ({found.passphrase})" if found.passphrase else secrets),
        Fact("plugins", ", ".join(found.plugins) or "none"),
        Fact("stacks", "unknown" if found.stacks is None else str(len(found.stacks))),
    ]


def _scopes(services: Services, troubles: list[Problem]) -> list[str]:
    try:
        known = services.scopes()
    except DrstateError as error:
        troubles.append(_problem(error))
        return []
    if not known:
        troubles.append(
            Problem(
                "no scope is described in this project",
                "write stacks/<customer>/<environment>.yaml; the README shows one",
            )
        )
    for key in known:
        try:
            scope = services.scope(key.customer, str(key.environment))
            _add(troubles, state_problems(services, scope))
        except DrstateError as error:
            _add(troubles, [_problem(error)])
            continue
        caller = services.caller(scope, session="drstate-doctor")
        for account in scope.accounts:
            try:
                caller.call(
                    "sts",
                    "get_caller_identity",
                    account=account.id,
                    region=scope.regions.recovery,
                )
            except DrstateError as error:
                _add(troubles, [_problem(error)])
    return [str(key) for key in known]


def state_problems(services: Services, scope: Scope) -> list[Problem]:
    """Journal, state and keys that would be lost with the source region. Asks nothing of AWS.

    Raises ConfigError for a backend or secrets provider of no kind. A project without Pulumi.yaml
    has neither; whoever opens its stacks tells that.
    """
    troubles = []
    journal = misplaced(services.readers.place, scope.regions.primary, scope.regions.recovery)
    if journal is not None:
        troubles.append(Problem(journal.what, journal.mend))
    if services.sandbox or not (services.project_dir / "Pulumi.yaml").exists():
        return troubles
    from drstate.engine.facts import misplaced_troubles  # noqa: PLC0415 loaded when it is needed

    found = misplaced_troubles(services.engine_settings(), scope.regions)
    return troubles + [Problem(one.what, one.mend) for one in found]


def _add(troubles: list[Problem], more: list[Problem]) -> None:
    """What several scopes or accounts have in common is told once."""
    troubles += [one for one in more if one not in troubles]


def _problem(error: DrstateError) -> Problem:
    return Problem(f"{error.what}: {error.why}" if error.why else error.what, error.hint)
