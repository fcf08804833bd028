"""Reads a command line of the Automation API: which command, which flags, which arguments.

Only commands and flags that the engine serves are known; anything else is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drstate.sandbox.engine.failure import FailedCommandError

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})


@dataclass(frozen=True)
class Command:
    """A command's shape: flags with a value, flags without, and how many arguments."""

    values: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    minimum: int = 0
    maximum: int | None = 0
    #: flags that the CLI has and this engine refuses, with the reason
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """A command line taken apart. ``ordered`` keeps flags with values in their order."""

    path: tuple[str, ...]
    command: Command
    arguments: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    switches: Mapping[str, bool]
    ordered: tuple[tuple[str, str], ...]

    def value(self, name: str, default: str | None = None) -> str | None:
        """The last value given for a flag."""
        found = self.values.get(name)
        return found[-1] if found else default

    def all(self, name: str) -> tuple[str, ...]:
        """Every value given for a flag that may be repeated."""
        return self.values.get(name, ())

    def on(self, name: str, *, default: bool = False) -> bool:
        """Whether a switch is on."""
        return self.switches.get(name, default)

    @property
    def shown(self) -> dict[str, str]:
        """The flags as a history entry records them: switches with their value, others as set."""
        found = dict.fromkeys(self.values, "set")
        found.update({name: "true" if on else "false" for name, on in self.switches.items()})
        return found


_GLOBAL_VALUES = frozenset({"color", "config-file", "cwd", "stack", "verbose"})
_GLOBAL_SWITCHES = frozenset(
    {
        "non-interactive", "emoji", "logflow", "logtostderr", "disable-integrity-checking", "help",
        "fully-qualify-stack-names",
    }
)  # fmt: skip
_SHORT = {
    "s": "stack", "y": "yes", "C": "cwd", "v": "verbose", "p": "parallel", "t": "target",
    "m": "message", "f": "skip-preview", "j": "json", "r": "refresh", "a": "all", "i": "show-ids",
    "u": "show-urns", "h": "help", "Q": "fully-qualify-stack-names", "e": "emoji",
}  # fmt: skip
#: short flags that take a value
_SHORT_VALUES = frozenset("sCvptm")


def _command(
    values: str = "",
    switches: str = "",
    arguments: tuple[int, int | None] = (0, 0),
    refused: Mapping[str, str] | None = None,
) -> Command:
    return Command(
        frozenset(values.split()),
        frozenset(switches.split()),
        arguments[0],
        arguments[1],
        refused or {},
    )


_NO_REMOTE = "remote operations need Pulumi's service"
_NO_POLICY = "policy packs are not run"
_NO_PLAN = "update plans are neither written nor read"
_NO_OPERATION = {
    "remote": _NO_REMOTE,
    "policy-pack": _NO_POLICY,
    "policy-pack-config": _NO_POLICY,
    "plan": _NO_PLAN,
    "save-plan": _NO_PLAN,
    "import-file": "import files are not written",
    "attach-debugger": "programs are not started by it, so there is nothing to attach to",
    "tracing": "no traces are written",
    "json": "the display is text; use --event-log for events as JSON",
    "save-json": "the display is text; use --event-log for events as JSON",
    "config": "configuration is set with `pulumi config set`",
    "neo": "there is no assistant in it",
    "copilot": "there is no assistant in it",
}
_OPERATION_VALUES = (
    "stack message parallel target exclude client exec-kind event-log config-file exec-agent"
)
_OPERATION_SWITCHES = (
    "yes skip-preview expect-no-changes diff target-dependents exclude-dependents refresh "
    "continue-on-error debug suppress-outputs suppress-progress suppress-permalink run-program "
    "show-secrets show-config show-reads show-replacement-steps show-sames show-full-output "
    "show-policy-remediations"
)

COMMANDS: Mapping[tuple[str, ...], Command] = {
    ("up",): _command(_OPERATION_VALUES + " replace", _OPERATION_SWITCHES, refused=_NO_OPERATION),
    ("preview",): _command(
        _OPERATION_VALUES + " replace", _OPERATION_SWITCHES, refused=_NO_OPERATION
    ),
    ("refresh",): _command(
        _OPERATION_VALUES,
        _OPERATION_SWITCHES + " preview-only clear-pending-creates",
        refused={
            **_NO_OPERATION,
            "import-pending-creates": "give clear-pending-creates, and import by `pulumi import`",
        },
    ),
    ("destroy",): _command(
        _OPERATION_VALUES,
        _OPERATION_SWITCHES + " preview-only exclude-protected remove",
        refused=_NO_OPERATION,
    ),
    ("import",): _command(
        "stack message parallel file exec-kind event-log parent provider out",
        "yes skip-preview protect generate-code suppress-outputs suppress-progress",
        (0, 3),
        {
            "from": "converters are not run",
            "properties": "partial imports are not done",
            **{key: _NO_OPERATION[key] for key in ("remote", "tracing", "json")},
        },
    ),
    ("cancel",): _command("stack", "yes", (0, 1)),
    ("whoami",): _command("", "json"),
    ("version",): _command(),
    ("plugin", "ls"): _command("", "json project"),
    ("plugin", "install"): _command("server checksum file", "exact reinstall", (0, 3)),
    ("stack",): _command("stack", "show-ids show-name show-urns show-secrets"),
    ("stack", "init"): _command(
        "secrets-provider stack copy-config-from", "no-select", (0, 1),
        {"teams": _NO_REMOTE, "remote-config": _NO_REMOTE},
    ),
    ("stack", "select"): _command("stack secrets-provider", "create", (0, 1)),
    ("stack", "ls"): _command(
        "project", "json all", (0, 0), {"organization": _NO_REMOTE, "tag": _NO_REMOTE}
    ),
    ("stack", "rm"): _command("stack", "yes force preserve-config remove-backups", (0, 1)),
    ("stack", "rename"): _command("stack", "", (1, 1)),
    ("stack", "output"): _command(
        "stack", "json show-secrets", (0, 1), {"shell": "outputs are printed as text or JSON"}
    ),
    ("stack", "export"): _command(
        "stack file", "show-secrets", (0, 0),
        {"version": "this backend keeps no numbered versions; see .pulumi/history"},
    ),
    ("stack", "import"): _command("stack file", "force"),
    ("stack", "history"): _command("stack page-size page", "json show-secrets full-dates"),
    ("stack", "unselect"): _command(),
    ("stack", "tag", "ls"): _command("stack", "json"),
    ("stack", "tag", "get"): _command("stack", "", (1, 1)),
    ("stack", "tag", "set"): _command("stack", "", (2, 2)),
    ("stack", "tag", "rm"): _command("stack", "", (1, 1)),
    ("config",): _command("stack config-file", "json show-secrets", (0, 0), {"open": _NO_REMOTE}),
    ("config", "get"): _command("stack config-file", "json path", (1, 1), {"open": _NO_REMOTE}),
    ("config", "set"): _command(
        "stack config-file type", "path secret plaintext", (1, 2),
        {"env": _NO_REMOTE},
    ),
    ("config", "set-all"): _command("stack config-file plaintext secret json", "path"),
    ("config", "rm"): _command("stack config-file", "path", (1, 1)),
    ("config", "rm-all"): _command("stack config-file", "path", (1, None)),
    ("config", "refresh"): _command("stack config-file", "force"),
    ("state", "delete"): _command("stack", "yes force target-dependents all", (0, 1)),
    ("state", "rename"): _command("stack", "yes", (2, 2)),
    ("state", "unprotect"): _command("stack", "yes all", (0, 1)),
    ("state", "protect"): _command("stack", "yes all", (0, 1)),
}  # fmt: skip
_ALIASES = {
    "update": "up", "pre": "preview", "remove": "rm", "down": "destroy", "dn": "destroy",
    "list": "ls", "delete": "rm", "hist": "history",
}  # fmt: skip
_GROUPS = frozenset(path[:depth] for path in COMMANDS for depth in range(1, len(path)))


def parse(argv: list[str]) -> Parsed:
    """Take a command line apart. Raises FailedCommandError naming what is not served."""
    path, words = _path(_spelt_out(argv))
    command = COMMANDS[path]
    return _Reader(path, command, words).read()


def _spelt_out(argv: list[str]) -> list[str]:
    """Short flags one by one: ``-yf`` is ``-y -f``, ``-sdev`` is ``-s dev``."""
    words: list[str] = []
    for index, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[index:]]
        if len(word) < 3 or word[0] != "-" or word[1] == "-" or word[1] not in _SHORT:
            words.append(word)
            continue
        rest = word[1:]
        while rest:
            letter, rest = rest[0], rest[1:]
            words.append(f"-{letter}")
            if rest.startswith("=") or (rest and letter in _SHORT_VALUES):
                if letter in _SHORT_VALUES:
                    words.append(rest.removeprefix("="))
                else:
                    words[-1] += rest
                break
    return words


def _path(argv: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The command, and everything else in its order."""
    rest: list[str] = []
    path: tuple[str, ...] = ()
    index = 0
    while index < len(argv):
        word = argv[index]
        if word == "--":
            rest.extend(argv[index:])
            break
        if word.startswith("-"):
            rest.append(word)
            name = _SHORT.get(word.lstrip("-"), word.lstrip("-"))
            if not path and name in _GLOBAL_VALUES and index + 1 < len(argv):
                index += 1
                rest.append(argv[index])
        else:
            longer = _longer(path, word)
            if longer in COMMANDS or longer in _GROUPS:
                path = longer
            else:
                if not path:
                    raise _unknown(word)
                rest.extend(argv[index:])
                break
            if longer not in _GROUPS:
                rest.extend(argv[index + 1 :])
                break
        index += 1
    if path not in COMMANDS:
        named = [word for word in rest if not word.startswith("-")][:1]
        raise _unknown(" ".join((*path, *named)) or "(nothing)")
    if path in _GROUPS and (stray := _stray(COMMANDS[path], rest)) is not None:
        raise _unknown(" ".join((*path, stray)))
    return path, rest


def _longer(path: tuple[str, ...], word: str) -> tuple[str, ...]:
    plain = (*path, word)
    return plain if plain in COMMANDS or plain in _GROUPS else (*path, _ALIASES.get(word, word))


def _stray(command: Command, rest: list[str]) -> str | None:
    """A word that is neither flag nor a flag's value, where the command takes no arguments."""
    takes_value = False
    for word in rest:
        if takes_value:
            takes_value = False
        elif word == "--":
            return None
        elif word.startswith("-"):
            name = _SHORT.get(word.lstrip("-"), word.lstrip("-"))
            takes_value = "=" not in word and name in (command.values | _GLOBAL_VALUES)
        else:
            return word
    return None


def _unknown(command: str) -> FailedCommandError:
    known = ", ".join(sorted({" ".join(path) for path in COMMANDS}))
    return FailedCommandError(
        f"the embedded engine does not serve the command `pulumi {command}`; it serves: {known}"
    )


class _Reader:
    """Reads the words after the command."""

    def __init__(self, path: tuple[str, ...], command: Command, words: list[str]) -> None:
        self._path = path
        self._command = command
        self._words = words
        self._values: dict[str, list[str]] = {}
        self._switches: dict[str, bool] = {}
        self._ordered: list[tuple[str, str]] = []
        self._arguments: list[str] = []

    def read(self) -> Parsed:
        index = 0
        while index < len(self._words):
            word = self._words[index]
            index += 1
            if word == "--":
                self._arguments.extend(self._words[index:])
                break
            if not word.startswith("-") or word == "-":
                self._arguments.append(word)
                continue
            name, equals, value = word.lstrip("-").partition("=")
            name = name if word.startswith("--") else _SHORT.get(name, name)
            if name in (self._command.values | _GLOBAL_VALUES):
                if not equals:
                    if index >= len(self._words):
                        raise FailedCommandError(f"flag needs an argument: --{name}")
                    value = self._words[index]
                    index += 1
                self._values.setdefault(name, []).append(value)
                self._ordered.append((name, value))
            elif name in (self._command.switches | _GLOBAL_SWITCHES):
                self._switches[name] = self._truth(name, value) if equals else True
            else:
                raise self._refuse(name)
        self._count()
        return Parsed(
            self._path,
            self._command,
            tuple(self._arguments),
            {name: tuple(values) for name, values in self._values.items()},
            self._switches,
            tuple(self._ordered),
        )

    def _truth(self, name: str, value: str) -> bool:
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise FailedCommandError(f'invalid argument "{value}" for "--{name}": give true or false')

    def _refuse(self, name: str) -> FailedCommandError:
        shown = " ".join(self._path)
        why = self._command.refused.get(name)
        if why is None and name.startswith("remote"):
            why = _NO_REMOTE
        if why is not None:
            return FailedCommandError(
                f"the embedded engine does not do `pulumi {shown} --{name}`: {why}"
            )
        return FailedCommandError(f"unknown flag: --{name} of `pulumi {shown}`")

    def _count(self) -> None:
        found = len(self._arguments)
        low, high = self._command.minimum, self._command.maximum
        if found < low or (high is not None and found > high):
            wanted = (
                str(low) if low == high else f"between {low} and {'any' if high is None else high}"
            )
            raise FailedCommandError(
                f"`pulumi {' '.join(self._path)}` takes {wanted} argument(s), received {found}"
            )
