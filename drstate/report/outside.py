"""Text from outside (names, tags, error texts) as markdown of a pull request's comment.

GitHub makes mentions, links, references, emoji and pictures of plain text, also of text whose
punctuation is escaped. It makes nothing of what is in a code span. So whatever is not a plain word
or number is put into one: an ARN or a command reads better there anyway. Characters that are not
seen, or that turn the direction of writing, are shown by their number. Nothing here decides what is
told.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

#: not seen, or not text: controls, formats (bidi), surrogates, private use, unassigned, separators
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: marks stacked higher than this would cover the lines above
_MARKS = 2
_QUOTED = re.compile(r"(?<!`)`([^`\s](?:[^`]*[^`\s])?)`(?!`)")
_PLAIN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]{1,6}(?:[.,][0-9]{1,6})?")
#: reads as the short form of a commit's hash, which GitHub links
_HASH = re.compile(r"[0-9a-fA-F]{7,40}")
_TOKEN = re.compile(r"([(\"']*)(.*?)([)\"'.,;:!?%]*)", re.DOTALL)
_DASHES = frozenset({"-", "/", "–", "—", "="})  # noqa: RUF001 - dashes are what is meant
_WORD = re.compile(r"[a-z][a-z-]*")
#: what may stand alone between two code spans
_MARKS_ALONE = re.compile(r"[(.,;:?)]+")
_ELLIPSIS = "…"


def clean(text: str) -> str:
    """One line of visible characters; what is not visible is shown as ``<U+202E>``."""
    return _visible(" ".join(text.split()))


def _visible(text: str) -> str:
    seen: list[str] = []
    stacked = 0
    for character in text:
        category = unicodedata.category(character)
        stacked = stacked + 1 if category in {"Mn", "Me"} else 0
        hidden = category in _UNSEEN or stacked > _MARKS
        seen.append(f"<U+{ord(character):04X}>" if hidden else character)
    return "".join(seen)


def shortened(text: str, most: int) -> str:
    """At most ``most`` visible characters, and how many are left out, where they are more."""
    text = clean(text)
    if len(text) <= most:
        return text
    told = f"{_ELLIPSIS} ({len(text) - most} more characters)"
    return text[:most] + told


def code(text: str, *, cell: bool = False) -> str:
    """A code span, also inside a cell of a table. Nothing for nothing."""
    plain = clean(text)
    if cell:
        # a table takes \| for a pipe before it looks at code; a backslash of the text's own would
        # take part in that
        plain = plain.replace("\\|", "\\ |").replace("|", "\\|")
        plain = plain.removesuffix("\\") + " \\" * plain.endswith("\\") if plain else plain
    if not plain:
        return ""
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    mark = "`" * (longest + 1)
    spaced = plain.startswith("`") or plain.endswith("`")
    padded = f" {plain} " if spaced else plain
    return f"{mark}{padded}{mark}"


def prose(text: str, *, cell: bool = False) -> str:
    """A sentence: plain words as they are, everything else in code spans."""
    parts: list[str] = []
    at = 0
    line = clean(text)
    for quoted in _QUOTED.finditer(line):
        parts += _sentence(line[at : quoted.start()], cell=cell, first=not parts)
        parts.append(code(quoted.group(1), cell=cell))
        at = quoted.end()
    parts += _sentence(line[at:], cell=cell, first=not parts)
    return _joined(parts)


def strong(text: str) -> str:
    """A sentence in bold. Two marks around nothing would be a line across the page."""
    return f"**{prose(text) or 'no text was given'}**"


def in_html(text: str) -> str:
    """For a line of HTML: a code element, in which GitHub makes nothing of mentions either."""
    return f"<code>{html.escape(clean(text))}</code>"


def fenced(lines: Iterable[str], info: str = "") -> list[str]:
    """A code block whose fence is longer than any in it; blanks inside of lines are kept."""
    shown = [_visible(" ".join(re.split(r"[^\S ]", line))) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{info}", *shown, fence]


def _sentence(text: str, *, cell: bool, first: bool) -> list[str]:
    """Parts of a sentence; a part that begins with a punctuation mark follows its neighbour."""
    tokens = text.split()
    marked = _commands(tokens)
    parts: list[str] = []
    held: list[str] = []

    def flush() -> None:
        if held:
            parts.append(code(" ".join(held), cell=cell))
            held.clear()

    for number, token in enumerate(tokens):
        lead, core, trail = _split(token)
        as_code = marked[number] or not _is_plain(token, core, first=first and number == 0)
        if not as_code:
            flush()
            parts.append(token)
            continue
        if not core:
            lead, core, trail = "", token, ""
        if lead:
            flush()
        held.append(core)
        if lead or trail:
            span = code(" ".join(held), cell=cell)
            held.clear()
            parts.append(f"{lead}{span}{trail}")
    flush()
    return parts


def _split(token: str) -> tuple[str, str, str]:
    """What stands around a word: ``(arn:aws:…),`` is ``(``, ``arn:aws:…``, ``),``."""
    found = _TOKEN.fullmatch(token)
    lead, core, trail = found.groups() if found else ("", token, "")
    if ")" in trail and "(" in core:
        kept = trail[: trail.index(")") + 1]
        core, trail = core + kept, trail[len(kept) :]
    return lead, core, trail


def _is_plain(token: str, core: str, *, first: bool) -> bool:
    if token in _DASHES:
        return not first
    if not core and _MARKS_ALONE.fullmatch(token):
        return True
    if first and core.isdigit() and core != token:
        return False  # "1." at the head of a line begins a list
    return bool(_PLAIN.fullmatch(core)) and not _HASH.fullmatch(core)


def _commands(tokens: Sequence[str]) -> list[bool]:
    """Which tokens belong to a command of ours that is told in a sentence."""
    marked = [False] * len(tokens)
    for start, token in enumerate(tokens):
        if _split(token)[1] != "drstate" or start + 1 >= len(tokens):
            continue
        if not _WORD.fullmatch(_split(tokens[start + 1])[1]):
            continue
        end = start + 2
        if end + 1 < len(tokens) and _WORD.fullmatch(tokens[end]) and tokens[end + 1][0] == "-":
            end += 1
        while end < len(tokens) and not _ends(tokens[end - 1]):
            option = tokens[end].startswith("-") and tokens[end] not in _DASHES
            value = tokens[end - 1].startswith("-") and _split(tokens[end - 1])[1] != "--yes"
            if not (option or value):
                break
            end += 1
        marked[start:end] = [True] * (end - start)
    return marked


def _ends(token: str) -> bool:
    return bool(_split(token)[2])


def _joined(parts: Sequence[str]) -> str:
    """Parts with blanks between them, but none before a mark that ends something."""
    text = ""
    for part in parts:
        blank = "" if not text or part[0] in ".,;:?)" or text[-1] == "(" else " "
        text += blank + part
    return text
