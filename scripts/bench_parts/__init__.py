"""The measurements of ``scripts/bench.py``, one section a module."""
