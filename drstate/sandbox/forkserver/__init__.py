"""Processes of ours that begin as a copy of one that has loaded everything already.

    wire      what is said over the socket, and the file numbers that go with it
    server    the parent: loads modules, forks, tells who ended and how
    child     from the fork to the end of the process
    client    starting a server; starting a process in it, with the manners of subprocess.Popen

Loading the SDK, botocore and pulumi_aws takes a process most of a second; a copy takes a hundredth
of that. A copy is a real process: its own id, session, streams, environment and working directory,
killed by signals like any other. It refuses nothing that a fresh interpreter would run, but runs
only functions of modules, and is for the sandbox's own processes: never for the real provider
plugin. Where no server is named in the environment, or it is gone, a plain process is started.
"""
