"""What a stack says about itself: its tags, and the message of each of its updates.

Tags are the state view of any list of stacks, by customer, environment, site, wave, and what the
site is for. They hold nothing that differs from run to run: that is in messages, which a backend
keeps with each update.
"""

from __future__ import annotations

from drstate.execution.workbench import Workbench
from drstate.model.catalog import GLOBAL
from drstate.model.plan import Stage
from drstate.model.shard import ShardInput

#: Pulumi Cloud takes no longer values
LONGEST = 256
STATE = "drstate:state"


def tags_of(shard: ShardInput) -> dict[str, str]:
    """The tags, with the site state that the stack is to have."""
    technologies = sorted({entry.resource.technology for entry in shard.resources})
    return {
        "drstate:scope": str(shard.id.scope),
        "drstate:customer": shard.id.scope.customer,
        "drstate:environment": str(shard.id.scope.environment),
        "drstate:site": shard.id.region,
        "drstate:role": _role(shard),
        "drstate:group": shard.id.group,
        "drstate:wave": wave_of(shard.id.group),
        "drstate:account": shard.account.id,
        "drstate:technologies": _listed(technologies),
        STATE: str(shard.site_state),
    }


def wave_of(group: str) -> str:
    """The number of the wave whose stacks have this group: ``w2`` and its split ``w2b`` are 2."""
    digits = "".join(char for char in group.removeprefix("w") if char.isdigit())
    return digits if group.startswith("w") and digits else group


def message_of(bench: Workbench, stage: Stage, what: str = "") -> str:
    """``drstate <execution> activate.w2``, what else is special, and why people started it."""
    special = f" {what}" if what else ""
    why = f": {bench.why}" if bench.why else ""
    return f"{bench.message}{special} {stage.id}{why}"


def _role(shard: ShardInput) -> str:
    """What the region is for by contract; who serves today is the state's business."""
    if shard.id.region == GLOBAL:
        return GLOBAL
    return "primary" if shard.id.region == shard.regions.primary else "recovery"


def _listed(names: list[str]) -> str:
    """Comma-separated, cut between names where a backend would refuse it."""
    text = ",".join(names)
    while len(text) > LONGEST:
        names = names[:-1]
        text = ",".join([*names, "…"])
    return text
