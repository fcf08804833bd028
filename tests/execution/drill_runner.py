"""A real process that runs a drill of acme/staging and kills itself after the n-th event.

python -m tests.execution.drill_runner --project P --home H [--kill-after N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from drstate.execution.drilling import make_drill
from drstate.execution.executing import execute, exit_code
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from tests.execution.crash_runner import HastyClock, open_services


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kill-after", type=int)
    given = parser.parse_args()
    with open_services(given.project, given.home, given.kill_after, clock=HastyClock()) as services:
        scope = services.scope("acme", "staging")
        planned = make_drill(services, scope, approval=Approval.AUTOMATIC)
        seen = PlanPreview(
            plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=()
        )
        return int(exit_code(execute(services, planned, preview=seen)))


if __name__ == "__main__":
    raise SystemExit(main())
