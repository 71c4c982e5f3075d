"""From a session to the plan that repeats it: its request and its load; flags of the command line go first."""

from __future__ import annotations

import argparse

from msgspec.structs import replace

from engine import plan as parts
from engine.errors import UsageError
from engine.limits import check_concurrency
from engine.plan import Plan
from sessions.model import Session
from sessions.redact import REDACTED
from sessions.replaying import Script, check_repeatable, script_of
from tui.planning import plan_of


def plan_of_replay(arguments: argparse.Namespace, session: Session) -> tuple[Plan, Script]:
    """Return the plan of `loadtop run --replay`, and what is to be done during it.

    Raises:
        UsageError: The session cannot be repeated, or a value cannot be used.
    """
    for flag, value in (
        ("--rate", arguments.rate),
        ("--concurrency", arguments.concurrency),
        ("--duration", arguments.duration),
        ("--requests", arguments.requests),
        ("--arrivals", arguments.arrivals),
    ):
        if value is not None:
            raise UsageError(f"{flag} is given, but --replay takes the load from the session; leave it out")
    script = script_of(session)
    kept = session.plan
    given = [parts.parse_header(header) for header in arguments.header]
    names = frozenset(name.lower() for name, _ in given)
    body_given = arguments.body is not None or arguments.json is not None
    url_given = arguments.url is not None or arguments.target is not None
    check_repeatable(session, headers_given=names, body_given=body_given, url_given=url_given)
    if not url_given:
        arguments.url = kept.target
    if arguments.method is None:
        arguments.method = kept.method
    if arguments.workers is None:
        arguments.workers = str(kept.workers)
    plan = plan_of(arguments)
    ours = {name.lower() for name, _ in plan.headers}
    again = tuple(
        (name, text) for name, text in kept.headers if REDACTED not in text and name.lower() not in ours
    )
    loads = [script.load, *(step.load for step in script.steps if step.load is not None)]
    check_concurrency(max(load.concurrency for load in loads), plan.workers)
    return (
        replace(
            plan,
            headers=plan.headers + again,
            keepalive=plan.keepalive and kept.keepalive,
            load=script.load,
            duration_s=script.duration_s,
            spin=kept.spin,
            note=plan.note or kept.note,
        ),
        script,
    )
