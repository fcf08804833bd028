"""Pulumi stacks through the Automation API: the only room that uses ``pulumi.automation``.

``choice``    which engine carries the work (the Pulumi CLI, or the embedded one in the sandbox)
``settings``  where state is kept and what every command is told
``stacks``    preview, up, refresh, destroy, outputs, export, tags, locks of one stack
``recovery``  what to do with a stack whose last runner died
``moves``     a resource's state goes from one stack to another
``facts``     what ``drstate doctor`` and header lines tell
"""
