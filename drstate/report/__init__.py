"""Folds over the journal: everything that people are shown about an execution. Pure."""
