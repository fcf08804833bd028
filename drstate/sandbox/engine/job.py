"""An update before it starts: its flags read, its stack found, everything refusable refused.

It changes nothing, except that a stack without a salt gets one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from drstate.sandbox.engine.contract import (
    Event,
    ImportSpec,
    ProgramAddress,
    UpdateOptions,
    UpdateRequest,
)
from drstate.sandbox.engine.failure import CODE_NO_CONSENT, FailedCommandError
from drstate.sandbox.engine.language.host import LanguageHost, Source, serving
from drstate.sandbox.engine.language.interpreter import interpreter
from drstate.sandbox.engine.language.runtime import PYTHON
from drstate.sandbox.engine.names import ORGANIZATION, StackName
from drstate.sandbox.engine.passphrase import Cipher
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.stackconfig import StackConfig, mask, validate
from drstate.sandbox.engine.statedit import unprotected
from drstate.sandbox.engine.store import LoadedState

Kind = Literal["preview", "update", "refresh", "destroy", "import"]
_MANAGER = "getting stack configuration: get stack secrets manager: "
_DEFAULT_PARALLEL = 16
_UNBOUNDED = 2147483647


@dataclass(frozen=True)
class Job:
    """An update that is ready to start."""

    session: Session
    kind: Kind
    dry_run: bool
    stack: StackName
    config: StackConfig
    cipher: Cipher
    options: UpdateOptions
    program: ProgramAddress | None
    imports: tuple[ImportSpec, ...] = ()
    source: Source | None = None


def prepare(session: Session, kind: Kind, *, dry_run: bool, imports: tuple[ImportSpec, ...]) -> Job:
    """Everything that can be refused before anything is locked or changed."""
    parsed = session.parsed
    options = read_options(session)
    if kind != "preview" and not (parsed.on("yes") or parsed.on("skip-preview") or dry_run):
        raise FailedCommandError(
            "--yes or --skip-preview or --preview-only must be passed in to proceed when running "
            "in non-interactive mode",
            CODE_NO_CONSENT,
        )
    stack = session.name()
    session.store.require(stack)
    settings = session.settings(stack)
    cipher = session.manager(settings, _MANAGER)
    config = session.config(settings)
    validate(session.project, stack.name, config)
    program, source = _program(session, kind, options), _source(session, kind, options)
    return Job(session, kind, dry_run, stack, config, cipher, options, program, imports, source)


@contextmanager
def with_program(job: Job, emit: Callable[[Event], None]) -> Iterator[Job]:
    """The job with its program listening: one that is a file is served while the block runs."""
    source = job.source
    if source is None:
        yield job
        return
    hidden = job.config.secret_texts(job.cipher.decrypt)
    host = LanguageHost(source, emit, hidden, job.session.host.interrupted)
    with serving(host) as address:
        program = ProgramAddress(address, str(source.folder), source.program)
        yield replace(job, program=program)


def _program(session: Session, kind: Kind, options: UpdateOptions) -> ProgramAddress | None:
    if kind == "import" or (kind in ("refresh", "destroy") and not options.run_program):
        return None
    client = session.parsed.value("client")
    if client is None:
        return None
    return ProgramAddress(client, str(session.project.program_folder))


def _source(session: Session, kind: Kind, options: UpdateOptions) -> Source | None:
    """The program to start, where one is needed and none is handed in."""
    if kind == "import" or (kind in ("refresh", "destroy") and not options.run_program):
        return None
    if session.parsed.value("client") is not None:
        return None
    project = session.project
    if project.runtime.name != PYTHON:
        raise FailedCommandError(
            f"{project.file} has the runtime '{project.runtime.name}'; the embedded engine runs "
            "Python programs, and inline ones: use the Pulumi CLI for others"
        )
    place = project.program_folder
    folder, program = (place.parent, place.name) if place.is_file() else (place, ".")
    if program == "." and not (folder / "__main__.py").is_file():
        raise FailedCommandError(
            f"there is no program: {folder / '__main__.py'} does not exist. Write it, or name the "
            f"program's folder under main in {project.file}"
        )
    executable = interpreter(project.runtime.virtualenv, project.folder, session.env)
    return Source(executable, project.folder, folder, program, session.env)


def read_options(session: Session) -> UpdateOptions:
    """The flags of an update."""
    parsed = session.parsed
    text = parsed.value("parallel")
    try:
        parallel = int(text) if text is not None else _DEFAULT_PARALLEL
    except ValueError:
        raise FailedCommandError(
            f'invalid argument "{text}" for "--parallel": give a number'
        ) from None
    if parallel < 1:
        parallel = _UNBOUNDED
    if parsed.all("target") and parsed.all("exclude"):
        raise FailedCommandError("only one of --target and --exclude may be given")
    for dependents, flag in (("target-dependents", "target"), ("exclude-dependents", "exclude")):
        if parsed.on(dependents) and not (parsed.all(flag) or parsed.all("replace")):
            raise FailedCommandError(f"--{dependents} needs at least one --{flag}")
    return UpdateOptions(
        parallel=parallel,
        targets=parsed.all("target"),
        target_dependents=parsed.on("target-dependents"),
        excludes=parsed.all("exclude"),
        exclude_dependents=parsed.on("exclude-dependents"),
        replaces=parsed.all("replace"),
        refresh=parsed.on("refresh"),
        expect_no_changes=parsed.on("expect-no-changes"),
        continue_on_error=parsed.on("continue-on-error"),
        exclude_protected=parsed.on("exclude-protected"),
        run_program=parsed.on("run-program"),
        remove_stack=parsed.on("remove"),
        clear_pending_creates=parsed.on("clear-pending-creates"),
        diff=parsed.on("diff"),
        show_secrets=parsed.on("show-secrets"),
    )


def spare_protected(job: Job) -> Job | None:
    """The job for everything that no protected resource needs; None if that is nothing."""
    session = job.session
    resources = session.store.load(job.stack, session.state_cipher).deployment or {}
    free, kept = unprotected(resources.get("resources") or [])
    if kept and not free:
        session.output.out(
            "There were no unprotected resources to destroy. There are still "
            f"{kept} protected resources associated with this stack."
        )
        return None
    if not kept:
        return job
    return replace(job, options=replace(job.options, targets=tuple(free), target_dependents=False))


def request_of(job: Job, loaded: LoadedState, **extra: Any) -> UpdateRequest:
    """What the deployment half is asked to do."""
    session = job.session
    return UpdateRequest(
        kind=job.kind,
        dry_run=job.dry_run,
        organization=ORGANIZATION,
        project=job.stack.project,
        stack=job.stack.name,
        config=job.config.texts(job.cipher.decrypt),
        secret_keys=job.config.secret_keys,
        secret_texts=job.config.secret_texts(job.cipher.decrypt),
        shown_config=job.config.texts(mask),
        options=job.options,
        program=job.program,
        plugins=session.project.plugins,
        base=loaded.deployment,
        env=dict(session.env),
        imports=job.imports,
        **{
            "cancelled": session.host.interrupted,
            "terminated": session.host.terminated,
            "grace": session.host.grace,
            "detached": session.host.detached,
            **extra,
        },
    )
