"""Imperative actions, health and lag, one package per technology; an explicit registry."""
