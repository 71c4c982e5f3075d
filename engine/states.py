"""A run's states, and everything that changes them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from engine.snapshot import RunState


class Step(Enum):
    """What can happen to a run."""

    READY = auto()
    PAUSE = auto()
    RESUME = auto()
    STOP = auto()
    DRAINED = auto()
    FAIL = auto()


TRANSITIONS: Final[Mapping[RunState, Mapping[Step, RunState]]] = {
    RunState.STARTING: {
        Step.READY: RunState.RUNNING,
        Step.STOP: RunState.DRAINING,
        Step.FAIL: RunState.FAILED,
    },
    RunState.RUNNING: {
        Step.PAUSE: RunState.PAUSED,
        Step.STOP: RunState.DRAINING,
        Step.FAIL: RunState.FAILED,
    },
    RunState.PAUSED: {
        Step.RESUME: RunState.RUNNING,
        Step.STOP: RunState.DRAINING,
        Step.FAIL: RunState.FAILED,
    },
    RunState.DRAINING: {Step.DRAINED: RunState.DONE, Step.FAIL: RunState.FAILED},
    RunState.DONE: {},
    RunState.FAILED: {},
}
"""Everything that changes a run's state. A step that is not listed for a state does nothing: a key pressed
while the run was ending is no mistake of anyone's."""
