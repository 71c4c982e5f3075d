"""`loadtop` in a pseudo-terminal, with an emulator that reads its screen: what a person sees and types."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Final

import pyte

from tests.tui.launch import LOADTOP, PATIENCE_S

_LEFT: Final = b"\x1b[?1049l"
_SHOWN: Final = b"\x1b[?25h"
_CODES: Final = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")


class Terminal:
    """A process and the terminal it runs in.

    Attributes:
        pid: The process.
        written: Every byte it wrote.
        emulates: Whether what it writes goes to the screen; without, reading costs next to nothing.
    """

    def __init__(self, pid: int, master: int, size: tuple[int, int]) -> None:
        self.pid = pid
        self.written = b""
        self.emulates = True
        self._master: int | None = master
        self._status: int | None = None
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def screen(self) -> str:
        """What is on the screen now, as lines."""
        return "\n".join(self._screen.display)

    @property
    def scrollback(self) -> str:
        """What it wrote once it had given the screen back, without the codes."""
        _, left, after = self.written.rpartition(_LEFT)
        return _CODES.sub(b"", after).decode().replace("\r\n", "\n") if left else ""

    @property
    def restored(self) -> bool:
        """Whether the screen was given back and the cursor is shown."""
        begin, shown = self.written.rfind(_LEFT), self.written.rfind(_SHOWN)
        return begin >= 0 and shown > self.written.rfind(b"\x1b[?25l")

    def press(self, *keys: str) -> None:
        """Type."""
        assert self._master is not None
        for key in keys:
            os.write(self._master, key.encode())

    def sees(self, *wanted: str) -> None:
        """Read until every one of these is on the screen, at the same time."""
        self.reads_until(lambda: all(word in self.screen for word in wanted), f"{wanted} on the screen")

    def reads_until(self, condition: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
        """Read until something is so."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"it did not come to be: {what}\n{self.screen}"
            assert self._read(), f"it ended before: {what}\n{self.written[-2000:]!r}"

    def ends(self, within_s: float = PATIENCE_S) -> int:
        """Read until the process has ended; return its exit code."""
        deadline = time.monotonic() + within_s
        while self._status is None:
            assert time.monotonic() < deadline, f"it does not end\n{self.screen}"
            if not self._read():
                time.sleep(0.02)
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
        while self._read(0.0):  # what it wrote last
            pass
        return self._status

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, as dragging its window does."""
        assert self._master is not None
        self._screen.resize(height, width)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def hang_up(self) -> None:
        """Take the terminal away, as a connection that breaks does."""
        if self._master is not None:
            os.close(self._master)
            self._master = None

    def kill(self) -> None:
        """End it for good."""
        self.hang_up()
        if self._status is None:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)

    def _read(self, wait_s: float = 0.05) -> bool:
        """Read what is there; return whether there may be more."""
        if self._master is None:
            return False
        if not select.select([self._master], [], [], wait_s)[0]:
            return wait_s > 0
        try:
            data = os.read(self._master, 65536)
        except OSError:  # what Linux says instead of an end of file
            return False
        self.written += data
        if self.emulates:
            self._stream.feed(self._decoder.decode(data))
        return bool(data)


@contextmanager
def terminal(
    *arguments: str,
    size: tuple[int, int] = (120, 40),
    variables: Mapping[str, str] = MappingProxyType({}),
    program: Sequence[str] = (LOADTOP,),
) -> Iterator[Terminal]:
    """Start loadtop, or another program, in a terminal of its own; it is gone at the end of the block."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    environment.update(variables)
    pid, master = pty.fork()
    if pid == 0:
        # the size is set from within, before anything can ask for it
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.execve(program[0], [*program, *arguments], environment)
    shown = Terminal(pid, master, size)
    try:
        yield shown
    finally:
        shown.kill()
