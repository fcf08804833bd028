"""The deployment half of the embedded engine: everything that happens during one update.

It serves the resource monitor and the engine service to the program, runs provider plugins, decides
which steps are needed, carries them out, and reports them as events and as records of the step log.
It writes no file: the front does that.
"""
