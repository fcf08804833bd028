"""``drstate policy``: the rules that every plan keeps to, and the pack that Pulumi runs."""

from __future__ import annotations

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say

app = typer.Typer(
    help="Policies: what every declared resource has to keep to.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def policy() -> None:
    """Policies: what every declared resource has to keep to."""


@app.command("ls")
@verb
def ls(common: Common) -> None:
    """List the policies. What each demands, why, and what to do about a violation."""
    from drstate.policy.registry import RULES
    from drstate_cli.render.policy import rules_text

    document = {
        "policies": [
            {"id": rule.id, "title": rule.title, "why": rule.why, "hint": rule.hint}
            for rule in RULES
        ]
    }
    emit(common, "drstate.policies/1", document, lambda: rules_text(RULES))


@app.command("pack")
@verb
def pack(common: Common) -> None:
    """Print the folder of the policy pack. For `pulumi preview --policy-pack`."""
    from drstate.policy.packfolder import PACK, missing

    lacking = missing()
    document = {"path": str(PACK), "usable": lacking is None, "missing": lacking}
    if lacking is not None:
        say(f"warning: {lacking}")
    emit(common, "drstate.policy-pack/1", document, lambda: str(PACK))
