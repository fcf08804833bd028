"""What people see. Each module turns one kind of value into text; none of them decides anything."""
