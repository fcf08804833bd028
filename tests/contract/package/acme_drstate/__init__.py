"""Log groups as a technology: kept short in standby, at production's retention when active."""
