"""The command line: what may be typed, and what each flag means. Values are checked in `tui.planning`."""

from __future__ import annotations

import argparse
import sys
from typing import Final, NoReturn

from engine.errors import UsageError
from engine.version import __version__

COMMANDS: Final = ("run", "demo", "target", "open", "list", "compare", "schema")

REPORT_FORMATS: Final = ("text", "json", "markdown", "html", "csv", "csv-segments", "hgrm")
"""Names of `sessions.formats.FORMATS`, so that --help need not import them; a test keeps them the same."""

COMPARISON_FORMATS: Final = ("text", "markdown", "csv", "json")
"""Names of `sessions.compare.forms.FORMS`."""

_ABOUT: Final = """\
htop for load: drive an HTTP service and watch what the load does to it, live.

  loadtop URL …        short for `loadtop run URL …`
  loadtop run URL      drive a target: the console on a terminal, a plain run elsewhere
  loadtop demo         start the built-in target and run against it
  loadtop target       the built-in target alone
  loadtop open FILE    look at a saved session in the console
  loadtop list         saved sessions, unfinished ones recovered
  loadtop compare A B  are they different, and is the difference real; several are ranked
  loadtop schema       the JSON Schema of the report

`loadtop COMMAND --help` has the flags of each."""

_EXITS: Final = """\
exit codes: 0 done; 1 nothing could be measured; 2 usage; 99 an objective was missed; 130 interrupted (the
report is still written)
In the console: + - } { up down change the load, c and r type it, space pauses it, ? shows all keys, q quits."""


_COMPARE_EXITS: Final = """\
The text is printed; --console shows it as a screen in which j and k go from one operating point to the next.
exit codes: 0 the same or better, or ranked; 2 usage; 3 worse; 4 cannot tell; 5 not comparable (open with closed
loop, nothing in common, CLIENT-BOUND); 99 every session missed an objective"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and leaves the exit to `tui.cli.main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


class _Version(argparse.Action):
    """Says which version this is, and what its load is made by: that decides about its speed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from engine.connections.hot import library

        by = "C" if library.load() is not None else "Python, for want of a compiler at installation"
        sys.stdout.write(f"loadtop {__version__} (hot path: {by})\n")
        parser.exit()


def parse(argv: list[str]) -> argparse.Namespace:
    """Return the parsed command line; `command` names what to do.

    Raises:
        UsageError: It cannot be understood.
        SystemExit: It asked for help or the version, which is printed.
    """
    return _parser().parse_args(_with_command(argv))


def _with_command(argv: list[str]) -> list[str]:
    """Put in the `run` that may be left out."""
    first = argv[0] if argv else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return argv
    if not first:
        raise UsageError("say what to drive: `loadtop http://HOST:PORT/PATH`; `loadtop demo` is a first look")
    if first.isidentifier() and first != "localhost":
        raise UsageError(f"'{first}' is no command and no URL; commands: {', '.join(COMMANDS)}")
    return ["run", *argv]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="loadtop",
        description=_ABOUT,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="which version, and what its hot path is")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=_EXITS if name in ("run", "demo", "open") else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    run = command("run", "drive a target: the console on a terminal, a plain run elsewhere")
    run.add_argument("url", nargs="?", metavar="URL", help="what to drive, such as http://127.0.0.1:8080/ping")
    run.add_argument("--target", metavar="URL", help="the URL, as a flag")
    run.add_argument(
        "--replay", metavar="SESSION", help="do again what was done to the load in it, at the same times"
    )
    _add_request(run)
    for sub in (run, command("demo", "start the built-in target and run against it")):
        _add_load(sub)
        _add_probes(sub)
        _add_report(sub)
        slos = _add_slos(sub)
        slos.add_argument(
            "--junit", metavar="FILE", help="write the objectives there as tests, for a CI system"
        )
        _add_console(sub)
        _add_sessions(sub)

    target = command("target", "the built-in target alone, until it is interrupted")
    target.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    target.add_argument("--port", type=int, default=8080, help="0 for a free one (default: %(default)s)")

    opening = command("open", "look at a saved session in the console, or write its report in any form")
    opening.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="a session's file, or its name in `loadtop list`; or choose there",
    )
    _add_format(opening.add_argument_group("the report, instead of the console"))
    _add_console(opening)
    opening.add_argument("--sessions-dir", metavar="DIR", help="where sessions are kept")

    listing = command("list", "saved sessions, newest first; unfinished ones are recovered")
    listing.add_argument("--sessions-dir", metavar="DIR", help="where sessions are kept")

    _add_compare(command("compare", "are saved sessions different, and is the difference real"))

    command("schema", "the JSON Schema of the report")
    return parser


def _add_request(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the request")
    group.add_argument("-X", "--method", default=None, help="GET, or POST where there is a body")
    group.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="may be given more than once",
    )
    group.add_argument("-b", "--body", metavar="TEXT|@FILE", help="sent with every request")
    group.add_argument("--json", metavar="TEXT", help="as --body, with its Content-Type")
    group = parser.add_argument_group("the connection")
    group.add_argument("--unix-socket", metavar="PATH", help="connect there, whatever the URL's host and port")
    group.add_argument("--no-keepalive", action="store_true", help="a new connection for every request")
    group.add_argument("-k", "--insecure", action="store_true", help="accept any certificate")
    group.add_argument("--cacert", metavar="FILE", help="certificates to trust, instead of the system's")
    group.add_argument("--cert", metavar="FILE", help="the client's own certificate")
    group.add_argument("--key", metavar="FILE", help="its key, where that is in another file")


def _add_load(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the load")
    group.add_argument(
        "-c",
        "--concurrency",
        metavar="N",
        help="connections, each with a request (default: 64); with --rate the most there may be (4096)",
    )
    group.add_argument(
        "-r", "--rate", metavar="R", help="open loop: requests due a second, whatever the answers do (500, 2k)"
    )
    group.add_argument(
        "--arrivals", choices=("poisson", "constant"), help="gaps of the open loop (default: poisson)"
    )
    group.add_argument(
        "--ceiling",
        action="store_true",
        help="measure first, for 3 s, what this generator reaches against a server that does nothing",
    )
    group.add_argument("--spin", action="store_true", help="poll for the next send: less lag, a whole core")
    group.add_argument(
        "-d", "-z", "--duration", metavar="T", help="180s, 3m, ... (default: until you quit; plain run: 10s)"
    )
    group.add_argument("-n", "--requests", metavar="N", help="stop after exactly N answers")
    group.add_argument(
        "--warmup",
        metavar="auto|none|T|N",
        default="auto",
        help="what figures leave out: up to settling, nothing, a time (10s), a number of answers (5000)",
    )
    group.add_argument("--repeat", metavar="N", default="1", help="independent runs; their median and its band")
    group.add_argument(
        "--window", metavar="T", default="60s", help="reach of the exact percentiles (default: %(default)s)"
    )
    group.add_argument("--timeout", metavar="T", default="10s", help="of a request (default: %(default)s)")
    group.add_argument(
        "-w", "--workers", metavar="N", help="processes that make load (default: cores - 1, at least 1)"
    )
    group.add_argument("--cpus", metavar="LIST", help="cores that they are pinned to, such as 0,2-4")


def _add_probes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is watched beside it")
    group.add_argument(
        "--probe",
        action="append",
        metavar="URL",
        help="where the runtime is shown (/debug/pprof, /debug/vars, metrics), if not at the target, or a "
        "node_exporter's /metrics; URL#NAME shows a series of a page of metrics, and may be given again",
    )
    group.add_argument(
        "--pid", type=int, metavar="N", help="the target's process, if it is not found by itself"
    )
    group.add_argument("--no-probe", action="store_true", help="watch nothing but this machine's cores")


def _add_report(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the report")
    _add_format(group)
    group.add_argument("--name", default="", help="of the session")
    group.add_argument("--note", default="", help="kept in the session")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _COMPARE_EXITS
    parser.add_argument(
        "files",
        nargs="+",
        metavar="SESSION",
        help="files, or names as in `loadtop list`; the first is what the others are compared with",
    )
    parser.add_argument(
        "--quantile",
        choices=("p50", "p90", "p95", "p99", "p99.9"),
        default="p99",
        help="the percentile that decides, with throughput (default: %(default)s)",
    )
    group = parser.add_argument_group("ranking: of three and more, of two where one of these is given")
    group.add_argument(
        "--weights",
        metavar="LIST",
        help="qps=0.4,p99=0.45,rss=0.15 (the default); also p50, p90, p95, p99.9, cpu; they sum to 1",
    )
    _add_slos(parser)
    group = parser.add_argument_group("the report")
    group.add_argument(
        "--report-format",
        choices=COMPARISON_FORMATS,
        metavar="FORMAT",
        help=f"{', '.join(COMPARISON_FORMATS)} (default: as FILE ends, else text)",
    )
    group.add_argument("-o", "--output", metavar="FILE", help="write it there")
    _add_console(parser)
    parser.add_argument("--sessions-dir", metavar="DIR", help="where sessions are kept")


def _add_format(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--report-format",
        choices=REPORT_FORMATS,
        metavar="FORMAT",
        help=f"{', '.join(REPORT_FORMATS)}; csv has a row a second, hgrm is HdrHistogram's "
        "(default: as FILE ends, else text)",
    )
    group.add_argument("-o", "--output", metavar="FILE", help="write the report there")


def _add_slos(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("objectives")
    group.add_argument(
        "--slo",
        action="append",
        default=[],
        metavar="EXPR",
        help="'p99<5ms', 'errors<0.1%%', 'rate>10k', 'rss<500MB', also p50 to p99.99, mean, max; may be given "
        "more than once; judged by the 95 %% interval",
    )
    group.add_argument(
        "--slo-lenient", action="store_true", help="let pass what there are not enough data to judge"
    )
    return group


def _add_console(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the console")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument("--plain", action="store_true", help="no console, even on a terminal")
    choice.add_argument(
        "--console", action="store_true", help="the console, or an error where there can be none"
    )
    group.add_argument("--theme", metavar="NAME", help="`t` in the console shows what there is")
    group.add_argument(
        "--fps",
        type=int,
        metavar="N",
        help="screen updates a second (default: 10, fewer where they take over 6 %% of a core)",
    )
    group.add_argument(
        "--graph", choices=("block", "braille", "ascii"), default="block", help="glyphs of charts"
    )
    group.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")


def _add_sessions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sessions")
    group.add_argument("--sessions-dir", metavar="DIR", help="where they are kept (default: your data folder)")
    group.add_argument("--no-save", action="store_true", help="keep none of this run")
    group.add_argument(
        "--keep-secrets",
        action="store_true",
        help="leave secrets in what is kept and shown; else redacted",
    )
