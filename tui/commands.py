"""What each command does. Puts engine, sessions and console together; nothing else knows all three."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from engine import target
from engine.errors import EngineLost, Exit, LoadtopError, NothingMeasured, UsageError
from engine.http_client import serialise
from engine.plan import Plan
from engine.run import Run
from engine.series import Driven, Series
from sessions import store
from sessions.formats import DEFAULT, PLAIN, Paper, write
from sessions.model import Session
from sessions.objectives import figure, outcome
from sessions.recovery import recover_all
from sessions.replaying import Script
from sessions.schema import json_schema
from sessions.tidy import clean
from tui import plain
from tui.feed import Feed
from tui.feeds import RunFeed, SavedFeed
from tui.keeping import Keeper, form_of
from tui.output import config_file, give, is_ascii, say, state_file, terminal_width, themes_folder
from tui.planning import check_console, demo_plan_of, plan_of, runs_of, slos_of
from tui.replaying import replay

PLAIN_DURATION_S: Final = 10.0
DEMO_START_S: Final = 20.0
DEMO_STOP_S: Final = 2.0


def run(arguments: argparse.Namespace) -> Exit:
    """Drive the target that was given."""
    check_console(arguments)
    if arguments.replay is not None:
        return _replay(arguments)
    return _drive(arguments, plan_of(arguments), Keeper(arguments))


def _replay(arguments: argparse.Namespace) -> Exit:
    from tui.replay import plan_of_replay

    path = _find_session(arguments.replay, arguments.sessions_dir)
    try:
        plan, script = plan_of_replay(arguments, store.load(path))
    except UsageError as error:
        raise UsageError(f"cannot replay '{clean(str(path))}': {error}") from error
    return _drive(arguments, plan, Keeper(arguments), script)


def demo(arguments: argparse.Namespace) -> Exit:
    """Start the demo target and drive that."""
    from engine.demo import NOTE

    check_console(arguments)
    demo_plan_of(arguments, "http://127.0.0.1:1/", "")  # so that a wrong value is told before anything starts
    arguments.name = arguments.name or "demo"
    keeper = Keeper(arguments)
    _wants_console(arguments, for_stdout=keeper.wants_stdout)
    with _demo_target() as url:
        return _drive(arguments, demo_plan_of(arguments, f"{url}/ping", NOTE), keeper)


def serve(arguments: argparse.Namespace) -> Exit:
    """Be the demo target until interrupted."""
    from engine.demo import serve as serve_demo

    if not 0 <= arguments.port <= 65535:
        raise UsageError(f"--port {arguments.port} must be from 0 to 65535")

    def ready(url: str) -> None:
        give(f"{url}/ping  {url}/json  {url}/debug/pprof/  (Ctrl-C ends it)\n")

    try:
        serve_demo(arguments.host, arguments.port, ready)
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        raise UsageError(f"cannot listen on {where}: {error.strerror or error}; use another --port") from error
    return Exit.OK


def open_session(arguments: argparse.Namespace) -> Exit:
    """Show a saved session."""
    check_console(arguments)
    output = None if arguments.output is None else Path(arguments.output)
    if output is not None:
        store.check_report(output)
    printed = output is not None or arguments.report_format is not None
    console = not printed and _wants_console(arguments, for_stdout=False)
    _recover(arguments)
    path = (
        _newest(arguments, console)
        if arguments.file is None
        else _find_session(arguments.file, arguments.sessions_dir)
    )
    session = store.load(path)
    if printed:
        form = form_of(arguments.report_format, output)
        _hand_over(write(session, form, _paper(output)), output)
    elif console:
        feed = SavedFeed(session, path.name)
        _show(arguments, feed, choosing=arguments.file is None, pictures=path.absolute().parent)
    else:
        give(write(session, DEFAULT, _paper(None)))
    return Exit.OK


def list_sessions(arguments: argparse.Namespace) -> Exit:
    """Print the saved sessions."""
    from sessions.listing import as_table

    folder = _folder(arguments)
    unfinished = _recover(arguments)
    rows = store.list_sessions(folder)
    if not rows and unfinished:
        return Exit.OK
    if not rows:
        say(f"no sessions in '{folder}' yet; a run leaves one there")
        return Exit.OK
    give(as_table(rows, width=terminal_width()))
    return Exit.OK


def schema(_: argparse.Namespace) -> Exit:
    """Print the JSON Schema of the report."""
    encoded = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2)
    give(encoded.decode() + "\n")
    return Exit.OK


def compare(arguments: argparse.Namespace) -> Exit:
    """Hold saved sessions against one another."""
    from sessions.compare.compare import EXITS, compare_sessions
    from sessions.compare.forms import FORMS
    from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights

    check_console(arguments)
    output = None if arguments.output is None else Path(arguments.output)
    form = form_of(arguments.report_format, output)
    if form not in FORMS:
        raise UsageError(f"a comparison has no form '{form}'; there are {', '.join(FORMS)}")
    weights = parse_weights(arguments.weights or DEFAULT_WEIGHTS)
    slos = slos_of(arguments)
    if len(arguments.files) < 2:
        raise UsageError(f"'{arguments.files[0]}' has nothing to be compared with; give two sessions or more")
    if output is not None:
        store.check_report(output)
    if arguments.console:
        _wants_console(arguments, for_stdout=False)
    sessions = [store.load(_find_session(given, arguments.sessions_dir)) for given in arguments.files]
    comparison = compare_sessions(
        sessions,
        quantile=arguments.quantile,
        weights=weights,
        slos=slos,
        lenient=arguments.slo_lenient,
        ranked=bool(arguments.weights or slos),
    )
    if output is not None or not arguments.console:
        _hand_over(FORMS[form](comparison, _paper(output)), output)
    if arguments.console:
        from tui.comparing import show_comparison

        show_comparison(
            comparison, theme=arguments.theme, mouse=not arguments.no_mouse, themes_dir=themes_folder()
        )
    return EXITS[comparison.outcome]


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], Exit]]] = {
    "run": run,
    "demo": demo,
    "target": serve,
    "open": open_session,
    "list": list_sessions,
    "compare": compare,
    "schema": schema,
}


def _folder(arguments: argparse.Namespace) -> Path:
    return Path(arguments.sessions_dir) if arguments.sessions_dir else store.default_folder()


def _recover(arguments: argparse.Namespace) -> bool:
    """Turn journals whose runs were cut off into sessions, and say so; return whether there were journals."""
    found = recover_all(_folder(arguments))
    for one in found:
        if one.told:
            say(one.told)
    return bool(found)


def _newest(arguments: argparse.Namespace, console: bool) -> Path:
    if not console:
        raise UsageError("say which session to show: `loadtop list` has them; the console lets you choose")
    folder = _folder(arguments)
    path = next((row.path for row in store.list_sessions(folder) if row.summary is not None), None)
    if path is None:
        raise UsageError(f"no sessions in '{clean(str(folder))}' yet; a run leaves one there")
    return path


def _drive(arguments: argparse.Namespace, plan: Plan, keeper: Keeper, script: Script | None = None) -> Exit:
    console = _wants_console(arguments, for_stdout=keeper.wants_stdout)
    if not console and plan.duration_s is None and plan.requests is None:
        plan = msgspec.structs.replace(plan, duration_s=PLAIN_DURATION_S)
    if console and runs_of(arguments) > 1 and plan.duration_s is None and plan.requests is None:
        raise UsageError("--repeat needs an end for each run; give --duration or -n")
    request = serialise(plan)
    runs, address = runs_of(arguments), target.find(plan)
    run = Run(plan, address, request)
    running: Driven = run if runs == 1 else Series(plan, runs, lambda: Run(plan, address, request))
    if script is not None and runs > 1:
        raise UsageError("--replay changes the load, and the runs of --repeat keep it; leave one of them out")
    running.start()
    if script is not None:
        replay(run, script)
    interrupted = False
    if console:
        feed = RunFeed(
            running,
            lambda: str(keeper.save(running) or "nowhere: --no-save was given"),
            keep_secrets=arguments.keep_secrets,
        )
        if runs == 1:  # each of several runs is short, and kept when all are over
            keeper.begin(run, feed.announce)
        try:
            _show(
                arguments,
                feed,
                keeper.notices,
                on_hangup=lambda: _save_at_hangup(running, keeper),
                pictures=keeper.folder,
            )
        finally:
            feed.stop()
    else:
        for notice in keeper.notices:
            say(notice)
        if runs == 1:
            keeper.begin(run, say)
        interrupted = plain.drive(running, progress=sys.stderr if sys.stderr.isatty() else None)
    running.finished.wait()
    session = keeper.session(running)
    try:
        _keep_and_print(running, session, keeper)
    finally:
        keeper.end()
    running.join()  # raises what made the run fail, once all it measured is kept
    if interrupted:
        return Exit.INTERRUPTED
    return _judge(session)


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


def _show(
    arguments: argparse.Namespace,
    feed: Feed,
    notices: list[str] | None = None,
    on_hangup: Callable[[], None] = lambda: None,
    choosing: bool = False,
    pictures: Path | None = None,
) -> None:
    from tui.console import run_console

    run_console(
        feed,
        theme=arguments.theme,
        fps=arguments.fps,
        graph=arguments.graph,
        mouse=not arguments.no_mouse,
        notices=notices or [],
        themes_dir=themes_folder(),
        config=config_file(),
        remembered_in=state_file(),
        pictures=pictures,
        on_hangup=on_hangup,
        folder=_folder(arguments),
        choosing=choosing,
    )


def _save_at_hangup(running: Driven, keeper: Keeper) -> None:
    """Save what there is: nobody will see it, and nobody is left to tell of an error."""
    running.stop(drain_s=0.0)
    running.finished.wait(timeout=1.0)
    with contextlib.suppress(LoadtopError):
        keeper.write_report(keeper.session(running))
    with contextlib.suppress(LoadtopError):
        keeper.save(running)
    keeper.end()


def _wants_console(arguments: argparse.Namespace, *, for_stdout: bool) -> bool:
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if arguments.console and not terminal:
        raise UsageError("--console needs a terminal on stdin and stdout, and a TERM that is not 'dumb'")
    return bool(arguments.console) or (terminal and not arguments.plain and not for_stdout)


def _paper(output: Path | None) -> Paper:
    return Paper(terminal_width(), is_ascii()) if output is None else PLAIN


def _hand_over(report: str, output: Path | None) -> None:
    """Give a report to stdout, or write it into the file that was asked for."""
    if output is None:
        give(report)
        return
    store.write_report(report, output)
    say(f"report: {output}")


def _find_session(given: str, sessions_dir: str | None) -> Path:
    """Return the file that is meant: a path, or a name as `loadtop list` prints it."""
    path = Path(given)
    folder = Path(sessions_dir) if sessions_dir else store.default_folder()
    if not path.exists() and path.name == given:
        for named in (folder / given, folder / f"{given}.json"):
            if named.exists():
                return named
    return path


@contextlib.contextmanager
def _demo_target() -> Iterator[str]:
    """Start the demo target in a process of its own, as a real one would be; yields its URL."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.demo", "--port", "0", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the run first, and the target when that has drained
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url.startswith("http://"):
            raise EngineLost("the demo target did not start; `loadtop target` says why")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(DEMO_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
