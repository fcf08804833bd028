"""Makes two runs of one scenario comparable.

`Normaliser` replaces what differs from run to run; `tolerant` drops what two engines may differ in
and still be the same engine for us. The tolerated differences are the lists at the head of this
file, explained in docs/engine.md; edit them here and nowhere else.
"""

import functools
import getpass
import json
import re
import site
import socket
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

#: JSON keys that are dropped wherever they are
TOLERATED_KEYS = frozenset(
    {
        "sourcePosition",  # where in the program a resource was declared
        "stackTrace",
        "magic",  # which build of the CLI wrote a state
        "version",
        "environment",  # of a history entry: how the engine was called
        "env_vars",  # the same, of the report in a state that does not hang together
        "sequence",  # of events
        "timestamp",
    }
)
#: events that are left out: the text for people; errors are compared as errors
TOLERATED_EVENTS = frozenset({"stdoutEvent", "diagnosticEvent"})
#: replaced in every text
TOLERATED_TEXTS = [
    (re.compile(r"UUID-\d+"), "UUID"),
    (re.compile(r"NANOS-\d+"), "NANOS"),
    (re.compile(r"<ciphertext \d+>"), "<ciphertext>"),
    # the CLI calls a state that does not hang together its own bug, and adds advice, its versions,
    # and the stack of its threads
    (
        re.compile(
            r"(snapshot integrity error\. This is a bug!\n)\n"
            r".*?\n(?:Read )?Error: +([^\n]*)\n.*?goroutine .*",
            re.DOTALL,
        ),
        r"\1<advice and versions>\nError: \2\n<stack trace>",
    ),
    (
        re.compile(
            r"error: (?:The Pulumi CLI encountered a snapshot integrity error[^\n]*\n"
            r"<advice and versions>\nError: )?(snapshot integrity failure; refusing to use it: "
            r"[^\n]*)\n[^\n]*"
        ),
        r"error: \1",
    ),
]
#: files that only one of two engines has: our side journals, and the CLI's file attributes
TOLERATED_FILES = re.compile(r"\.(?:journal|orphaned|attrs)$")


class Normaliser:
    """Replaces paths, times, ids and ciphertexts. Numbered by first appearance in a scenario."""

    def __init__(self, work):
        self.numbers = {}
        self.plain = [
            (str(work), "${WORK}"),
            (str(HERE), "${GOLDEN}"),
            (sys.executable, "${PYTHON}"),
        ]
        for path in {*site.getsitepackages(), sysconfig.get_paths()["purelib"]}:
            self.plain.append((path, "${SITE}"))
        self.plain.append((sysconfig.get_paths()["stdlib"], "${STDLIB}"))
        self.plain.append((tempfile.gettempdir() + "/", "${TMP}/"))
        user, host = re.escape(getpass.getuser()), re.escape(socket.gethostname())
        hexes = ["[0-9a-f]" * size for size in (8, 4, 4, 4, 12)]
        salt = r"v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/=]{16}:([A-Za-z0-9+/=]+)"
        self.patterns = [
            (re.compile("-".join(hexes)), self._uuid),
            (re.compile(r"(?<!\d)1[6-9]\d{17}(?!\d)"), functools.partial(self._number, "NANOS")),
            (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "<time>"),
            (re.compile(r'("(?:startTime|endTime|durationSeconds|pid)"\s*:\s*)\d+'), r"\g<1>0"),
            (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:<port>"),
            (re.compile(salt), self._salt),
            (re.compile(salt[salt.index(":v1:") + 1 :]), self._ciphertext),
            (
                re.compile(r"\$\{TMP\}/pulumi-import-[a-z0-9_]+"),
                "${TMP}/pulumi-import-<random>",
            ),
            (re.compile(r"\$\{TMP\}/tmp[a-z0-9_]{8}"), "${TMP}/<random>"),
            (re.compile(r"\(pid \d+\)"), "(pid <pid>)"),
            (re.compile(rf"\b{user}@{host}\b"), "<user>@<host>"),
            (re.compile(rf'("user(?:name)?"\s*:\s*)"{user}"'), r'\1"<user>"'),
            (re.compile(rf'("hostname"\s*:\s*)"{host}"'), r'\1"<host>"'),
        ]

    def _number(self, kind, match):
        numbers = self.numbers.setdefault(kind, {})
        return f"{kind}-{numbers.setdefault(match[0], len(numbers) + 1)}"

    def _uuid(self, match):
        return UNKNOWN if match[0] == UNKNOWN else self._number("UUID", match)

    @staticmethod
    def _salt(match):
        return f"v1:<salt>:v1:<nonce>:<ciphertext {len(match[1])}>"

    @staticmethod
    def _ciphertext(match):
        return f"v1:<nonce>:<ciphertext {len(match[1])}>"

    def __call__(self, text):
        for old, new in self.plain:
            text = text.replace(old, new)
        for pattern, new in self.patterns:
            text = pattern.sub(new, text)
        return text


def told(text):
    """The display for people below its rows of progress: diagnostics, outputs, counts.

    Diagnostics are sorted, as their order is chance; tracebacks are left out.
    """
    sections = re.split(r"(?m)^(?=(?:Diagnostics|Outputs|Resources):)", text)[1:]
    for number, section in enumerate(sections):
        if section.startswith("Diagnostics:"):
            text = re.sub(r"(?m)^    Traceback .*\n(?:      .*\n)*", "", section.partition("\n")[2])
            blocks = [block.strip() for block in re.split(r"(?m)^(?=  \S)", text)]
            sections[number] = "\n".join(sorted(block for block in blocks if block))
    told = re.sub(r"Duration: \w+", "Duration: <duration>", "\n".join(sections))
    return [line for line in told.split("\n") if line.strip()]


def orderly(value):
    """Lists of dependencies sorted: the SDK builds them from sets of objects."""
    if isinstance(value, dict):
        out = {key: orderly(item) for key, item in value.items()}
        if isinstance(out.get("dependencies"), list):
            out["dependencies"] = sorted(out["dependencies"])
        if isinstance(out.get("propertyDependencies"), dict):
            out["propertyDependencies"] = {
                key: sorted(urns) if urns else urns
                for key, urns in out["propertyDependencies"].items()
            }
        return out
    return [orderly(item) for item in value] if isinstance(value, list) else value


def tolerant(value):
    """A value without what two engines may differ in."""
    if isinstance(value, dict):
        return {
            key if "-" not in key else _text(key): tolerant(item)
            for key, item in value.items()
            if key not in TOLERATED_KEYS
        }
    if isinstance(value, list):
        return [
            tolerant(item)
            for item in value
            if not (isinstance(item, dict) and TOLERATED_EVENTS & set(item))
        ]
    return _text(value) if isinstance(value, str) else value


def _text(text):
    for pattern, new in TOLERATED_TEXTS:
        text = pattern.sub(new, text)
    return text


def differences(base, other, at=""):
    """Lines that say where two JSON values differ."""
    if type(base) is type(other) is dict:
        pairs = [(f".{key}", base, other, key) for key in sorted({*base, *other})]
    elif type(base) is type(other) is list:
        pairs = [
            (f"[{index}]", dict(enumerate(base)), dict(enumerate(other)), index)
            for index in range(max(len(base), len(other)))
        ]
    else:
        if type(base) is not type(other) or base != other:
            yield f"{at}: {_short(base)} / {_short(other)}"
        return
    for step, left, right, key in pairs:
        if key not in right:
            yield f"{at}{step}: {_short(left[key])} / (absent)"
        elif key not in left:
            yield f"{at}{step}: (absent) / {_short(right[key])}"
        else:
            yield from differences(left[key], right[key], at + step)


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 200 else text[:197] + "..."


def settle_end(calls):
    """Cancel calls last.

    A provider that is loaded at the very end is configured while others are cancelled already.
    """
    end = len(calls)
    while end and calls[end - 1]["call"] in ("Cancel", "Configure"):
        end -= 1
    return calls[:end] + sorted(calls[end:], key=lambda call: call["call"] == "Cancel")


# -- deletes -------------------------------------------------------------------------------------


def event_delete(event):
    """The URN if the event belongs to a delete step."""
    for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
        metadata = event.get(kind, {}).get("metadata", {})
        if metadata.get("op") in ("delete", "delete-replaced", "discard", "discard-replaced"):
            return metadata["urn"]
    return None


def needs_of(resources):
    """URN -> the URNs that it needs."""
    needs = {}
    for one in resources:
        wanted = needs.setdefault(one["urn"], set())
        wanted.update(one.get("dependencies") or [])
        for urns in (one.get("propertyDependencies") or {}).values():
            wanted.update(urns or [])
        wanted.add(one.get("parent"))
        wanted.add((one.get("provider") or "").rpartition("::")[0])
        wanted.add(one.get("deletedWith"))
        wanted.discard(one["urn"])
    return needs


def levels(urns, needs):
    """Minus the length of the longest chain of needs below each URN, among these URNs."""
    depth, changed = dict.fromkeys(urns, 0), True
    while changed:
        changed = False
        for urn in urns:
            for need in needs.get(urn, ()):
                if need in depth and depth[urn] < depth[need] + 1 <= len(urns):
                    depth[urn], changed = depth[need] + 1, True
    return {urn: -value for urn, value in depth.items()}


def settle_deletes(items, kind, resources, among=()):
    """Sort deletes within their level, where the order is chance.

    Deletes run level by level, the longest chains of dependencies first. What does not go down
    the levels is left as it was observed. ``among``: everything that is deleted, where items do
    not tell of components.
    """
    needs = needs_of(resources)
    settled, run = [], []

    def urn_of(item):
        return kind(item) or item.get("diagnosticEvent", {}).get("urn")

    def flush():
        order = list(dict.fromkeys(urn_of(item) for item in run))
        depth = levels(list(dict.fromkeys([*order, *among])), needs)
        observed = [depth[urn] for urn in order]
        if observed == sorted(observed):
            run.sort(key=lambda item: (depth[urn_of(item)], urn_of(item)))
        settled.extend(run)
        run.clear()

    for item in items:
        said = item.get("diagnosticEvent", {}).get("urn")
        if kind(item) or (run and said and said == urn_of(run[-1])):
            run.append(item)
        else:
            flush()
            settled.append(item)
    flush()
    return settled
