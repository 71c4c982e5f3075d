"""What this generator can do at most: its own plan for two seconds, against a server that does nothing.

A rate near that is the generator's as much as the target's. The null server shares the machine, as a target on
it does, and TLS is left out. So it is what these workers reach here and now, not what they could elsewhere.
"""

from __future__ import annotations

import socket
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import EngineLost
from engine.helper import helper
from engine.plan import DEFAULT_CONCURRENCY, Load, Plan
from engine.run import Run
from engine.target import Address

SECONDS: Final = 2.5
"""Half a second more than is looked at: the first has the connections to open."""

WHOLE_S: Final = 0.99
"""A row that is shorter was cut off by the end."""

BUSY_PCT: Final = 80.0
"""Of a core: a worker below that was waiting, not working."""


class Ceiling(Struct, frozen=True):
    """What was reached.

    Attributes:
        rps: Requests a second, in the best second.
        is_own: Whether the workers were the limit, as they kept a core busy; else it was the null server, and
            the ceiling is higher than that.
    """

    rps: float
    is_own: bool


def measure(plan: Plan, request: bytes) -> Ceiling:
    """Return how many requests a second this plan's workers reach against a null server.

    Args:
        plan: The plan. An open loop has as many connections here as a closed one has by itself: below its
            ceiling it needs few.
        request: The bytes of every request.

    Raises:
        EngineLost: The null server did not start, or a worker was lost for good.
    """
    connections = plan.load.concurrency
    if plan.load.mode == "open":
        connections = min(connections, DEFAULT_CONCURRENCY)
    with helper("engine.null_server", str(len(request)), str(plan.workers)) as first_line:
        port = first_line()
        if not port.isdigit():
            raise EngineLost("the server for --ceiling did not start; leave that out")
        alone = replace(
            plan,
            url=f"http://127.0.0.1:{port}/",
            load=Load(concurrency=connections),
            duration_s=SECONDS,
            requests=None,
            tls=None,
            unix_socket=None,
            probing=False,
            probe_url=None,
            probe_series=(),
            pid=None,
        )
        run = Run(alone, Address(socket.AF_INET, ("127.0.0.1", int(port)), is_local=True), request)
        run.start()
        record = run.join()
    best = max((row.done / row.span_s for row in record.seconds if row.span_s >= WHOLE_S), default=0.0)
    busy = [segment.client.cpu_pct for segment in record.segments if segment.client.cpu_pct is not None]
    return Ceiling(best, is_own=max(busy, default=0.0) > BUSY_PCT)
