"""Does to a run what was done in a session, at the same times, with nobody at the keyboard."""

from __future__ import annotations

import threading
from typing import Final

from engine.errors import LoadtopError
from engine.run import Run
from engine.snapshot import RunState
from sessions.replaying import Script, Step

LOOK_S: Final = 0.02


def replay(run: Run, script: Script) -> threading.Thread:
    """Begin to do what the script says; returns at once. The thread ends with the run."""
    thread = threading.Thread(target=_live, args=(run, script), name="loadtop-replay", daemon=True)
    thread.start()
    return thread


def _live(run: Run, script: Script) -> None:
    for step in script.steps:
        while not _is_due(run, step):
            if run.finished.wait(LOOK_S):
                return
        try:
            _do(run, step)
        except LoadtopError as error:
            # more connections than this machine allows; the steps after it still hold
            run.note("replay", f"not replayed: {error}")


def _is_due(run: Run, step: Step) -> bool:
    state = run.latest().state
    return state is not RunState.STARTING and run.now_s() >= step.at_s


def _do(run: Run, step: Step) -> None:
    if step.deed == "pause":
        run.pause()
    elif step.deed == "resume":
        run.resume()
    elif step.load is not None:
        run.change(step.load)
