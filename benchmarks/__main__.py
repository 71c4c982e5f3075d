"""`python -m benchmarks`: loadtop and its peers side by side. benchmarks/README.md says what is measured."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from benchmarks import (
    accuracy,
    cases,
    console,
    judged,
    judged_live,
    keeping,
    kills,
    machine,
    peers,
    probing,
    settling,
    starved,
    throughput,
    watching,
)
from benchmarks.machine import Cores
from benchmarks.servers import KINDS, Kind, NoServer, served

Item = TypeVar("Item")

FULL_CONCURRENCY: Final = (64, 1000, 4000, 16000)
FULL_BODIES: Final = (4, 65536)


def main() -> int:
    """Measure what was asked for; without a command, the short form of everything."""
    arguments = _parser().parse_args()
    mine = machine.cores()
    machine.prepare(mine)
    throughput.describe(mine)
    try:
        arguments.act(arguments, mine)
    except (NoServer, watching.NoLoadtop, probing.NotRead) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _all(arguments: argparse.Namespace, mine: Cores) -> None:
    """Show everything in its short form: some minutes."""
    wanted = list(throughput.points(["tiny"], [64, 1000], [4], tls=[False]))
    throughput.measure(wanted, peers.NAMES, seconds=2, repeat=1, mine=mine)
    accuracy.measure(peers.NAMES, ["V1"], quick=True, repeat=1, mine=mine)
    watching.watching(server="tiny", concurrency=64, seconds=5, repeat=3, mine=mine)
    watching.lag(rates=[1000, 10_000], seconds=3, mine=mine)


def _throughput(arguments: argparse.Namespace, mine: Cores) -> None:
    quick: bool = arguments.quick
    wanted = list(
        throughput.points(
            arguments.server or (["tiny"] if quick else ["tiny", "nginx"]),
            arguments.concurrency or ([64, 1000] if quick else FULL_CONCURRENCY),
            arguments.body or ([4] if quick else FULL_BODIES),
            tls=[True] if arguments.tls else [False] if quick or arguments.plain else [False, True],
        )
    )
    throughput.measure(
        wanted,
        arguments.peers or peers.NAMES,
        seconds=arguments.seconds or (2 if quick else 5),
        repeat=arguments.repeat or (1 if quick else 5),
        mine=mine,
    )


def _accuracy(arguments: argparse.Namespace, mine: Cores) -> None:
    quick: bool = arguments.quick
    accuracy.measure(
        arguments.peers or peers.NAMES,
        arguments.cases or (cases.SHORT if quick else cases.NAMES),
        quick=quick,
        repeat=arguments.repeat or (1 if quick else 5),
        mine=mine,
    )


def _watching(arguments: argparse.Namespace, mine: Cores) -> None:
    for connections in arguments.concurrency or [64, 1000]:
        watching.watching(
            server=(arguments.server or ["tiny"])[0],
            concurrency=connections,
            seconds=arguments.seconds or (4 if arguments.quick else 10),
            repeat=arguments.repeat or (3 if arguments.quick else 5),
            mine=mine,
        )


def _memory(arguments: argparse.Namespace, mine: Cores) -> None:
    watching.memory(
        rate=arguments.rate,
        concurrency=(arguments.concurrency or [256])[0],
        seconds=arguments.seconds or (60 if arguments.quick else 600),
        console=arguments.console,
        mine=mine,
    )


def _console(arguments: argparse.Namespace, mine: Cores) -> None:
    quick: bool = arguments.quick
    console.console(
        seconds=arguments.seconds or (10 if quick else 30),
        hours=arguments.hours or (0.25 if quick else 8.0),
        keys=30 if quick else 200,
        mine=mine,
    )


def _settling(arguments: argparse.Namespace, mine: Cores) -> None:
    settling.settling(
        seconds=arguments.seconds or settling.SECONDS,
        repeat=arguments.repeat or (1 if arguments.quick else 5),
        mine=mine,
    )


def _probing(arguments: argparse.Namespace, mine: Cores) -> None:
    probing.probing(
        concurrency=(arguments.concurrency or [64])[0],
        seconds=arguments.seconds or 3,
        pairs=arguments.repeat or (3 if arguments.quick else 25),
        mine=mine,
    )


def _keeping(arguments: argparse.Namespace, mine: Cores) -> None:
    keeping.measure(hours=arguments.hours or (0.25 if arguments.quick else 8.0))


def _lag(arguments: argparse.Namespace, mine: Cores) -> None:
    rates = arguments.rates or [1000, 10_000, 50_000]
    watching.lag(rates=rates, seconds=arguments.seconds or (3 if arguments.quick else 10), mine=mine)


def _statistics(arguments: argparse.Namespace, mine: Cores) -> None:
    judged.measure(many=arguments.many or (1 if arguments.quick else 10), only=arguments.only)


def _live(arguments: argparse.Namespace, mine: Cores) -> None:
    judged_live.measure(
        runs=arguments.runs or (6 if arguments.quick else 60),
        seconds=arguments.seconds or (8 if arguments.quick else 20),
        trials=arguments.trials or (2 if arguments.quick else 30),
        mine=mine,
    )


def _starved(arguments: argparse.Namespace, mine: Cores) -> None:
    starved.measure(seconds=arguments.seconds or (6 if arguments.quick else 15), mine=mine)


def _kills(arguments: argparse.Namespace, mine: Cores) -> None:
    with served("tiny", body=4, tls=False, core=mine.server) as server:
        kills.show(kills.measure(server.url, runs=arguments.runs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.set_defaults(act=_all)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(
        name: str, about: str, act: Callable[[argparse.Namespace, Cores], None]
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(act=act)
        sub.add_argument("--quick", action="store_true", help="the short form: some minutes")
        sub.add_argument("--seconds", type=int, help="of each run")
        return sub

    def tools(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--peers", type=_list(_peer), help=f"some of {','.join(peers.NAMES)} (default: all)")
        sub.add_argument("--repeat", type=int, help="runs of each tool (default: 5, quick 1)")

    fast = command("throughput", "as fast as each tool can", _throughput)
    tools(fast)
    fast.add_argument("--server", type=_list(_kind), help=f"some of {','.join(KINDS)} (default: tiny,nginx)")
    fast.add_argument("--concurrency", type=_list(int), help="connections (default: 64,1000,4000,16000)")
    fast.add_argument("--body", type=_list(int), help="bytes of an answer's body (default: 4,65536)")
    only = fast.add_mutually_exclusive_group()
    only.add_argument("--tls", action="store_true", help="only over TLS")
    only.add_argument("--plain", action="store_true", help="only without TLS")

    true = command("accuracy", "what each tool reports against what is true", _accuracy)
    tools(true)
    true.add_argument("--cases", type=_list(str), help=f"some of {','.join(cases.NAMES)} (default: all)")

    watch = command("watching", "what the console costs the load", _watching)
    watch.add_argument("--server", type=_list(_kind), help="tiny, nginx or go (default: tiny)")
    watch.add_argument("--concurrency", type=_list(int), help="connections (default: 64,1000)")
    watch.add_argument("--repeat", type=int, help="runs of each kind (default: 5, quick 3)")

    grow = command("memory", "how much a long run grows", _memory)
    grow.add_argument("--rate", type=int, default=100_000, help="0 for a closed loop (default: %(default)s)")
    grow.add_argument("--concurrency", type=_list(int), help="connections (default: 256)")
    grow.add_argument("--console", action="store_true", help="with the console, on a terminal that reads")

    seen = command("console", "what the console promises of itself: bytes, CPU, keys, ends, memory", _console)
    seen.add_argument("--hours", type=float, help="of the simulated session (default: 8, quick 0.25)")

    warm = command("settling", "when it says that a cold JVM and a cold cache have settled", _settling)
    warm.add_argument("--repeat", type=int, help="runs of each case (default: 5, quick 1)")
    said = command(
        "statistics", "settling, intervals and verdicts against what is true, in virtual time", _statistics
    )
    said.add_argument("--many", type=int, help="times 3 to 40 runs a row (default: 10, quick 1)")
    said.add_argument("--only", default="", help="the table whose title begins so, as V11")

    alive = command("live", "intervals and settings in turn against what is true, over real connections", _live)
    alive.add_argument("--runs", type=int, help="at each load (default: 60, quick 6)")
    alive.add_argument("--trials", type=int, help="at each kind of noise (default: 30, quick 2)")

    look = command("probing", "what polling its runtime costs the target", _probing)
    look.add_argument("--concurrency", type=_list(int), help="connections (default: 64)")
    look.add_argument("--repeat", type=int, help="stretches with polls (default: 25, quick 3)")
    killed = command("kills", "what SIGKILL at a random moment costs", _kills)
    killed.add_argument("--runs", type=int, default=200, help="(default: %(default)s)")

    keep = command("keeping", "what keeping a session costs: its file, saving, opening, the journal", _keeping)
    keep.add_argument("--hours", type=float, help="of virtual time (default: 8, quick 0.25)")

    late = command("lag", "how late an open loop sends, with and without --spin", _lag)
    late.add_argument("--rates", type=_list(int), help="requests a second (default: 1000,10000,50000)")
    command("starved", "whether a starved generator says so, and one with a slow target does not", _starved)
    return parser


def _list(one: Callable[[str], Item]) -> Callable[[str], Sequence[Item]]:
    def parse(text: str) -> Sequence[Item]:
        return [one(piece) for piece in text.split(",")]

    return parse


def _peer(name: str) -> str:
    if name not in peers.NAMES:
        raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(peers.NAMES)}")
    return name


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(KINDS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
