"""Operations that an earlier update did not finish.

Warns of them before an update, and forgets creations where the user says that they did not happen.
"""

from __future__ import annotations

from .context import Context


def check(context: Context) -> None:
    """Look at the state's pending operations before anything else is done."""
    request = context.request
    operations = (request.base or {}).get("pending_operations") or []
    if request.options.clear_pending_creates and not request.dry_run:
        if any(one.get("type") == "creating" for one in operations):
            context.ledger.clear_creates()
        return
    if not operations or request.dry_run or request.kind != "update":
        return
    listed = "".join(
        f"  * {one['resource']['urn']}, interrupted while {one['type']}\n" for one in operations
    )
    context.events.diagnostic(
        "warning",
        f"Attempting to deploy or update resources with {len(operations)} pending operations from "
        f"previous deployment.\n{listed}"
        "These resources are in an unknown state because the Pulumi CLI was interrupted while "
        "waiting for changes to these resources to complete. You should confirm whether or not the "
        "operations listed completed successfully by checking the state of the appropriate "
        "provider. For example, if you are using AWS, you can confirm using the AWS Console.\n\n"
        "Once you have confirmed the status of the interrupted operations, you can repair your "
        "stack using `pulumi refresh` which will refresh the state from the provider you are using "
        "and clear the pending operations if there are any.\n\n"
        "Note that `pulumi refresh` will need to be run interactively to clear pending CREATE "
        "operations.",
    )
