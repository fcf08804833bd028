"""The part of the status fold that is about one shard: its stack, its actions, and who is at it."""

from __future__ import annotations

from drstate.model import events as e
from drstate.model.events import Payload
from drstate.report.parts import ShardPart, StagePart
from drstate.report.view import Progress


def take_in_shard(stage: StagePart, shard: ShardPart, payload: Payload) -> None:
    """Take in one event of the shard; what is of no concern here changes nothing."""
    match payload:
        case e.ShardStarted():
            shard.restart()
            if stage.state is not Progress.RUNNING:
                # a resume opened a stage again that had ended
                stage.state, stage.health = Progress.RUNNING, None
            stage.failed -= set(shard.plan.resources)
        case e.ShardFinished(ok=ok, failed=failed, error=error, duration_seconds=seconds):
            shard.state = Progress.DONE if ok else Progress.FAILED
            shard.error, shard.seconds = error, seconds
            stage.failed |= set(failed)
        case e.StackStarted() if shard.stack is not None:
            shard.stack.state, shard.stack.errors = Progress.RUNNING, {}
        case e.StackProgress(urn=urn, name=name, op=op, ok=True) if shard.stack is not None:
            shard.stack.progress(urn, name, op)
        case e.StackFinished(ok=ok, ops=ops, errors=errors) if shard.stack is not None:
            shard.stack.finish(ops)
            shard.stack.state = Progress.DONE if ok else Progress.FAILED
            shard.stack.errors, shard.stack.seconds = dict(errors), payload.duration_seconds
            shard.stack.permalink = payload.permalink
        case e.StepUnknown():
            _unknown(shard, payload.step)
        case e.ShardTaken() | e.ShardLeft():
            shard.orphan()
        case _:
            _in_action(stage, shard, payload)


def _in_action(stage: StagePart, shard: ShardPart, payload: Payload) -> None:
    match payload:
        case e.ActionIntended(action=action, title=title):
            part = shard.actions.get(action)
            if part is not None:
                part.state = Progress.RUNNING
                if title != part.spec.title:
                    # what it runs was mended in the scope file after the plan was made
                    part.spec = part.spec.model_copy(update={"title": title})
        case e.ActionFinished(action=action):
            part = shard.actions.get(action)
            if part is not None:
                part.state, part.error = Progress.DONE, None
                part.already_done = payload.already_done
                part.seconds = payload.duration_seconds
        case e.ActionFailed(action=action, resource=resource, error=error):
            stage.failed.add(resource)
            part = shard.actions.get(action)
            if part is not None:
                part.state, part.error = Progress.FAILED, error
                part.seconds = payload.duration_seconds
        case _:
            return


def _unknown(shard: ShardPart, step: str) -> None:
    if shard.stack is not None and step == shard.stack.name:
        shard.stack.state = Progress.UNKNOWN
    elif step in shard.actions:
        shard.actions[step].state = Progress.UNKNOWN
