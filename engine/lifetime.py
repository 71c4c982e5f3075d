"""A run from its first connection to its last answer: what happens by itself, and what is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import math
from time import monotonic_ns
from typing import Final

from engine import wire
from engine.controls import DRAIN_S, Controls
from engine.fleet import Fleet
from engine.plan import REPEATABLE_METHODS, Load, Plan
from engine.probes.watch import watch
from engine.snapshot import RunState
from engine.target import Address

TICK_S: Final = 0.1
CONNECT_S: Final = 1.0
"""What connections get at most to be opened before an open loop's first request is due; TLS may take some."""

LIKELY_S: Final = 0.05
MOST_AT_START: Final = 512
"""As many connections are opened ahead as are out at once where answers take so long, but no more than that."""

GIVE_UP_S: Final = 30.0
"""A run that is to end after so many answers ends without them when none came for this long, and longer than
three time-outs: the target is gone, and nobody may be watching."""


async def live(controls: Controls, address: Address, request: bytes) -> None:
    """Start the workers, drive the load until the run is to end, and wait for what is in flight.

    Raises:
        EngineLost: The workers cannot be started, or are all lost.
    """
    connects: list[bytes] = []
    ahead, opened = _ahead(controls.load), asyncio.Event()

    def take(frame: wire.Frame) -> None:
        if controls.state == RunState.STARTING:
            connects.append(frame.connect)
            if sum(map(wire.count_times, connects)) >= ahead:
                opened.set()
        controls.take(frame)

    plan = controls.plan
    fleet = controls.fleet = Fleet(
        _setup(plan, address, request),
        workers=plan.workers,
        cpus=plan.cpus,
        on_frame=take,
        on_loss=controls.lose,
    )
    try:
        await fleet.start()
        if ahead:
            fleet.drive(Load(concurrency=ahead), monotonic_ns(), paused=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(opened.wait(), CONNECT_S)
        controls.begin(monotonic_ns(), b"".join(connects))
        seen = asyncio.create_task(
            watch(plan, address.host_port, controls.ledger.seen.add, wishes=controls.wishes)
        )
        try:
            await _until_stopped(controls, fleet)
            await _drain(controls, fleet)
        finally:
            await controls.on_demand.close()
            seen.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await seen
    finally:
        controls.give_up_resizing()
        fleet.stop()


def _setup(plan: Plan, address: Address, request: bytes) -> wire.Setup:
    return wire.Setup(
        worker=0,
        family=address.family,
        address=address.sockaddr,
        request=request,
        head_only=plan.method == "HEAD",
        keepalive=plan.keepalive,
        repeatable=plan.method in REPEATABLE_METHODS,
        timeout_ns=round(plan.timeout_s * 1e9),
        spin=plan.spin,
        tls=plan.tls,
        answers=plan.requests,
    )


def _ahead(load: Load) -> int:
    """Return how many connections an open loop needs at once; else its first requests would wait for them."""
    return 0 if load.rate is None else min(load.concurrency, MOST_AT_START, math.ceil(load.rate * LIKELY_S))


async def _until_stopped(controls: Controls, fleet: Fleet) -> None:
    while not controls.stopping.is_set():
        if fleet.failure.done():
            fleet.failure.result()
        now_ns = monotonic_ns()
        controls.tick(fleet, now_ns)
        if _is_over(controls, now_ns):
            controls.stop(DRAIN_S, at_ns=min(now_ns, controls.planned_end_ns or now_ns))
            return
        wait_s = TICK_S
        if controls.planned_end_ns is not None:
            wait_s = max(min(wait_s, (controls.planned_end_ns - now_ns) / 1e9), 0.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(controls.stopping.wait(), wait_s)


def _is_over(controls: Controls, now_ns: int) -> bool:
    plan, ledger = controls.plan, controls.ledger
    if controls.planned_end_ns is not None and now_ns >= controls.planned_end_ns:
        return True
    if plan.requests is None:
        return False
    silent_s = (now_ns - ledger.last_answer_ns) / 1e9
    gave_up = controls.state == RunState.RUNNING and silent_s > max(GIVE_UP_S, 3 * plan.timeout_s)
    return ledger.answered >= plan.requests or gave_up


async def _drain(controls: Controls, fleet: Fleet) -> None:
    controls.publish(monotonic_ns())
    drained = asyncio.ensure_future(fleet.finish(controls.drain_s))
    while not drained.done():
        await asyncio.wait([drained], timeout=TICK_S)
        controls.publish(monotonic_ns())
    drained.result()
    controls.end()
