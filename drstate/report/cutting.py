"""A comment that fits: what has to be read stays whole, folded details give way.

GitHub refuses a comment of more than 65,536 characters, and cutting markdown anywhere breaks it: an
open fence or an open ``<details>`` swallows what follows. So only lines inside of details are left
out, from the end of the longest ones first, and it is told how much and where the whole is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drstate.model.words import counted
from drstate.report.outside import fenced

#: below GitHub's limit of 65,536, so that whoever posts it may add a line of its own
LIMIT = 64_000
#: what the head may not be cut below
LEAST = 4_000
#: kept free for what is told of the cut
_NOTICE = 400


@dataclass(frozen=True)
class Block:
    """Something folded: a summary that is valid HTML, and lines that may be cut at the end.

    ``fence`` is the info string of a code block, whose lines are as they came; lines of other
    blocks are markdown, one paragraph or list item each.
    """

    summary: str
    lines: tuple[str, ...]
    fence: str | None = None

    def told(self, kept: int | None = None) -> str:
        """As markdown, with the first ``kept`` lines only."""
        count = len(self.lines) if kept is None else kept
        shown = self.lines[:count]
        left = len(self.lines) - count
        body = (fenced(shown, self.fence) if self.fence is not None else [*shown]) if shown else []
        cut = [*([""] if body else []), f"*… {counted(left, 'line')} cut*"] if left else []
        lines = [f"<details><summary>{self.summary}</summary>", "", *body, *cut, "", "</details>"]
        return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Part:
    """A heading, what is always said under it, and what is folded. All of it markdown."""

    heading: str
    intro: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """The document and how many characters of it were left out."""

    text: str
    cut: int


def fitted(head: str, parts: Sequence[Part], foot: str, *, limit: int, whole: str) -> Fitted:
    """The document with at most ``limit`` characters.

    ``whole`` says in one sentence of markdown where everything is. ``head``, ``foot`` and the
    introductions of the parts are never cut: whoever writes them keeps them short.
    """
    blocks = [block for part in parts for block in part.blocks]
    full = _laid(head, parts, [block.told() for block in blocks], foot)
    if len(full) <= limit:
        return Fitted(full, 0)
    room = limit - _NOTICE - len(whole) - len(_laid(head, parts, [""] * len(blocks), foot))
    told = _cut(blocks, room)
    cut = len(full) - len(_laid(head, parts, told, foot))
    dropped = sum(not one for one in told)
    gone = f", {counted(dropped, 'fold')} of them whole" if dropped else ""
    notice = f"> **Cut:** {cut:,} characters of the details below do not fit here{gone}. {whole}\n"
    return Fitted(_laid(f"{head}\n{notice}", parts, told, foot), cut)


def _laid(head: str, parts: Sequence[Part], told: Sequence[str], foot: str) -> str:
    pieces = [head]
    rest = list(told)
    for part in parts:
        count = len(part.blocks)
        own, rest = rest[:count], rest[count:]
        kept = [one for one in own if one]
        if not part.intro and not part.blocks:
            continue
        pieces.append("\n".join([f"### {part.heading}", "", *part.intro, ""]).rstrip() + "\n")
        pieces += kept
    pieces.append(foot)
    return "\n".join(piece for piece in pieces if piece)


def _cut(blocks: Sequence[Block], room: int) -> list[str]:
    """The blocks within ``room`` characters; "" for those that do not even fit folded and empty."""
    bare = [len(block.told(0)) + 1 for block in blocks]
    used = 0
    shown = 0
    for size in bare:
        if used + size > room:
            break
        used += size
        shown += 1
    wants = [len(block.told()) + 1 - size for block, size in zip(blocks, bare, strict=True)]
    shares = _shared(wants[:shown], room - used)
    told = [
        _within(block, size + share)
        for block, size, share in zip(blocks, bare, shares, strict=False)
    ]
    return told + [""] * (len(blocks) - shown)


def _shared(wants: Sequence[int], room: int) -> list[int]:
    """``room`` shared out: small wishes are met, large ones get the same each."""
    shares = [0] * len(wants)
    left = room
    order = sorted(range(len(wants)), key=lambda number: wants[number])
    for place, number in enumerate(order):
        share = max(0, min(wants[number], left // (len(order) - place)))
        shares[number] = share
        left -= share
    return shares


def _within(block: Block, room: int) -> str:
    """The block with as many lines as fit; its summary is not counted."""
    if len(block.told()) + 1 <= room:
        return block.told()
    low, high = 0, len(block.lines) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if len(block.told(middle)) + 1 <= room:
            low = middle
        else:
            high = middle - 1
    return block.told(low)
