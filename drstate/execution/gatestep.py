"""One gate of a running execution: opened, asked, and decided here or in another terminal.

While it waits, people are alerted every half hour and the gate's token is replaced. It decides
nothing itself: an answer comes from a person, or the execution stays paused.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from drstate.errors import DrstateError
from drstate.execution.gates import Answer, Ask, BeforeGate, Question, TellToken, question
from drstate.execution.recorder import Recorder
from drstate.execution.tokens import LIFETIME, Token
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.plan import Stage


class GateStep:
    """Gates of one run.

    ``ask`` gets the question where nobody has decided; None: the execution pauses. ``tell_token``
    shows a gate's token to people. ``asking``: inside it an interrupt raises KeyboardInterrupt.
    """

    def __init__(
        self,
        bench: Workbench,
        *,
        ask: Ask | None,
        tell_token: TellToken | None,
        asking: Callable[[], AbstractContextManager[None]],
        actor: Actor | None = None,
        barred: Actor | None = None,
    ) -> None:
        self._bench = bench
        self._recorder: Recorder = bench.recorder
        self._ask = ask
        self._tell_token = tell_token
        self._asking = asking
        #: who is asked here, and the same where they may not decide
        self._actor = actor
        self._barred = barred
        self._reminded_at = 0.0
        self._opened_at = 0.0

    def run(self, stage: Stage, answer: Answer | None, pause: Callable[[str], None]) -> None:
        """Have the gate before ``stage`` decided; ``pause`` is called where nobody can be asked."""
        if answer is None:
            asked = self._open(stage)
            if self._ask is None:
                pause(asked.reason)
                return
            with self._asking():
                answer = self._ask(asked)
            self._recorder.catch_up()
            if answer is None or self._settled(stage):
                return  # what was decided elsewhere is in the journal already
        self._recorder.append(
            e.GateDecided(
                stage=stage.id,
                approved=answer.approved,
                by=answer.by,
                comment=answer.comment,
                actor=self._actor if self._actor and self._actor.name == answer.by else None,
            )
        )

    def _open(self, stage: Stage) -> Question:
        recorder, clock = self._recorder, self._bench.clock
        plan = self._bench.plan
        state = recorder.state
        before = state.finished_before(stage.id)
        fared = None
        if before is not None:
            found = [status for (where, _), status in state.health.items() if where == before]
            fared = BeforeGate(state.stages_finished[before], found)
        asked = question(
            recorder.execution, plan, stage, recorder.fold.impaired_before(stage.id), fared
        )
        token = Token.new(clock.now()) if self._tell_token is not None else None
        recorder.append(
            e.GateOpened(
                stage=stage.id,
                reason=asked.reason,
                checklist=asked.checklist,
                impaired=asked.impaired,
                summary=asked.summary,
                token_sha256=token.sha256 if token else "",
                token_expires_at=token.expires_at if token else None,
            )
        )
        self._show(stage, token)
        self._opened_at = self._reminded_at = clock.monotonic()
        barred = self._barred.shown if self._barred is not None else None
        return Question(
            execution=asked.execution,
            stage=asked.stage,
            reason=asked.reason,
            checklist=asked.checklist,
            impaired=asked.impaired,
            summary=asked.summary,
            barred=barred,
            settled=lambda: self._look(stage),
        )

    def _settled(self, stage: Stage) -> bool:
        state = self._recorder.state
        decided = stage.id in state.gates_decided or state.to_roll_back
        return decided or state.cancel_requested is not None

    def _look(self, stage: Stage) -> bool:
        """Whether it was decided elsewhere; alerts people where it has waited for long."""
        if self._bench.stop.error is not None:
            raise self._bench.stop.error
        try:
            self._recorder.catch_up()
        except DrstateError:
            return False  # the store was busy; it is looked at again in a moment
        if self._settled(stage):
            return True
        now = self._bench.clock.monotonic()
        if now - self._reminded_at >= LIFETIME.total_seconds():
            self._reminded_at = now
            token = Token.new(self._bench.clock.now())
            self._recorder.append(
                e.GateReminded(
                    stage=stage.id,
                    waited_seconds=now - self._opened_at,
                    token_sha256=token.sha256 if self._tell_token is not None else "",
                    token_expires_at=token.expires_at,
                )
            )
            self._show(stage, token)
        return False

    def _show(self, stage: Stage, token: Token | None) -> None:
        if token is not None and self._tell_token is not None:
            self._tell_token(self._recorder.execution, stage.id, token.text)
