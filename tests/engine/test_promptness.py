"""Short slices: asked for, and nothing else changed."""

from __future__ import annotations

import multiprocessing
import os
import platform
from pathlib import Path

import pytest

from engine.promptness import SHORTEST_SLICE_NS, be_prompt

SCHEDULED = Path("/proc/self/sched")


def asked(policy: int, niceness: int) -> tuple[bool, int, int, int | None]:
    """Ask with this policy and niceness; return the answer, and policy, niceness and slice afterwards."""
    os.sched_setscheduler(0, policy, os.sched_param(0))
    os.nice(niceness)
    said = be_prompt()
    shown = [line.split(":")[1] for line in SCHEDULED.read_text().splitlines() if line.startswith("se.slice")]
    return said, os.sched_getscheduler(0), os.nice(0), int(shown[0]) if shown else None


def elsewhere(policy: int, niceness: int) -> tuple[bool, int, int, int | None]:
    """Do that in a process of its own, which may change what it is."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(asked, (policy, niceness))


@pytest.mark.skipif(not SCHEDULED.exists(), reason="the kernel does not tell how it schedules")
@pytest.mark.skipif(tuple(map(int, platform.release().split(".")[:2])) < (6, 12), reason="an older kernel")
def test_a_process_asks_for_the_shortest_slices_and_stays_as_nice_as_it_was() -> None:
    said, policy, niceness, slice_ns = elsewhere(os.SCHED_OTHER, 3)
    assert (policy, niceness) == (os.SCHED_OTHER, os.nice(0) + 3)
    if not said:
        pytest.skip("not allowed in here")
    assert slice_ns == SHORTEST_SLICE_NS


@pytest.mark.skipif(not SCHEDULED.exists(), reason="the kernel does not tell how it schedules")
def test_a_policy_that_somebody_chose_is_left_alone() -> None:
    said, policy, _, slice_ns = elsewhere(os.SCHED_BATCH, 0)
    assert (said, policy) == (False, os.SCHED_BATCH)
    assert slice_ns != SHORTEST_SLICE_NS


def test_a_machine_whose_number_is_not_known_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    assert not be_prompt()
