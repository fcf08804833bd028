"""What holds for every test: signals as a terminal leaves them."""

from __future__ import annotations

import signal

# A run that was started in the background inherits that Ctrl-C is ignored, and every process that a
# test starts inherits it in turn: nothing could be interrupted any more.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
