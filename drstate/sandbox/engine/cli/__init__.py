"""The embedded engine as a program of its own: what a shell or another tool starts."""
