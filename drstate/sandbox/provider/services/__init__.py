"""The resource types, one file each, listed in ``drstate.sandbox.provider.registry``.

A type's file is its table of properties and its AWS calls, and nothing else.
"""
