"""Starts the Pulumi programs of a project folder, as the CLI's language host for Python does."""
