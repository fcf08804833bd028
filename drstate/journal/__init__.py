"""The journal: events, catalogs, leases and what else must survive a crash, behind one port.

``port.Journal`` is what the other rooms know; ``sqlite`` is the embedded store. Nothing here knows
what an execution does: it stores, orders, fences and proves.
"""

from drstate.journal.port import CacheEntry, ExecutionHeader, Journal, Lease
from drstate.journal.sqlite import SqliteJournal, open_journal

__all__ = ["CacheEntry", "ExecutionHeader", "Journal", "Lease", "SqliteJournal", "open_journal"]
