"""Python's own garbage collector, shown the way that Go shows its own.

The demo target has real collections with real pauses, of the interpreter that it runs in. They are kept in a
ring with Go's write rule and printed in Go's two formats, so that the probe that reads a Go service reads this
one, and can be tried where there is no Go.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Final

_SLOTS: Final = 256
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024

# The order of lines in Go's `heap?debug=1`; "Stack" and its like stand for an Inuse and a Sys field.
_TRAILER: Final = (
    *("Alloc", "TotalAlloc", "Sys", "Lookups", "Mallocs", "Frees"),
    *("HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse", "HeapReleased", "HeapObjects"),
    *("Stack", "MSpan", "MCache"),
    *("BuckHashSys", "GCSys", "OtherSys", "NextGC", "LastGC", "PauseNs", "PauseEnd", "NumGC", "NumForcedGC"),
    *("GCCPUFraction", "DebugGC", "MaxRSS"),
)


class Collector:
    """Watches the interpreter's collector, and makes garbage for it.

    What the fields of MemStats stand for here; all others are 0, as Python cannot know them:

    - NumGC, PauseNs, PauseEnd, PauseTotalNs, LastGC: collections of any generation, and how long each one held
      the interpreter.
    - GCCPUFraction: their share of the time since the start; the target has one thread.
    - TotalAlloc, Mallocs: the garbage made by `litter`, which is known exactly; nothing else is counted.
    - Alloc, HeapAlloc, HeapInuse: the part of it that is not collected yet.
    - NextGC: how much of it there can be before a collection starts.
    - HeapObjects: all blocks that the interpreter's allocator has given out.
    - Sys, HeapSys, MaxRSS: resident memory of the process, now and at most.

    Args:
        threshold: Pieces of garbage that make a collection start.
    """

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._born = time.perf_counter_ns()
        self._began = 0
        self._pause_ns = [0] * _SLOTS
        self._pause_end = [0] * _SLOTS
        self._pause_total_ns = 0
        self._cycles = 0
        self._pieces = 0
        self._collected = 0
        self._piece_bytes = _size(_piece())

    def start(self) -> None:
        """Begin to watch; from here on the collector runs by this object's threshold."""
        # What was made by importing lives for ever: to look through it again would be most of every pause.
        gc.collect()
        gc.freeze()
        gc.set_threshold(self._threshold, 10, 10)
        gc.callbacks.append(self._on_collection)

    def litter(self) -> None:
        """Make one piece of garbage that only the collector can free."""
        self._pieces += 1
        _piece()

    def memstats(self) -> dict[str, object]:
        """Return runtime.MemStats as Go's JSON has it, and MaxRSS."""
        heap = (self._pieces - self._collected) * self._piece_bytes
        resident = _resident_bytes()
        zero = (
            "Lookups",
            "Frees",
            "HeapIdle",
            "HeapReleased",
            "BuckHashSys",
            "GCSys",
            "OtherSys",
            "NumForcedGC",
        )
        inuse_and_sys = (f"{what}{kind}" for what in ("Stack", "MSpan", "MCache") for kind in ("Inuse", "Sys"))
        return {
            **dict.fromkeys((*zero, *inuse_and_sys), 0),
            "Alloc": heap,
            "TotalAlloc": self._pieces * self._piece_bytes,
            "Sys": resident,
            "Mallocs": self._pieces,
            "HeapAlloc": heap,
            "HeapSys": resident,
            "HeapInuse": heap,
            "HeapObjects": sys.getallocatedblocks(),
            "NextGC": self._threshold * self._piece_bytes,
            "LastGC": self._pause_end[(self._cycles - 1) % _SLOTS],
            "PauseTotalNs": self._pause_total_ns,
            "PauseNs": list(self._pause_ns),
            "PauseEnd": list(self._pause_end),
            "NumGC": self._cycles,
            "GCCPUFraction": self._pause_total_ns / (time.perf_counter_ns() - self._born),
            "EnableGC": True,
            "DebugGC": False,
            "BySize": [],
            "MaxRSS": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        }

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter_ns()
        if phase == "start":
            self._began = now
            return
        slot = self._cycles % _SLOTS
        self._pause_ns[slot] = now - self._began
        self._pause_end[slot] = time.time_ns()
        self._pause_total_ns += now - self._began
        self._cycles += 1
        self._collected = self._pieces


def as_vars(memstats: dict[str, object]) -> bytes:
    """Print MemStats as expvar does at `/debug/vars`."""
    known = {name: value for name, value in memstats.items() if name != "MaxRSS"}
    # expvar puts each variable on a line of its own.
    return f'{{\n"cmdline": {json.dumps(sys.argv)},\n"memstats": {json.dumps(known)}\n}}\n'.encode()


def as_heap(memstats: dict[str, object]) -> bytes:
    """Print MemStats as `heap?debug=1` does, after a heap profile without records."""
    lines = ["heap profile: 0: 0 [0: 1] @ heap/1048576", "", "# runtime.MemStats"]
    lines += [f"# {name} = {_go_value(name, memstats)}" for name in _TRAILER]
    return ("\n".join(lines) + "\n").encode()


def _go_value(name: str, memstats: dict[str, object]) -> str:
    if name not in memstats:
        return f"{memstats[f'{name}Inuse']} / {memstats[f'{name}Sys']}"
    value = memstats[name]
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{' '.join(map(str, value))}]"
        case _:
            return str(value or 0)  # Go prints a float of 0 as 0; small ones as Python does


def _piece() -> list[object]:
    """Return a cycle with some weight to it."""
    # One container only: that is what the interpreter counts until the next collection.
    piece: list[object] = [bytes(600)]
    piece.append(piece)
    return piece


def _size(piece: list[object]) -> int:
    return sys.getsizeof(piece) + sum(sys.getsizeof(part) for part in piece if part is not piece)


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
