"""The page of a stack, as its ``readme`` output.

Pulumi Cloud renders it and fills in ``${outputs.…}`` from the newest outputs. The text itself says
nothing that differs from run to run, or every update would be a change: no execution, no time, not
even the site's state, which is an output of its own.
"""

from __future__ import annotations

from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.shard import ShardInput

README = "readme"


def readme(shard: ShardInput) -> str:
    """Markdown with placeholders, ending in a newline."""
    scope = shard.id.scope
    if shard.id.region == GLOBAL:
        where = "What spans both sites"
    else:
        role = "primary" if shard.id.region == shard.regions.primary else "recovery"
        where = f"The {role} site in ${{outputs.region}}, group ${{outputs.group}}"
    lines = [
        "# ${outputs.scope}",
        "",
        f"{where}, account ${{outputs.account}} ({_plain(shard.account.name)}).",
        "",
        "| | |",
        "|---|---|",
        "| state | **${outputs.site_state}** |",
        f"| regions | primary {shard.regions.primary}, recovery {shard.regions.recovery} |",
        f"| resources | {len(shard.resources)} |",
        "",
        "| resource | technology | in the other region |",
        "|---|---|---|",
        *(_row(entry) for entry in shard.resources),
        "",
        "Made by drstate; change it by `drstate up`, not by hand.",
        "Which execution changed it last is in the message of its newest update.",
        "",
        f"- state of all stacks: `drstate stack ls -c {scope.customer} -e {scope.environment}`",
        f"- what runs now: `drstate status -c {scope.customer} -e {scope.environment}`",
    ]
    return "\n".join(lines) + "\n"


def _row(entry: CatalogEntry) -> str:
    cells = (entry.resource.name, entry.resource.technology, entry.resource.arn)
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """One line in a table; names may hold anything, and none of it is a placeholder."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("${", "$ {")
