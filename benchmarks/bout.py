"""One tool doing one piece of work once, and who takes part at all."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import Ran, run
from benchmarks.peers import PEERS, Peer
from benchmarks.work import Result, Work

_REPORT_S = 60.0
_WORDS = 90


@dataclass(frozen=True, slots=True)
class Entrant:
    """A peer that is installed, and where."""

    peer: Peer
    program: str


@dataclass(frozen=True, slots=True)
class Bout:
    """What came of one run: figures, or why there are none."""

    ran: Ran
    result: Result | None
    failure: str = ""


def entrants(names: Sequence[str]) -> tuple[list[Entrant], list[Peer]]:
    """Return the peers of these names that are installed, and those that are not."""
    present: list[Entrant] = []
    missing: list[Peer] = []
    for peer in PEERS:
        if peer.name in names:
            program = peer.find()
            if program is None:
                missing.append(peer)
            else:
                present.append(Entrant(peer, program))
    return present, missing


def tell_missing(missing: Sequence[Peer]) -> None:
    """Name those who are not there: a table without them is not the whole table."""
    for peer in missing:
        print(f"missing: {peer.name} is not installed; {peer.install}")


def fight(entrant: Entrant, work: Work, core: int) -> Bout:
    """Let a tool do its work on one core."""
    peer = entrant.peer
    command = peer.command(entrant.program, work)
    ran = run(command.arguments, core=core, work_s=work.seconds, stdin=command.stdin)
    output = ran.stdout
    try:
        if peer.after is not None:
            done = subprocess.run(
                peer.after(entrant.program, work), capture_output=True, text=True, timeout=_REPORT_S, check=True
            )
            output = done.stdout
        result = peer.read(output, work.folder)
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        OSError,
        ArithmeticError,
        subprocess.SubprocessError,
    ) as error:
        said = (ran.stderr.strip() or ran.stdout.strip()).rpartition("\n")[2][:_WORDS]
        return Bout(ran, None, f"exit {ran.code}: {said or error}")
    if not result.requests:
        return Bout(ran, None, f"exit {ran.code}: no answers, {result.errors} errors")
    return Bout(ran, result)
