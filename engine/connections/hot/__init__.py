"""The hot path: what an ordinary answer costs, in C, and how Python sees it.

How much load a core makes is a matter of what an ordinary answer costs. `drain.c` reads those and sends the
next request, `schedule.c` follows the schedule of an open loop. `path` is the table of connections and the
columns that both fill; what of it stays in Python is in `sockets` and `schedule`. Without the library the same
is done by `engine.connections.http1`, `sockets` and `pace`.
"""
