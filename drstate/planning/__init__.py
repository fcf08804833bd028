"""Compiles a catalog and a request into a plan. Pure: no clock, no file, no call to anywhere.

``requests``       what a person asks for
``work``           the port through which adapters and programs are asked what a phase means
``compiling``      request + catalog -> plan
``roles``          which site serves, and who is in which group, when a phase of the plan begins
``waves``          the wave that a resource is recovered in, and moves between groups
``dependencies``   ``dr:dependencies`` understood; order; cycles
``selection``      waves and resources that were chosen
``shards``         the work of one account, region and group; a program's input
``bindings``       endpoints of other resources that a shard refers to
``preconditions``  what must be true before a phase
``owed``           what an earlier CLEANUP left
``overlap``        which waves a wave waits for, where waves overlap
``conditional``    conditional waves held against their plan; ``conditions``: their language
``estimate``       predicted time, budgets and warnings
``safety``         which previewed changes are refused

The same input gives the same plan, byte for byte.
"""
