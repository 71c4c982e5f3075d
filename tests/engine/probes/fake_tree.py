"""Folders that look like /proc and /sys to a reader, with the counters that a test wants."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

SECOND: Final = 1_000_000_000


class Clock:
    """A clock that goes on when told to."""

    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        return self.now


class Tree:
    """Writes the kernel's files under a root.

    Attributes:
        root: What a reader is given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = str(folder)

    def write(self, path: str, text: str) -> None:
        """Write one file."""
        file = self.folder / path.strip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def thread(
        self,
        pid: int,
        tid: int,
        *,
        run_ns: int = 0,
        wait_ns: int = 0,
        timeslices: int = 0,
        voluntary: int = 0,
        involuntary: int = 0,
        moves: int = 0,
        core: int = 0,
        started: int = 100,
        without: tuple[str, ...] = (),
    ) -> None:
        """Write one thread's files, but those that the kernel is to be without."""
        ticks = run_ns // 10_000_000
        files = {
            "stat": stat(tid, name="a (b) c", user=ticks, started=started, core=core),
            "schedstat": f"{run_ns} {wait_ns} {timeslices}\n",
            "sched": f"a (b) c ({tid}, #threads: 3)\n-----\nse.exec_start          :    1.5\n"
            f"se.nr_migrations                             : {moves:20}\n"
            f"nr_switches           : {voluntary + involuntary}\nnr_voluntary_switches : {voluntary}\n"
            f"nr_involuntary_switches : {involuntary}\n",
            "status": f"Name:\ta (b) c\nvoluntary_ctxt_switches:\t{voluntary}\n"
            f"nonvoluntary_ctxt_switches:\t{involuntary}\n",
        }
        for name, text in files.items():
            path = f"proc/{pid}/task/{tid}/{name}"
            if name in without:
                (self.folder / path).unlink(missing_ok=True)
            else:
                self.write(path, text)

    def end_thread(self, pid: int, tid: int) -> None:
        """Take a thread away."""
        shutil.rmtree(self.folder / f"proc/{pid}/task/{tid}")


def stat(
    number: int,
    *,
    name: str = "x",
    minor: int = 0,
    major: int = 0,
    user: int = 0,
    started: int = 1,
    core: int = 0,
) -> str:
    """Return a `stat` file; proc(5)."""
    fields = ["S", *["1", "1", "1", "0", "-1", "0"], str(minor), "0", str(major), "0", str(user), "0", "0", "0"]
    fields += ["20", "0", "1", "0", str(started), *["0"] * 16, str(core), *["0"] * 13]
    return f"{number} ({name}) {' '.join(fields)}\n"
