"""``drstate ci``: what a pipeline needs beside the commands that it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say, write

if TYPE_CHECKING:
    from drstate.ci.surroundings import Surroundings
    from drstate.model.scope import ScopeKey

app = typer.Typer(
    help="For pipelines: run a command, comment on a pull request.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR",
        help="What `drstate preview --write-to DIR` wrote: a comment for each of its scopes, and "
        "no other any more.",
        show_default=False,
    ),
]
Scope = Annotated[
    str | None,
    typer.Option(
        "--scope", metavar="CUSTOMER/ENVIRONMENT", help="One scope only.", show_default=False
    ),
]
Body = Annotated[
    Path | None,
    typer.Option(
        "--body", metavar="FILE", help="With --scope: its text, markdown.", show_default=False
    ),
]
Remove = Annotated[bool, typer.Option("--remove", help="With --scope: take its comment away.")]
Number = Annotated[
    int | None,
    typer.Option(
        "--pull-request", metavar="N", min=1, help="Its number.", show_default="the event's"
    ),
]
Repository = Annotated[
    str | None,
    typer.Option(
        "--repository", metavar="OWNER/NAME", help="Where.", show_default="GITHUB_REPOSITORY"
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help="Part of the marker: one for each project of a repository."
    ),
]
Author = Annotated[
    str | None,
    typer.Option(
        "--author",
        metavar="LOGIN",
        help="Who the token writes as. An App's token cannot ask: NAME[bot].",
        show_default="GitHub is asked",
    ),
]
HideEmpty = Annotated[
    bool, typer.Option("--hide-empty", help="No comment for a scope in which nothing would change.")
]
Line = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- COMMAND …", help="A command of drstate and its options."),
]
Folder = Annotated[
    Path,
    typer.Option("--write-to", metavar="DIR", help="Document, report, summary and JUnit."),
]
FailWhenWaiting = Annotated[
    bool,
    typer.Option("--fail-when-waiting", help="Exit 10 at a gate. Else a job that waits is well."),
]
FailWhenSkipping = Annotated[
    bool,
    typer.Option(
        "--fail-when-skipping", help="Exit 11 where something was left out. Else a warning."
    ),
]
Files = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE …", help="Markdown.", show_default=False)
]


@app.callback()
def ci() -> None:
    """For pipelines: run a command, comment on a pull request."""


@app.command("run")
@verb
def run(
    common: Common,
    line: Line = None,
    write_to: Folder = Path("drstate-report"),
    fail_when_waiting: FailWhenWaiting = False,
    fail_when_skipping: FailWhenSkipping = False,
) -> int:
    """Run a command as a pipeline's step. Writes outputs, summary, report and JUnit."""
    from drstate.ci.surroundings import Surroundings
    from drstate.errors import ExitCode
    from drstate_cli.pipeline import run as carry_out

    asked = {ExitCode.WAITING: fail_when_waiting, ExitCode.SKIPS: fail_when_skipping}
    return carry_out(
        common,
        list(line or ()),
        write_to.resolve(),
        Surroundings(os.environ),
        fails=frozenset(code for code, wanted in asked.items() if wanted),
    )


@app.command("comment")
@verb
def comment(
    common: Common,
    source: From = None,
    scope: Scope = None,
    body: Body = None,
    remove: Remove = False,
    pull_request: Number = None,
    repository: Repository = None,
    name: Name = "drstate",
    author: Author = None,
    hide_empty: HideEmpty = False,
) -> None:
    """Keep one comment per scope on a pull request. Edited in place; removed when reverted."""
    from drstate.aws.clock import SystemClock
    from drstate.ci.comments import Poster
    from drstate.ci.http import Api
    from drstate.ci.surroundings import Surroundings
    from drstate.errors import CredentialsError

    bodies, only = _bodies(source, scope, body, remove=remove, hide_empty=hide_empty)
    around = Surroundings(os.environ)
    about = around.pull_request(repository, pull_request)
    try:
        api = Api(around.api, around.token, SystemClock())
        poster = Poster(api, about.repository, about.number, name=name, author=author)
        done = poster.keep(bodies, only)
    except CredentialsError as error:
        if not about.read_only:
            raise
        _instead(around, bodies, error.what)
        return
    emit(
        common,
        "drstate.comments/1",
        {
            "repository": about.repository,
            "pull_request": about.number,
            "comments": [
                {"scope": str(one.scope), "did": str(one.did), "url": one.url} for one in done
            ],
        },
        lambda: (
            "\n".join(f"{one.scope}  {one.did}  {one.url}".rstrip() for one in done)
            or "no scope is touched, and no comment is there"
        ),
    )


@app.command("summary")
@verb
def summary(common: Common, files: Files = None, source: From = None) -> None:
    """Append texts to the job's summary. Elsewhere they are printed."""
    from drstate.ci.surroundings import Surroundings
    from drstate.errors import ConfigError, UsageError

    if bool(files) == (source is not None):
        raise UsageError(
            "give either files or --from",
            why="it is told what to append",
            hint="drstate ci summary --from DIR; drstate ci summary report.md",
        )
    try:
        texts = [path.read_text(encoding="utf-8") for path in files or ()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"a file cannot be read: {error}", hint="name files of markdown in UTF-8"
        ) from error
    if source is not None:
        bodies, _ = _bodies(source, None, None)
        texts = list(bodies.values()) or ["No scope is touched by this change."]
    whole = "\n\n".join(text.strip() for text in texts)
    written = Surroundings(os.environ).summarize(whole)
    if common.machine:
        emit(common, "drstate.summary/1", {"written": written, "markdown": whole}, str)
    elif not written:
        write(sys.stdout, whole)


def _bodies(
    source: Path | None,
    scope: str | None,
    body: Path | None,
    *,
    remove: bool = False,
    hide_empty: bool = False,
) -> tuple[dict[ScopeKey, str], list[ScopeKey] | None]:
    """Texts by scope, and the scopes that they are all about; None: every scope there is."""
    from drstate.ci.comments import scope_named
    from drstate.errors import ConfigError, UsageError
    from drstate.model.scope import ScopeKey
    from drstate_cli.written import read_index, read_text

    if source is not None and not (scope or body or remove):
        rows = read_index(source).scopes
        return {
            ScopeKey(customer=row.customer, environment=row.environment): read_text(source, row)
            for row in rows
            if row.refused or not (hide_empty and row.empty)
        }, None
    if source is not None or scope is None or (body is None) != remove:
        raise UsageError(
            "it is not said what to comment",
            why="either --from DIR, or --scope with one of --body and --remove",
            hint="drstate ci comment --from DIR; "
            "drstate ci comment --scope acme/production --body preview.md",
        )
    one = scope_named(scope)
    if body is None:
        return {}, [one]
    try:
        return {one: body.read_text(encoding="utf-8")}, [one]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"--body {body} cannot be read", why=str(error), hint="name a file in UTF-8"
        ) from error


def _instead(around: Surroundings, bodies: dict[ScopeKey, str], what: str) -> None:
    """A fork's job may not comment: its summary has the texts, and the job is well."""
    from drstate.ci.surroundings import command

    whole = "\n\n".join(bodies.values()) or "No scope is touched by this change."
    if not around.summarize(whole):
        write(sys.stdout, whole)
    told = f"no comment: {what}. A pull request of a fork or of dependabot may only read"
    if around.on_github:
        write(sys.stdout, command("notice", f"{told}; the job's summary has the preview"))
    say(told)
