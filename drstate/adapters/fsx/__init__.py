"""FSx for Windows, Lustre and OpenZFS, by copied backups."""

from drstate.adapters.fsx.adapter import FsxAdapter

ADAPTER = FsxAdapter
