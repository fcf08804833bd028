"""Rehearsals: a plan is carried out offline, in copies, and struck at every moment that there is.

Beside the sandbox, under the command line, which alone imports it. Nothing here ever works on the
sandbox, journal or stacks that it was given: each run has copies of its own, which are gone in the
end.
"""
