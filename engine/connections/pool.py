"""The connections of one worker: how many there are, which may send, and what becomes of broken ones.

A change of load never stops it. More connections are opened a few at a time, each sending as soon as it is
there; fewer means that the next ones to get their answer close instead of sending again. In an open loop a
schedule says when requests are due: one that is due takes an idle connection, or waits for the next that
falls idle, or for one to be opened. Waiting costs no memory, whatever the backlog: the schedule just stands
at the oldest request that is due.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic_ns

from engine import wire
from engine.connections.answers import Heads
from engine.connections.hot.schedule import HotIdle, HotPace
from engine.connections.hot.sockets import HotConnection, HotSockets, open_sockets
from engine.connections.http1 import IDLE, Connection
from engine.connections.idle import Idle
from engine.connections.opening import Opener
from engine.connections.pace import NEVER, Pace
from engine.connections.tally import Tally


class Pool:
    """Keeps connections as busy as it is told to.

    Attributes:
        held: Whether a connection must ask (`answered`) before it sends again; False in the hot path.
        bytes_in: Bytes received since the last frame.
        schedule: What is sent when, in an open loop; None in a closed one.
    """

    def __init__(self, setup: wire.Setup, loop: asyncio.AbstractEventLoop) -> None:
        self.heads = Heads(head_only=setup.head_only)
        self.request = setup.request
        self.tally = Tally()
        self.held = False
        self.bytes_in = 0
        self.schedule: wire.Schedule | None = None
        self._setup = setup
        sockets = open_sockets(loop, setup, self.heads)
        self._hot = sockets if isinstance(sockets, HotSockets) else None
        self.tally.hot = self._hot.hot if self._hot is not None else None
        self._opener = Opener(
            setup, loop, sockets, self.tally, missing=self._missing, connection=self._connection
        )
        self._pace = (
            Pace(loop, sockets, self._dispatch, spin=setup.spin)
            if self._hot is None or setup.spin
            else HotPace(loop, self._hot, self._dispatch)
        )
        self._alive: set[Connection] = set()
        self._idle = Idle() if self._hot is None else HotIdle(self._hot)
        self._wanted = 0
        self._paused = False
        self._finishing = False
        self._requests_left = setup.answers
        self._again: deque[int] = deque()  # when requests were due that are to be sent once more

    # What the console wants.

    def drive(self, load: wire.Drive) -> None:
        """Have this load from now on."""
        self._wanted = load.concurrency
        self._paused = load.paused
        wanted = None if load.paused else load.schedule
        if wanted != self._pace.schedule:
            self._end_schedule(load.at_ns or monotonic_ns(), go_on=not load.paused)
            self._pace.begin(wanted)
        if self.schedule is None and load.schedule is not None:
            for connection in self._alive:  # what is out now was due when it was written
                connection.planned_ns = connection.written_ns
        self.schedule = load.schedule
        self.tally.is_open_loop = load.schedule is not None
        self._adjust()

    def finish(self) -> None:
        """Send nothing more but what is due already."""
        self._finishing = True
        self._pace.stop_at(monotonic_ns())
        self._adjust()

    def abandon(self, now_ns: int) -> None:
        """Note every request that is still out as unfinished, or unsent, and close everything."""
        self._end_schedule(now_ns, go_on=False)
        for connection in list(self._alive):
            self._note_error(connection, "unfinished", now_ns)
            self._drop(connection)
        self._opener.close()
        self._pace.close()

    # What connections report.

    def opened(self, connection: Connection) -> None:
        """A connection is there."""
        now_ns = monotonic_ns()
        self.tally.connect.append(now_ns - connection.begun_ns)
        self._opener.succeeded()
        self._alive.add(connection)
        self._tell_hot()
        self._next(connection, now_ns)

    def answered(self, connection: Connection, reusable: bool, now_ns: int) -> None:
        """An answer is whole and the connection idle; only called where `held`, or not `reusable`."""
        if not reusable or not self._setup.keepalive:
            self._drop(connection)
            self._adjust()
        else:
            self._next(connection, now_ns)

    def broken(self, connection: Connection, kind: str, text: str) -> None:
        """A request, or an idle connection, ended in an error."""
        self.tally.last_error = text
        self._note_error(connection, kind, monotonic_ns())
        self._drop(connection)
        self._opener.back_off()
        self._adjust()

    def missed(self, connection: Connection) -> None:
        """The target closed a connection that had been idle just when a request went out on it.

        Not the request's fault and not quite the target's (RFC 9112, section 9.3.1): it is sent once more, on
        a connection that is new, or idle; if that one closes too before a byte came, it is an error.
        """
        if not self._setup.repeatable:
            self.broken(connection, "closed", "the target closed the connection instead of answering")
            return
        self.tally.retried += 1
        self.tally.first_attempts.append(monotonic_ns() - connection.written_ns)
        if self._requests_left is not None:
            self._requests_left += 1
        self._again.append(connection.planned_ns if self.schedule is not None else connection.written_ns)
        self._drop(connection)
        self._adjust()

    def gone(self, connection: Connection) -> None:
        """An idle connection was closed, by us or by the target."""
        if connection in self._alive:
            self._drop(connection)
            self._adjust()

    # What the clock brings.

    def check_time_outs(self, now_ns: int) -> int:
        """End the requests that are out for too long.

        Returns:
            When the oldest request that has not ended was due; `now_ns` if there is none.
        """
        oldest = min(now_ns, self._pace.due_ns)
        if self._again and self.schedule is not None:
            oldest = min(oldest, *self._again)
        _, oldest, late = self._look(now_ns - self._setup.timeout_ns, oldest)
        self._opener.expire(now_ns)
        for connection in late:
            self.tally.last_error = f"no answer within {self._setup.timeout_ns / 1e9:g} s"
            self._note_error(connection, "timeout", now_ns)
            self._drop(connection)
        if late:
            self._adjust()
        return oldest

    @property
    def connecting(self) -> int:
        """Connections being opened."""
        return self._opener.connecting

    @property
    def open(self) -> int:
        """Connections that are open."""
        return len(self._alive)

    @property
    def busy(self) -> bool:
        """Whether a request is out, or due and still to be sent."""
        return bool(self._owes() or self.in_flight)

    @property
    def in_flight(self) -> int:
        """Requests that are out."""
        return self._look(0, 0)[0]

    @property
    def stamped(self) -> bool:
        """Whether the kernel says when an answer arrived."""
        return self._hot is not None and bool(self._hot.hot.event.stamped)

    def take_bytes_in(self) -> int:
        """Return how many bytes were received since this was asked last."""
        received, self.bytes_in = self.bytes_in, 0
        return received + (self._hot.hot.take_bytes_in() if self._hot is not None else 0)

    def _look(self, limit_ns: int, oldest_ns: int) -> tuple[int, int, Sequence[Connection]]:
        """Look at every request that is out.

        Args:
            limit_ns: What was written until then is late.
            oldest_ns: What is returned where nothing that is out was due earlier.

        Returns:
            How many are out, when the oldest that is not late was due, and those that are late.
        """
        if self._hot is not None:
            return self._hot.look(limit_ns, oldest_ns)
        out = 0
        late: list[Connection] = []
        for connection in self._alive:
            written_ns = connection.written_ns
            if not written_ns:
                continue
            out += 1
            if written_ns <= limit_ns:
                late.append(connection)
                continue
            due_ns = connection.planned_ns if self.tally.is_open_loop else written_ns
            if due_ns < oldest_ns:
                oldest_ns = due_ns
        return out, oldest_ns, late

    # How it is done: requests.

    def _may_send(self) -> bool:
        if self._paused or (self._finishing and not self._owes()):
            return False
        return self._requests_left is None or self._requests_left > 0

    def _owes(self) -> bool:
        """Whether requests are due that were not sent; only where it matters, once the end is near."""
        return self._finishing and not self._paused and bool(self._again or self._pace.due_ns < NEVER)

    def _next(self, connection: Connection, now_ns: int) -> None:
        """Let an idle connection send, wait or go."""
        if len(self._alive) > self._wanted or (self._finishing and not self._owes()):
            self._drop(connection)
            self._set_held()
        elif not self._may_send():
            self._idle.add(connection)
        elif self._again:
            self._send(connection, now_ns, self._again.popleft())
        elif self.schedule is None:
            self._send(connection, now_ns, now_ns)
        elif self._pace.due_ns <= now_ns:
            due_ns = self._pace.take()
            # Without an idle connection it waited for one, not for us: that is no lag of the generator.
            self.tally.lag.append(now_ns - due_ns if self._idle else 0)
            self._send(connection, now_ns, due_ns)
            if self._idle or len(self._alive) < self._wanted:
                self._pace.wake_at_due()  # else only an answer can bring a connection, and comes here
        else:
            self._idle.add(connection)
            self._pace.wake_at_due()

    def _dispatch(self) -> None:
        """Send what is due, as long as connections are idle; open more where they are not."""
        now_ns = monotonic_ns()
        while self._again and self._idle and self._may_send():
            self._send(self._idle.take(), now_ns, self._again.popleft())
        while self._pace.due_ns <= now_ns and self._idle and self._may_send():
            due_ns = self._pace.take()
            self.tally.lag.append(now_ns - due_ns)
            self._send(self._idle.take(), now_ns, due_ns)
            now_ns = monotonic_ns()
        if self._pace.due_ns > now_ns:
            self._pace.wake_at_due()
        if self._may_send() and (self._again or self._pace.due_ns <= now_ns):
            self._opener.open_missing()
        self._tell_hot()

    def _send(self, connection: Connection, now_ns: int, planned_ns: int) -> None:
        if self._requests_left is not None:
            self._requests_left -= 1
        connection.send(now_ns, planned_ns)

    def _end_schedule(self, until_ns: int, *, go_on: bool) -> None:
        """End the schedule, and count what it leaves unsent: a backlog is not to be billed to the next one.

        Args:
            until_ns: When it ends.
            go_on: Whether requests are sent afterwards. Then as many as there are connections still go out
                first: in a load that is kept up with, that is all that can be waiting.
        """
        while go_on and self._pace.due_ns <= until_ns and len(self._again) < len(self._alive):
            self._again.append(self._pace.take())
        if self._again and not go_on:
            self.tally.unsent.append(wire.Unsent(min(self._again), max(self._again), len(self._again)))
            self._again.clear()
        unsent = self._pace.end(until_ns)
        if unsent is not None:
            self.tally.unsent.append(unsent)

    # How it is done: connections.

    def _adjust(self) -> None:
        """Bring connections and their number in line with what is wanted."""
        ending = self._finishing and not self._owes()
        while self._idle and (len(self._alive) > self._wanted or ending):
            self._drop(self._idle.oldest())
        self._set_held()
        if self.schedule is not None:
            self._dispatch()
            return
        while self._idle and self._may_send():
            now_ns = monotonic_ns()
            self._send(self._idle.take(), now_ns, now_ns)
        self._opener.open_missing()

    def _set_held(self) -> None:
        self.held = (
            self._paused
            or self._finishing
            or self.schedule is not None
            or self._requests_left is not None
            or not self._setup.keepalive
            or len(self._alive) > self._wanted
        )
        self._tell_hot()

    def _tell_hot(self) -> None:
        """Say how much the hot path may decide by itself, if there is one."""
        if self._hot is None:
            return
        hot = self._hot.hot
        hot.event.held = self.held
        hot.event.is_open = self.tally.is_open_loop
        hot.event.may_open = len(self._alive) < self._wanted
        hot.event.scheduled = (
            isinstance(self._pace, HotPace)
            and self.schedule is not None
            and not (self._paused or self._finishing or self._again)
            and self._requests_left is None
            and self._setup.keepalive
            and len(self._alive) <= self._wanted
            and not hot.is_careful
        )

    def _connection(self, begun_ns: int) -> Connection:
        if self._hot is not None:
            return HotConnection(self, begun_ns, self._hot.hot)
        return Connection(self, begun_ns)

    def _missing(self) -> int:
        """Return how many connections more there should be."""
        if self._finishing and not self._owes():
            return 0
        missing = self._wanted - len(self._alive) - self.connecting
        if self.schedule is None and not self._finishing:
            return missing  # while paused too: whoever resumes wants the load at once
        waiting = self._pace.backlog(monotonic_ns()) + len(self._again)
        return min(missing, max(waiting, self._pace.likely - len(self._alive)) - self.connecting)

    def _note_error(self, connection: Connection, kind: str, now_ns: int) -> None:
        if not connection.written_ns:
            return
        self.tally.record(connection.planned_ns, connection.written_ns, now_ns, kind)
        if self._requests_left is not None and not self._finishing:
            self._requests_left += 1  # another request is to get the answer that this one did not

    def _drop(self, connection: Connection) -> None:
        self._alive.discard(connection)
        self._idle.remove(connection)
        connection.state = IDLE
        connection.written_ns = 0
        connection.close()
