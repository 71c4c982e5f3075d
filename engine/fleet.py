"""Starts the workers, splits the load among them, restarts the dead, and hands on their frames."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from time import monotonic_ns
from typing import IO, Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from engine import wire
from engine.errors import EngineLost
from engine.plan import Load

READ_BYTES: Final = 1 << 20
MOST_RESTARTS: Final = 5
"""Of one worker in a run. A worker does not die of load; one that keeps dying will not get better."""

READY_S: Final = 30.0
"""How long the workers may take to start; a fifth of a second, unless the machine is out of breath."""

LAST_FRAME_S: Final = 2.0
"""How long after its drain time a worker may take to say goodbye."""


class _Member(Struct):
    """One worker as its fleet sees it."""

    number: int
    setup: wire.Setup
    share: wire.Drive
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    writer: asyncio.StreamWriter
    settled_ns: int
    frame: wire.Frame | None = None
    answered: int = 0
    restarts: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    finished: bool = False
    cpu_ns_before: int = 0
    reader: asyncio.Task[None] | None = None


class Fleet:
    """The worker processes of one run, on the loop of the thread that made it.

    Args:
        setup: What every request is; its worker number, pin and number of answers are set per worker.
        workers: How many processes.
        cpus: Cores to pin them to, in turn; empty for none.
        on_frame: Takes every frame, in the order in which each worker sent them.
        on_loss: Takes (worker, requests that were in flight in it, why), when one died and was replaced.
    """

    def __init__(
        self,
        setup: wire.Setup,
        *,
        workers: int,
        cpus: tuple[int, ...] = (),
        on_frame: Callable[[wire.Frame], None],
        on_loss: Callable[[int, int, str], None],
    ) -> None:
        self._setup = setup
        self._cpus = cpus
        self._setups = [
            replace(
                self._setup_of(number),
                answers=None if setup.answers is None else share_of(setup.answers, workers, number),
            )
            for number in range(workers)
        ]
        self._on_frame = on_frame
        self._on_loss = on_loss
        self._members: dict[int, _Member] = {}
        self._leaving: list[_Member] = []
        self._finishing = False
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Raises EngineLost once a worker cannot be kept alive."""

    async def start(self) -> None:
        """Start every worker, without load, and wait until all are ready for some.

        Raises:
            EngineLost: A process cannot be started, or does not get ready.
        """
        for setup in self._setups:
            await self._start(setup, wire.Drive(concurrency=0), restarts=0)
        await self._all_ready()

    async def resize(self, workers: int) -> None:
        """Have so many workers; new ones are ready for load, and those that go end what they carry.

        The load is as it was split before: `drive` splits it anew, and has to be called next.

        Args:
            workers: At least 1.

        Raises:
            EngineLost: A process cannot be started, or does not get ready.
        """
        for number in range(len(self._members), workers):
            await self._start(self._setup_of(number), wire.Drive(concurrency=0), restarts=0)
        for number in range(workers, len(self._members)):
            member = self._members.pop(number)
            self._leaving.append(member)
            self._tell(member, wire.Finish(drain_ns=member.setup.timeout_ns))
        await self._all_ready()

    def _setup_of(self, number: int) -> wire.Setup:
        cpus = self._cpus
        return replace(self._setup, worker=number, cpu=cpus[number % len(cpus)] if cpus else None)

    async def _all_ready(self) -> None:
        ready: asyncio.Future[list[bool]] = asyncio.gather(
            *(member.ready.wait() for member in self._members.values())
        )
        both: list[asyncio.Future[Any]] = [ready, self.failure]
        await asyncio.wait(both, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        if self.failure.done():
            ready.cancel()
            self.failure.result()
        if not ready.done():
            ready.cancel()
            raise EngineLost(f"the worker processes did not get ready within {READY_S:g} s")

    def drive(self, load: Load, at_ns: int, *, paused: bool, until_ns: int | None = None) -> None:
        """Split a load among the workers; it is in force some microseconds later.

        Args:
            load: The load of all of them together.
            at_ns: When it begins: the anchor of an open loop's schedule.
            paused: Whether to send nothing for now.
            until_ns: When an open loop's schedule is to end, if that is known.
        """
        parts = len(self._members)
        for member in self._members.values():
            share = share_of(load.concurrency, parts, member.number)
            schedule = schedule_of(load, at_ns, until_ns, member.number, parts)
            member.share = wire.Drive(concurrency=share, paused=paused, schedule=schedule, at_ns=at_ns)
            self._tell(member, member.share)

    async def finish(self, drain_s: float) -> None:
        """Let every worker end what it carries, within `drain_s`, and wait for their last frames."""
        self._finishing = True
        for member in self._everyone:
            self._tell(member, wire.Finish(drain_ns=round(drain_s * 1e9)))
        readers = [member.reader for member in self._everyone if member.reader]
        if readers:
            await asyncio.wait(readers, timeout=drain_s + LAST_FRAME_S)

    def stop(self) -> None:
        """End every process now; safe to call at any time and more than once."""
        self._finishing = True
        for member in [*self._members.values(), *self._leaving]:
            if member.reader is not None:
                member.reader.cancel()
            member.writer.close()
            if member.process.poll() is None:
                member.process.kill()
            member.process.wait()
            member.stderr.close()

    @property
    def settled_ns(self) -> int:
        """Every request due before this has been handed on."""
        return min((member.settled_ns for member in self._everyone), default=0)

    @property
    def _everyone(self) -> list[_Member]:
        return [*self._members.values(), *(member for member in self._leaving if not member.finished)]

    @property
    def size(self) -> int:
        """How many workers share the load."""
        return len(self._members)

    @property
    def reported_ns(self) -> int:
        """Up to here every worker has told what happened."""
        return min((m.frame.at_ns if m.frame else m.settled_ns for m in self._everyone), default=0)

    @property
    def newest(self) -> list[wire.Frame]:
        """The newest frame of every worker that sent one."""
        return [member.frame for member in self._everyone if member.frame is not None]

    @property
    def pids(self) -> list[int]:
        """The process of every worker."""
        return [member.process.pid for member in self._members.values()]

    def cpu_since_last_look(self, span_ns: int) -> tuple[float, ...]:
        """Return each worker's CPU time since this was last called, in percent of `span_ns`."""
        shares = []
        for member in self._members.values():
            cpu_ns = member.frame.cpu_ns if member.frame else 0
            shares.append(100 * max(cpu_ns - member.cpu_ns_before, 0) / max(span_ns, 1))
            member.cpu_ns_before = cpu_ns
        return tuple(shares)

    async def _start(self, setup: wire.Setup, share: wire.Drive, *, restarts: int) -> None:
        ours, theirs = socket.socketpair()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `stop` and `_replace`
        with theirs:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220 - some milliseconds, before there is any load
                    # -P: a folder named `engine` where the user happens to be is not our engine.
                    [sys.executable, "-P", "-m", "engine.worker", str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    start_new_session=True,  # the terminal's signals are the console's business
                )
            except OSError as error:
                ours.close()
                stderr.close()
                raise EngineLost(f"cannot start a worker process: {error}") from error
        reader, writer = await asyncio.open_connection(sock=ours, limit=READ_BYTES)
        member = _Member(
            number=setup.worker,
            setup=setup,
            share=share,
            process=process,
            stderr=stderr,
            writer=writer,
            settled_ns=monotonic_ns(),
            restarts=restarts,
        )
        self._members[setup.worker] = member
        self._tell(member, setup)
        self._tell(member, share)
        member.reader = asyncio.get_running_loop().create_task(self._read(member, reader))

    def _tell(self, member: _Member, command: wire.Command) -> None:
        if not member.writer.is_closing():
            member.writer.write(wire.encode(command))

    async def _read(self, member: _Member, reader: asyncio.StreamReader) -> None:
        splitter = wire.Splitter()
        reason = ""
        try:
            while data := await reader.read(READ_BYTES):
                for body in splitter.feed(data):
                    self._take(member, wire.decode_frame(body))
        except (OSError, ValueError) as error:  # msgspec's decode errors are ValueErrors
            reason = str(error)
        if not member.finished:
            await self._replace(member, reason)

    def _take(self, member: _Member, frame: wire.Frame) -> None:
        member.frame = frame
        member.ready.set()
        member.settled_ns = frame.settled_ns
        member.finished = frame.finished
        if member.setup.answers is not None:
            outcomes = memoryview(frame.outcome).cast("H")
            member.answered += sum(1 for outcome in outcomes if outcome >= wire.FIRST_STATUS)
        self._on_frame(frame)

    async def _replace(self, member: _Member, reason: str) -> None:
        member.writer.close()
        if member.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.process.pid, signal.SIGKILL)
        code = await asyncio.to_thread(member.process.wait)
        member.stderr.seek(0)
        words = member.stderr.read().decode(errors="replace").strip().rpartition("\n")[2]
        member.stderr.close()
        died = f"signal {-code}" if code < 0 else f"exit code {code}"
        why = "; ".join(part for part in (died, reason, words) if part)
        now_ns = monotonic_ns()
        lost = member.frame.in_flight if member.frame else 0
        share = member.share
        if share.schedule is not None:
            if not share.paused:  # what was due meanwhile is lost too
                lost += round((now_ns - member.settled_ns) / 1e9 * share.schedule.rate / share.schedule.parts)
            share = replace(share, schedule=replace(share.schedule, anchor_ns=now_ns))
        self._on_loss(member.number, lost, why)
        if self._finishing or member in self._leaving:
            member.finished = True
            return
        if member.restarts >= MOST_RESTARTS:
            if not self.failure.done():
                self.failure.set_exception(
                    EngineLost(f"worker {member.number} died {MOST_RESTARTS + 1} times, last: {why}")
                )
            return
        left = None if member.setup.answers is None else max(member.setup.answers - member.answered, 0)
        setup = replace(member.setup, answers=left)
        try:
            await self._start(setup, share, restarts=member.restarts + 1)
        except EngineLost as error:
            if not self.failure.done():
                self.failure.set_exception(error)


def schedule_of(load: Load, at_ns: int, until_ns: int | None, part: int, parts: int) -> wire.Schedule | None:
    """Return one worker's part of an open loop's schedule, or None for a closed loop."""
    if load.mode == "closed" or load.rate is None:
        return None
    return wire.Schedule(
        arrivals=load.arrivals or "poisson",
        rate=load.rate,
        anchor_ns=at_ns,
        part=part,
        parts=parts,
        seed=at_ns,
        until_ns=until_ns,
    )


def share_of(total: int, parts: int, index: int) -> int:
    """Return the part `index` of a total that is split as evenly as whole numbers allow."""
    return total // parts + (1 if index < total % parts else 0)
