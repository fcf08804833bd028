"""Values that every room shares. Only the standard library and pydantic; no input or output."""
