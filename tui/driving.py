"""Drives a run from its start to its end: watched or not, kept, printed and judged."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from engine import target
from engine.ceiling import measure
from engine.errors import Exit, LoadtopError, NothingMeasured, UsageError
from engine.http_client import serialise
from engine.plan import Plan
from engine.run import Run
from engine.series import Driven, Series
from sessions.format import count
from sessions.model import Session
from sessions.objectives import figure, outcome
from sessions.replaying import Script
from tui import plain
from tui.console import load, yield_to_load
from tui.feeds import RunFeed
from tui.keeping import Keeper
from tui.output import give, is_ascii, say, terminal_width
from tui.planning import runs_of
from tui.replaying import replay
from tui.showing import show, wants_console

PLAIN_DURATION_S: Final = 10.0


def drive(arguments: argparse.Namespace, plan: Plan, keeper: Keeper, script: Script | None = None) -> Exit:
    """Drive a run, or the several of --repeat, until its end; keep what it measured, print it and judge it.

    Raises:
        LoadtopError: The plan cannot be driven, the run failed, or what it measured could not be kept.
    """
    console = wants_console(arguments, for_stdout=keeper.wants_stdout)
    runs = runs_of(arguments)
    endless = plan.duration_s is None and plan.requests is None
    if endless and not console:
        plan = msgspec.structs.replace(plan, duration_s=PLAIN_DURATION_S)
    elif endless and runs > 1:
        raise UsageError("--repeat needs an end for each run; give --duration or -n")
    if script is not None and runs > 1:
        raise UsageError("--replay changes the load, and the runs of --repeat keep it; leave one of them out")
    address, request = target.find(plan), serialise(plan)
    ceiling_rps = _ceiling(plan, request, keeper) if arguments.ceiling else None
    make = partial(Run, plan, address, request, ceiling_rps=ceiling_rps)
    if console:
        load()  # what it imports is not to be in the way of the run's own thread
    running, interrupted = _begun(plan, make, runs, script), False
    if console:
        _watch(arguments, running, keeper)
    else:
        for notice in keeper.notices:
            say(notice)
        running.each(lambda run: keeper.begin(run, say))
        interrupted = plain.drive(running, progress=sys.stderr if sys.stderr.isatty() else None)
    running.finished.wait()
    session = keeper.session(running)
    try:
        _keep_and_print(running, session, keeper)
    finally:
        keeper.end()
    running.join()  # raises what made the run fail, once all it measured is kept
    return Exit.INTERRUPTED if interrupted else _judge(session)


def _ceiling(plan: Plan, request: bytes, keeper: Keeper) -> float | None:
    """Return what this generator reaches; None where the null server was the limit: that says nothing of us."""
    say("what this generator can reach is measured first, for some seconds ...")
    reached = measure(plan, request)
    plain = "; without TLS" if plan.tls is not None else ""
    least = "" if reached.is_own else "at least "
    keeper.notices.append(
        f"ceiling: {least}{count(reached.rps)} requests/s against a server that does nothing{plain}"
    )
    return reached.rps if reached.is_own else None


def _begun(plan: Plan, make: Callable[[], Run], runs: int, script: Script | None) -> Driven:
    if runs > 1:
        series = Series(plan, runs, make)
        series.start()
        return series
    run = make()
    run.start()
    if script is not None:
        replay(run, script)
    return run


def _watch(arguments: argparse.Namespace, running: Driven, keeper: Keeper) -> None:
    """Show it on the console until it is over or the user leaves."""
    yield_to_load()
    feed = RunFeed(
        running,
        lambda: str(keeper.save(running) or "nowhere: --no-save was given"),
        keep_secrets=arguments.keep_secrets,
    )
    running.each(lambda run: keeper.begin(run, feed.announce))
    try:
        show(
            arguments,
            feed,
            keeper.notices,
            on_hangup=lambda: _save_at_hangup(running, keeper),
            pictures=keeper.folder,
        )
    finally:
        feed.stop()


def _keep_and_print(running: Driven, session: Session, keeper: Keeper) -> None:
    """Keep first: stdout may be a pipe that nobody reads any more."""
    told: list[str] = []
    failed: LoadtopError | None = None
    todo: tuple[tuple[Callable[[], Path | None], str], ...] = (
        (lambda: keeper.write_report(session), "report: {}"),
        (lambda: keeper.write_junit(session), "objectives: {}"),
        (lambda: keeper.save(running), "session: {} (`loadtop open` shows it)"),
    )
    for keep, words in todo:
        try:
            path = keep()
        except LoadtopError as error:
            failed = failed or error
            continue
        if path is not None:
            told.append(words.format(path))
    give(keeper.for_stdout(session, width=terminal_width(), ascii=is_ascii()))
    for line in told:
        say(line)
    if failed is not None:
        raise failed


def _judge(session: Session) -> Exit:
    answers = sum(segment.requests for segment in session.segments)
    succeeded = sum(
        times for segment in session.segments for status, times in segment.statuses.items() if int(status) < 400
    )
    if succeeded:
        missed = [slo for slo in session.slos if not slo.passed]
        for slo in missed:
            say(": ".join(filter(None, (f"{slo.expr} {outcome(slo)[1]}", figure(slo), slo.reason))))
        return Exit.SLO_MISSED if missed else Exit.OK
    if answers:
        statuses = sorted({status for segment in session.segments for status in segment.statuses})
        raise NothingMeasured(
            f"every one of {answers} answers had a failing status ({', '.join(statuses)}); "
            "check the URL and headers"
        )
    if session.last_error:
        raise NothingMeasured(f"no request was answered; the last error: {session.last_error}")
    raise NothingMeasured("no request was answered before the run ended; let it run longer")


def _save_at_hangup(running: Driven, keeper: Keeper) -> None:
    """Save what there is: nobody will see it, and nobody is left to tell of an error."""
    running.stop(drain_s=0.0)
    running.finished.wait(timeout=1.0)
    with contextlib.suppress(LoadtopError):
        keeper.write_report(keeper.session(running))
    with contextlib.suppress(LoadtopError):
        keeper.save(running)
    keeper.end()
