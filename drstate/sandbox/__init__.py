"""An AWS that needs no account: for rehearsals, demos and tests.

Production code never imports this package.
"""
