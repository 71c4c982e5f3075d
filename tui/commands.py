"""What each command does. Puts engine, sessions and console together; nothing else knows all three."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import Exit, UsageError
from sessions import store
from sessions.formats import DEFAULT, PLAIN, Paper, write
from sessions.printable import clean
from sessions.recovery import recover_all
from sessions.schema import json_schema
from tui.console import load
from tui.demo_process import demo_target
from tui.driving import drive
from tui.feeds import SavedFeed
from tui.keeping import Keeper, form_of
from tui.output import give, is_ascii, say, terminal_width, themes_folder
from tui.planning import check_console, demo_plan_of, plan_of, slos_of
from tui.showing import folder_of, show, wants_console


def run(arguments: argparse.Namespace) -> Exit:
    """Drive the target that was given."""
    check_console(arguments)
    if arguments.replay is not None:
        return _replay(arguments)
    return drive(arguments, plan_of(arguments), Keeper(arguments))


def _replay(arguments: argparse.Namespace) -> Exit:
    from tui.replay_plan import plan_of_replay

    path = _find_session(arguments.replay, arguments.sessions_dir)
    try:
        plan, script = plan_of_replay(arguments, store.load(path))
    except UsageError as error:
        raise UsageError(f"cannot replay '{clean(str(path))}': {error}") from error
    return drive(arguments, plan, Keeper(arguments), script)


def demo(arguments: argparse.Namespace) -> Exit:
    """Start the demo target and drive that."""
    from engine.demo import NOTE

    check_console(arguments)
    demo_plan_of(arguments, "http://127.0.0.1:1/", "")  # so that a wrong value is told before anything starts
    arguments.name = arguments.name or "demo"
    keeper = Keeper(arguments)
    console = wants_console(arguments, for_stdout=keeper.wants_stdout)
    with demo_target() as url:
        if console:
            load()  # while the target starts
        return drive(arguments, demo_plan_of(arguments, f"{url()}/ping", NOTE), keeper)


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
    console = not printed and wants_console(arguments, for_stdout=False)
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
        show(arguments, feed, choosing=arguments.file is None, pictures=path.absolute().parent)
    else:
        give(write(session, DEFAULT, _paper(None)))
    return Exit.OK


def list_sessions(arguments: argparse.Namespace) -> Exit:
    """Print the saved sessions."""
    from sessions.listing import as_table

    folder = folder_of(arguments)
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
        wants_console(arguments, for_stdout=False)
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


def _recover(arguments: argparse.Namespace) -> bool:
    """Turn journals whose runs were cut off into sessions, and say so; return whether there were journals."""
    found = recover_all(folder_of(arguments))
    for one in found:
        if one.told:
            say(one.told)
    return bool(found)


def _newest(arguments: argparse.Namespace, console: bool) -> Path:
    if not console:
        raise UsageError("say which session to show: `loadtop list` has them; the console lets you choose")
    folder = folder_of(arguments)
    path = next((row.path for row in store.list_sessions(folder) if row.summary is not None), None)
    if path is None:
        raise UsageError(f"no sessions in '{clean(str(folder))}' yet; a run leaves one there")
    return path


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
