"""Runs plans: composition root, one module per use case, runner and state machine."""
