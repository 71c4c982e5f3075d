"""Runs in this process, for benchmarks that look at what they say and not only at what they report."""

from __future__ import annotations

from engine import target
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.record import Record
from engine.run import Run


def open_loop(rate: float, *, connections: int = 256) -> Load:
    """Return an open loop with Poisson arrivals."""
    return Load(mode="open", rate=rate, arrivals="poisson", concurrency=connections)


def begun(plan: Plan) -> Run:
    """Begin a run."""
    run = Run(plan, target.find(plan), serialise(plan))
    run.start()
    return run


def recorded(plan: Plan, *, grace_s: float) -> Record:
    """Do a run that ends by itself.

    Args:
        plan: What to do, and for how long.
        grace_s: How much longer it may take.
    """
    run = begun(plan)
    if not run.finished.wait((plan.duration_s or 0.0) + grace_s):
        raise RuntimeError(f"the run against {plan.url} did not end")
    return run.join()
