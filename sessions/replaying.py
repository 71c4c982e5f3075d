"""What was done to the load in a session, so that it can be done again. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from engine.errors import UsageError
from engine.plan import Load
from sessions.model import Session
from sessions.redact import REDACTED

Deed: TypeAlias = Literal["load", "pause", "resume"]


class Step(Struct, frozen=True):
    """One thing that was done.

    Attributes:
        at_s: When, in seconds since the run began.
        deed: What.
        load: The load from then on, where that was changed.
    """

    at_s: float
    deed: Deed
    load: Load | None = None


class Script(Struct, frozen=True):
    """A session's load, from its begin to its end.

    Attributes:
        load: At the begin.
        steps: What was done then, oldest first.
        duration_s: When the load ended.
    """

    load: Load
    steps: tuple[Step, ...]
    duration_s: float


def script_of(session: Session) -> Script:
    """Return what is to be done to repeat a session's load.

    Raises:
        UsageError: No load was sent in it.
    """
    if not session.segments:
        raise UsageError("no load was sent in that session: there is nothing to replay")
    steps: list[Step] = []
    for event in session.events:
        if event.kind == "load" and event.after is not None:
            steps.append(Step(event.at_s, "load", event.after))
        elif event.kind == "pause":
            steps.append(Step(event.at_s, "pause"))
        elif event.kind == "resume":
            steps.append(Step(event.at_s, "resume"))
    # The run's own end comes after the wait for the last answers; a run that ended paused sent nothing to it.
    planned_s = session.plan.duration_s
    end_s = max([session.segments[-1].end_s, *(step.at_s for step in steps)])
    if planned_s is not None and end_s > planned_s - 0.5:
        end_s = planned_s
    return Script(session.segments[0].load, tuple(steps), end_s)


def check_repeatable(
    session: Session, *, headers_given: frozenset[str], body_given: bool, url_given: bool
) -> None:
    """Make sure that a session's request can be sent again; secrets and bodies are not kept.

    Args:
        session: The session.
        headers_given: Names of headers that are given anew, in lower case.
        body_given: Whether a body is.
        url_given: Whether a URL is.

    Raises:
        UsageError: Something of it was not kept; the line says what to give.
    """
    plan = session.plan
    if not url_given and REDACTED in plan.target:
        raise UsageError("the session's target has secrets that were not kept; give the URL")
    if plan.body_bytes and not body_given:
        raise UsageError(f"the session's body of {plan.body_bytes} bytes was not kept; give it with --body")
    for name, value in plan.headers:
        if REDACTED in value and name.lower() not in headers_given:
            raise UsageError(f"the session's header '{name}' is a secret that was not kept; give it with -H")
