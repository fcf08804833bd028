"""The journal's id of an execution that was begun in Step Functions, which gives it another one.

Every worker that takes the same task on must come to the same id, and none to that of somebody
else's execution: a short id that is taken is passed over for a longer one.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from drstate.errors import JournalError, UnknownNameError
from drstate.execution.dispatch.messages import Task
from drstate.journal.port import Journal

#: digits of the id, as every other execution has them, and where that id is taken
_DIGITS = (4, 12)


def execution_name(started: str, root: str, digits: int = _DIGITS[0]) -> str:
    """The id for an execution with this ARN and time: the same for every worker."""
    when = datetime.fromisoformat(started)
    return f"{when:%Y%m%d-%H%M%S}-{hashlib.sha256(root.encode()).hexdigest()[:digits]}"


def starter(task: Task) -> str:
    """Who began it. Who called start-execution knows CloudTrail only: this names where to look."""
    return f"start-execution {task.root.rpartition(':')[2]}"


def own_name(journal: Journal, task: Task) -> tuple[str, bool]:
    """The id of the execution that the task begins, and whether it was created already.

    Raises JournalError where no id is free.
    """
    started = str(task.body.get("started", ""))
    for digits in _DIGITS:
        name = execution_name(started, task.root, digits)
        try:
            header = journal.header(name)
        except UnknownNameError:
            return name, False
        if header.operator == starter(task):
            return name, True
    raise JournalError(
        f"execution {name} exists already",
        why="another execution has its id",
        hint="start it again: every start gives it another one",
    )
