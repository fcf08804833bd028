"""Desired state: what each site state declares, one ``declare`` per technology.

Phases only choose values: the set of URNs of a stack is the same in standby, warm, active and
retired, so no phase can forget what another one declared. Programs take one typed value (the shard)
and read nothing else: no globals, no files, no AWS. (A rehearsal with the real aws plugin adds an
endpoint, see ``declare.endpoints``.)

``site`` is the way in. Importing this package does not import pulumi_aws, which takes seconds.
"""
