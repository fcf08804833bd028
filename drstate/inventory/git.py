"""What git knows of a project: which files differ from another branch, and how they were there.

Reads only, asks no network, and takes nothing that a name may smuggle in as an option. What CI gets
wrong most (a shallow clone, a branch that was not fetched, a checkout of another user) is told with
its remedy.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drstate.errors import ConfigError, OperationError, TimedOutError, UnknownNameError

#: no command of git that is used here takes long; one that does hangs
_SECONDS = 60
#: a hook's surroundings would send git to another repository
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF")
_FETCH_ALL = "fetch the history: git fetch --unshallow; with actions/checkout: `fetch-depth: 0`"


@dataclass(frozen=True)
class Difference:
    """A project against another branch."""

    #: as it was named
    base: str
    #: hash of the commit that both have in common: what is compared with
    commit: str
    #: paths that differ, relative to the project, also those that are not committed; sorted
    paths: tuple[str, ...]


def difference(project: Path, base: str) -> Difference:
    """Files that differ between the project as it is on disk and where it left ``base``.

    Raises ConfigError (no git, no checkout, a shallow clone, no common commit), UnknownNameError
    (no such branch or commit), TimedOutError.
    """
    commit = _merge_base(project, base)
    diff = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
    changed = _git(project, *diff, "--relative", commit, "--", ".")
    new = _git(project, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    # a name that is not UTF-8 is only shown, and goes into JSON
    paths = {one.decode("utf-8", "replace") for one in (changed + new).split(b"\0") if one}
    return Difference(base=base, commit=commit, paths=tuple(sorted(paths)))


@contextmanager
def files_of(project: Path, commit: str, names: Sequence[str]) -> Iterator[Path]:
    """A folder with those of the project's files and folders that the commit has; gone afterwards.

    Raises as ``difference``, and OperationError where git gives no archive.
    """
    prefix = _git(project, "rev-parse", "--show-prefix").decode().strip()
    there = [name for name in names if _has(project, commit, prefix + name)]
    with tempfile.TemporaryDirectory(prefix="drstate-base-") as folder:
        if there:
            # of a subfolder's tree, so that paths are relative to the project wherever it lies
            tree = f"{commit}:{prefix}" if prefix else commit
            archive = _git(project, "archive", "--format=tar", tree, "--", *there, top=True)
            try:
                _lay_out(archive, Path(folder))
            except (tarfile.TarError, OSError) as error:
                raise OperationError(
                    f"the files of {commit[:12]} cannot be laid out",
                    why=str(error),
                    hint="make room for temporary files, or preview without a base",
                ) from error
        yield Path(folder)


def _lay_out(archive: bytes, folder: Path) -> None:
    """Plain files only: a link in a commit may point anywhere on this machine."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is None or ".." in Path(member.name).parts or member.name.startswith("/"):
                continue
            file = folder / member.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.read())


def _has(project: Path, commit: str, path: str) -> bool:
    return _run(project, ("cat-file", "-e", f"{commit}:{path}")).returncode == 0


def _merge_base(project: Path, base: str) -> str:
    if base.startswith("-") or not base.strip():
        raise UnknownNameError(
            f"{base!r} is no branch or commit",
            why="a name in git does not begin with a dash, and is not empty",
            hint="name what to compare with, for example origin/main",
        )
    inside = _run(project, ("rev-parse", "--is-inside-work-tree"))
    if inside.returncode != 0 or inside.stdout.strip() != b"true":
        raise _no_checkout(project, inside)
    named = _run(project, ("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}"))
    shallow = _run(project, ("rev-parse", "--is-shallow-repository")).stdout.strip() == b"true"
    if named.returncode != 0:
        raise UnknownNameError(
            f"git knows no {base}",
            why="no branch, tag or commit of that name is in this clone"
            + (", which is shallow" if shallow else ""),
            hint=_FETCH_ALL if shallow else _fetching(base),
        )
    if _run(project, ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")).returncode != 0:
        raise ConfigError(
            "nothing is committed here yet",
            why="there is no HEAD to compare",
            hint="commit first, or preview with --all",
        )
    common = _run(project, ("merge-base", named.stdout.decode().strip(), "HEAD"))
    if common.returncode == 0:
        return common.stdout.decode().split()[0]
    if shallow:
        raise ConfigError(
            f"the clone is too shallow to compare with {base}",
            why="the commit that HEAD and it have in common was not fetched",
            hint=_FETCH_ALL,
        )
    raise ConfigError(
        f"HEAD and {base} have no commit in common",
        why="one of them was begun anew",
        hint="name the branch that this one was made from, or preview with --all",
    )


def _fetching(base: str) -> str:
    remote, _, branch = base.partition("/")
    if branch and remote in ("origin", "upstream"):
        return f"fetch it: git fetch {remote} {branch}"
    return f"fetch it: git fetch origin {base}, and name it origin/{base}; or name a commit"


def _no_checkout(project: Path, told: subprocess.CompletedProcess[bytes]) -> ConfigError:
    said = told.stderr.decode(errors="replace").strip()
    if "dubious ownership" in said:
        return ConfigError(
            f"git does not trust {project}",
            why="the checkout belongs to another user, as in a container",
            hint=f"git config --global --add safe.directory {project}",
        )
    return ConfigError(
        f"{project} is not a git checkout",
        why=said.partition("\n")[0] or "there is no work tree",
        hint="run it in a clone (-C), or name scopes yourself: --all, or -c and -e",
    )


def _git(project: Path, *arguments: str, top: bool = False) -> bytes:
    ended = _run(project, arguments, top=top)
    if ended.returncode != 0:
        raise OperationError(
            f"git {arguments[0]} failed",
            why=ended.stderr.decode(errors="replace").strip() or f"exit {ended.returncode}",
            hint="see what git says to `git status` there",
        )
    return ended.stdout


def _run(
    project: Path, arguments: Sequence[str], *, top: bool = False
) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    folder = project
    if top:
        # an archive of a folder's tree is asked for at the top: git would look for the folder in it
        found = _run(project, ("rev-parse", "--show-toplevel")).stdout
        folder = Path(os.fsdecode(found.rstrip(b"\n")))
    try:
        return subprocess.run(  # noqa: S603 - no shell, and names cannot be taken for options
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is where PATH has it
            env={**env, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigError(
            "git is not installed here",
            why="what a change touches is read from git",
            hint="install git, or name scopes yourself: --all, or -c and -e",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise TimedOutError(
            f"git {arguments[0]} did not end within {_SECONDS} s",
            why="it hangs, or the disk does",
            hint="try `git status` there",
        ) from error
