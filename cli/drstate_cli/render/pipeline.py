"""A command's document as a job's summary (markdown) and as JUnit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drstate.report.junit import Suite, junit, of_drill, of_error, of_execution, of_readiness
from drstate.report.markdown import escaped
from drstate.report.view import ExecutionView, Progress

#: texts in a summary are cut to this; the whole is in the job's files
_LONGEST = 60_000
#: results as people say them, where the word alone does not
_SAID = {
    "succeeded": "done",
    "skips": "done, with something left out",
    "waiting": "waits for an approval",
    "interrupted": "interrupted; it can be resumed",
    "changes": "something would change",
}


@dataclass(frozen=True)
class Told:
    """What is told of a command that has ended."""

    #: plain text, one line
    headline: str
    #: plain text: what a person has to know and do
    notice: str
    #: markdown
    body: str
    junit: str
    #: markdown that comes last: what only some want to read
    more: str = ""
    #: it is well, and somebody should look all the same
    warns: bool = False
    #: the execution that waits for an approval
    waits: str = ""
    #: commands that make sense now
    next: tuple[str, ...] = ()

    def summary(self, run_url: str, written: Sequence[str] = ()) -> str:
        """The markdown of the job's page, ending in a newline.

        ``written``: files that belong into the repository.
        """
        lines = [f"### {escaped(self.headline)}", "", self.body.strip()]
        if self.next:
            commands = "\n".join(self.next)
            lines += ["", "Next, on any machine with this journal:", "", fenced(commands, "sh")]
        if self.waits and run_url:
            again = f"with `approve` and execution `{self.waits}`"
            lines += ["", f"Or run the workflow again {again}, or with `reject`."]
        if written:
            lines += ["", "Commit these files, which are in the job's artifact:", ""]
            lines += [f"- `{name}`" for name in written]
        if self.more:
            lines += ["", self.more]
        if run_url:
            lines += ["", f"[The job]({run_url}) has the log, the report and JUnit as files."]
        return "\n".join(lines).rstrip() + "\n"


def told(
    line: Sequence[str],
    code: int,
    result: str,
    document: dict[str, Any] | None,
    text: str,
    *,
    plain: bool = True,
) -> Told:
    """What is told of ``drstate LINE``. ``text`` is plain, or markdown already."""
    verb = f"drstate {line[0]}"
    schema = str((document or {}).get("schema", ""))
    if document is not None and schema == "drstate.status/1":
        return _execution(verb, result, ExecutionView.model_validate(document))
    if document is not None and schema == "drstate.drill/1":
        return _drill(verb, result, document)
    if document is not None and schema == "drstate.readiness/1":
        return _readiness(verb, result, document)
    if document is not None and schema == "drstate.error/1":
        error = document["error"]
        lines = [f"**{escaped(error['what'])}**", ""]
        lines += [f"- why: {escaped(error['why'])}"] if error["why"] else []
        lines += [f"- help: {escaped(error['hint'])}"] if error["hint"] else []
        notice = " ".join(part for part in (error["what"], error["hint"]) if part)
        cases = of_error(verb, error["what"], error["hint"])
        return Told(f"{verb}: {_SAID.get(result, result)}", notice, "\n".join(lines), junit(cases))
    if document is not None:
        text = json.dumps(document, indent=2, default=str)
    said = text.strip() or "it said nothing; the log has the reason"
    failed = of_error(verb, f"exit code {code}", said if plain else "the summary has the reason")
    return Told(
        f"{verb}: {_SAID.get(result, result)}",
        f"exit code {code}",
        fenced(said),
        junit(failed if code else []),
    )


def fenced(text: str, language: str = "") -> str:
    """A code block that nothing in the text can end; cut where it is very long."""
    shown = text
    if len(text) > _LONGEST:
        shown = f"{text[:_LONGEST].rpartition(chr(10))[0]}\n… cut; the job's files have the whole"
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}{language}\n{shown}\n{fence}"


def folded(title: str, markdown: str) -> str:
    """A part that is opened by a click."""
    return f"<details><summary>{escaped(title)}</summary>\n\n{markdown.strip()}\n\n</details>"


def _execution(verb: str, result: str, view: ExecutionView) -> Told:
    from drstate_cli.render.view import text

    headline = f"{verb} {view.scope}: {_SAID.get(result, result)}"
    lines = [
        f"Execution `{view.execution}`, {view.status}, {view.percent} %, {view.changes} changes."
    ]
    notice = f"execution {view.execution} of {view.scope}: {view.status}"
    waits = ""
    for stage in view.stages:
        if stage.gate is None or stage.gate.state is not Progress.WAITING:
            continue
        waits = view.execution
        notice = f"execution {view.execution} of {view.scope} waits before {stage.id}"
        why = escaped(stage.gate.reason)
        lines += ["", f"**It waits for an approval before {stage.id}.** {why}"]
        lines += ["", *[f"- {escaped(one)}" for one in stage.gate.summary]]
        lines += [f"- [ ] {escaped(one)}" for one in stage.gate.checklist]
    for failed in view.failed:
        lines += ["", f"**{escaped(failed.resource)}** in {failed.stage}: {escaped(failed.what)}"]
        lines += [f"- {escaped(part)}" for part in (failed.why, failed.hint) if part]
    if view.skips:
        lines += ["", "Left out:", ""]
    for skip in view.skips:
        lines.append(f"- {escaped(skip.resource)}: {escaped(skip.reason)}; {escaped(skip.mend)}")
    if view.error is not None:
        notice += f": {view.error.what}"
    if view.next:
        notice += f". Next: {view.next[0]}"
    more = folded("The whole execution", fenced(text(view)))
    return Told(
        headline,
        notice,
        "\n".join(lines),
        junit(of_execution(view)),
        more=more,
        waits=waits,
        next=view.next,
    )


def _drill(verb: str, result: str, document: dict[str, Any]) -> Told:
    from drstate.report.drill import DrillReport
    from drstate_cli.render.drill import drill_text

    report = DrillReport.model_validate(_plain(document))
    proved = "recovery is proved" if report.proved else "recovery is NOT proved"
    gone = "nothing is left" if report.removed else "something is LEFT"
    body = fenced(drill_text(report, "drstate test --cleanup"))
    head = f"{verb}: drill {report.drill} {result}: {proved}, {gone}"
    again = () if report.removed else ("drstate test --cleanup",)
    return Told(head, head, body, junit(of_drill(report)), next=again)


def _readiness(verb: str, result: str, document: dict[str, Any]) -> Told:
    from drstate.report.readiness import Readiness
    from drstate_cli.render.readiness import text

    found = [Readiness.model_validate(one) for one in document["scopes"]]
    rows = [f"| {one.scope} | {one.standing} | {one.score} % |" for one in found]
    table = "\n".join(["| scope | standing | as it should be |", "|---|---|---|", *rows])
    verdicts = ", ".join(f"{one.scope} {one.standing}" for one in found)
    more = folded("Resource by resource", fenced(text(found)))
    suites: list[Suite] = of_readiness(found)
    warns = any(one.standing != "READY" for one in found)
    head = f"{verb}: {_SAID.get(result, result)}"
    return Told(head, verdicts, table, junit(suites), more, warns)


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "schema"}
