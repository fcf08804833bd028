"""Options of ``drstate rehearse``: what is rehearsed, how it is struck, where strokes are kept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class What(StrEnum):
    """Operations that can be rehearsed."""

    FAILOVER = "failover"
    FAILBACK = "failback"
    EMERGENCY = "emergency"
    TEST = "test"


class Trouble(StrEnum):
    """How much trouble is made."""

    NONE = "none"
    SAMPLE = "sample"
    ALL = "all"


OperationOption = Annotated[
    What | None,
    typer.Option(
        "--operation", help="What is rehearsed; --phase names phases instead.", show_default=False
    ),
]
FaultsOption = Annotated[
    Trouble | None,
    typer.Option(
        "--faults",
        help="none: replay the plan once. sample: one stroke of each kind. all: every kind at "
        "every call, command and event, which alone verifies.",
        show_default="sample; all with --resume or --shard",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only this kind of trouble (repeatable), such as error or killed-before.",
        show_default=False,
    ),
]
CallNumber = Annotated[
    int | None,
    typer.Option(
        "--call",
        min=1,
        metavar="N",
        help="With one --kind: just this stroke, as a failure names it.",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, max=64, metavar="N", help="Strokes at once.", show_default="2 a core"
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        "--seed", metavar="TEXT", help="Chooses the sample.", show_default="the day's date"
    ),
]
Limit = Annotated[
    float | None,
    typer.Option(
        "--limit-seconds",
        min=0,
        metavar="S",
        help="Begin no stroke after so long; what is left out verifies nothing.",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Rehearse the forced failover, which accepts the loss of data."),
]


Captured = Annotated[
    Path | None,
    typer.Option(
        "--captured",
        metavar="FILE",
        help="Take what was captured from a file of `drstate sandbox export`, not the journal.",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the rehearsal of all strokes that was stopped, if nothing changed since.",
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="K/N",
        help="Only the K-th of N parts of all strokes, for N machines; --join puts them together.",
        show_default=False,
    ),
]
Results = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help="Keep the strokes there, and read them there with --resume.",
        show_default="below the journal's folder",
    ),
]
Join = Annotated[
    list[Path] | None,
    typer.Option(
        "--join",
        metavar="PATH",
        help="Run nothing: put the parts in this file or folder together (repeatable).",
        show_default=False,
    ),
]
