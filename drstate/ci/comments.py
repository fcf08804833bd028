"""One comment per scope on a pull request, kept up to date in place.

A comment is ours if its first line is the hidden marker of the scope *and* our own token wrote it:
a person who quotes or copies a marker has a comment of their own. What is already so is not
written. ``course`` decides, purely; ``Poster`` looks and does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from drstate.ci.http import Api
from drstate.errors import ConfigError, CredentialsError, OperationError, Retry, UsageError
from drstate.model.scope import Environment, ScopeKey

#: GitHub's limit of a comment, in characters
LONGEST = 65_536
#: whose the comments of a workflow's own token are
WORKFLOW = "github-actions[bot]"
_MARKER = re.compile(
    r"<!-- drstate:preview:1 (?P<name>[^\s:]+):(?P<customer>[^\s/]+)/(?P<environment>\S+) -->"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: GitHub asks for a second between two writes
_BETWEEN = 1.0
_TRIES = 3


class Did(StrEnum):
    """What became of a scope's comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True)
class Comment:
    """A comment as GitHub has it."""

    id: int
    author: str
    body: str
    url: str


@dataclass(frozen=True)
class Done:
    """One scope's comment, and what was done to it. ``url``: empty where it is gone."""

    scope: ScopeKey
    did: Did
    url: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to do. ``comment`` is None for a new one."""

    scope: ScopeKey
    did: Did
    comment: Comment | None = None
    body: str = ""


def marked(name: str, scope: ScopeKey, body: str) -> str:
    """The body under its marker. Raises ConfigError where GitHub would not take it."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"--name {name!r} cannot be part of a marker",
            why="letters, digits, dots, dashes and underscores, at most 64",
            hint="for example: --name drstate",
        )
    whole = f"<!-- drstate:preview:1 {name}:{scope} -->\n{body.strip()}\n"
    if len(whole) > LONGEST:
        raise ConfigError(
            f"the comment of {scope} has {len(whole)} characters",
            why=f"GitHub takes {LONGEST}",
            hint="make it with drstate preview -o markdown, which keeps within the limit",
        )
    return whole


def scope_of(name: str, body: str) -> ScopeKey | None:
    """The scope that a body's first line marks it for, if the marker is ``name``'s."""
    first = body.lstrip("\ufeff").split("\n", 1)[0].strip()
    found = _MARKER.fullmatch(first)
    if found is None or found["name"] != name:
        return None
    return _key(found["customer"], found["environment"])


def course(
    name: str,
    found: Iterable[Comment],
    wanted: Mapping[ScopeKey, str],
    author: str,
    *,
    only: Sequence[ScopeKey] | None = None,
) -> list[Step]:
    """What has to be done so that there is one comment for each scope in ``wanted``, and no other.

    ``wanted``: bodies with their markers. ``only``: leave the comments of other scopes alone.
    """
    steps: list[Step] = []
    seen: set[ScopeKey] = set()
    for comment in found:
        scope = scope_of(name, comment.body)
        if scope is None or comment.author != author or (only is not None and scope not in only):
            continue
        body = wanted.get(scope)
        if body is None or scope in seen:
            # of two, made by jobs that ran beside each other, the older one stays
            steps.append(Step(scope, Did.REMOVED, comment))
            continue
        seen.add(scope)
        same = _plain(comment.body) == _plain(body)
        steps.append(Step(scope, Did.UNCHANGED if same else Did.UPDATED, comment, body))
    new = [scope for scope in wanted if scope not in seen]
    return [*steps, *(Step(scope, Did.CREATED, None, wanted[scope]) for scope in new)]


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()


class Poster:
    """The comments of one pull request."""

    def __init__(
        self, api: Api, repository: str, number: int, *, name: str, author: str | None = None
    ) -> None:
        """``author``: the login that the token writes as; else GitHub is asked."""
        self._api = api
        self._path = f"/repos/{repository}/issues"
        self._number = number
        self._name = name
        self._author = author
        self._wrote = False

    def keep(
        self, bodies: Mapping[ScopeKey, str], only: Sequence[ScopeKey] | None = None
    ) -> list[Done]:
        """Bring the comments to what ``bodies`` (without markers) says.

        Raises CredentialsError where the token may not, OperationError, TimedOutError.
        """
        wanted = {scope: marked(self._name, scope, body) for scope, body in bodies.items()}
        author = self._author or self._asked()
        found = self._all()
        steps = course(self._name, found, wanted, author, only=only)
        return [self._take(step, found, author) for step in steps]

    def _asked(self) -> str:
        try:
            told = self._api.get("/user").document
        except CredentialsError:
            # a workflow's token is no user's, and may not ask
            return WORKFLOW
        return str(told.get("login") or WORKFLOW) if isinstance(told, dict) else WORKFLOW

    def _all(self) -> list[Comment]:
        path: str | None = f"{self._path}/{self._number}/comments?per_page=100"
        found: list[Comment] = []
        while path is not None:
            answer = self._api.get(path)
            if not isinstance(answer.document, list):
                raise OperationError(
                    "GitHub's list of comments is no list",
                    hint="is GITHUB_API_URL the address of the API?",
                )
            found += [_comment(one) for one in answer.document]
            path = answer.next
        return found

    def _take(self, step: Step, found: Sequence[Comment], author: str) -> Done:
        if step.did is Did.UNCHANGED and step.comment is not None:
            return Done(step.scope, step.did, step.comment.url)
        if step.comment is None:
            made = self._make(step, author)
            self._replace_own(step.scope, made, found, author)
            return Done(step.scope, step.did, made.url)
        path = f"{self._path}/comments/{step.comment.id}"
        self._pause()
        if step.did is Did.REMOVED:
            self._api.delete(path)
            return Done(step.scope, step.did)
        self._api.patch(path, {"body": step.body})
        return Done(step.scope, step.did, step.comment.url)

    def _make(self, step: Step, author: str) -> Comment:
        for left in reversed(range(_TRIES)):
            self._pause()
            try:
                path = f"{self._path}/{self._number}/comments"
                return _comment(self._api.post(path, {"body": step.body}).document)
            except OperationError as error:
                if error.retry is not Retry.TRANSIENT or not left:
                    raise
                self._api.wait(2.0 * (_TRIES - left), error.what)
            # it may have been made although its answer was lost
            for one in self._all():
                if one.author == author and scope_of(self._name, one.body) == step.scope:
                    return one
        raise AssertionError  # the last try returns or raises

    def _replace_own(
        self, scope: ScopeKey, made: Comment, found: Sequence[Comment], author: str
    ) -> None:
        """An App's token may not ask who it is; its first comment tells. One comment stays."""
        if made.author in (author, ""):
            return
        for one in found:
            if one.author == made.author and scope_of(self._name, one.body) == scope:
                self._pause()
                self._api.delete(f"{self._path}/comments/{one.id}")

    def _pause(self) -> None:
        if self._wrote:
            self._api.wait(_BETWEEN, "a pause between two comments")
        self._wrote = True


def _comment(told: Any) -> Comment:
    if not isinstance(told, dict) or "id" not in told:
        raise OperationError(
            "GitHub's answer is no comment", hint="is GITHUB_API_URL the address of the API?"
        )
    user = told.get("user") or {}
    return Comment(
        id=int(told["id"]),
        author=str(user.get("login", "")),
        body=str(told.get("body") or ""),
        url=str(told.get("html_url", "")),
    )


def scope_named(text: str) -> ScopeKey:
    """``customer/environment`` as a scope. Raises UsageError."""
    customer, _, environment = text.partition("/")
    found = _key(customer, environment)
    if found is None:
        raise UsageError(
            f"--scope {text!r} names no scope",
            why="it is a customer, a slash and an environment: " + ", ".join(Environment),
            hint="for example: --scope acme/production",
        )
    return found


def _key(customer: str, environment: str) -> ScopeKey | None:
    try:
        return ScopeKey(customer=customer, environment=Environment(environment))
    except (ValidationError, ValueError):
        return None
