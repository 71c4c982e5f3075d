"""Go's ring of pauses, written by the runtime's own rule, and the texts that Go prints of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

from engine.probes.memstats import SLOTS, Cycle, MemStats


@dataclass
class Ring:
    """A pretended Go process.

    Attributes:
        truth: Every collection that there was, oldest first.
    """

    dice: random.Random = field(default_factory=lambda: random.Random(7))
    now_ns: int = 1_800_000_000_000_000_000
    truth: list[Cycle] = field(default_factory=list)
    pause_ns: list[int] = field(default_factory=lambda: [0] * SLOTS)
    pause_end: list[int] = field(default_factory=lambda: [0] * SLOTS)
    pause_total_ns: int = 0
    num_gc: int = 0
    total_alloc: int = 1000

    def collect(self, times: int) -> None:
        """Run collections: write the slot of the count so far, then count (mgc.go, gcMarkTermination)."""
        for _ in range(times):
            pause = self.dice.randrange(10_000, 2_000_000)
            self.now_ns += self.dice.randrange(1_000_000, 9_000_000)
            self.pause_ns[self.num_gc % SLOTS] = pause
            self.pause_end[self.num_gc % SLOTS] = self.now_ns
            self.pause_total_ns += pause
            self.num_gc += 1
            self.total_alloc += 4 << 20
            self.truth.append(Cycle(self.num_gc, self.now_ns, pause))

    def stats(self) -> MemStats:
        """Return what a probe reads."""
        return MemStats(
            num_gc=self.num_gc,
            pause_ns=tuple(self.pause_ns),
            pause_end=tuple(self.pause_end),
            pause_total_ns=self.pause_total_ns,
            last_gc=self.truth[-1].end_ns if self.truth else 0,
            total_alloc=self.total_alloc,
            heap_alloc=1 << 20,
            next_gc=4 << 20,
            gc_cpu_fraction=0.01,
        )

    def as_vars(self) -> bytes:
        """Return expvar's page."""
        memstats = {
            "NumGC": self.num_gc,
            "PauseNs": self.pause_ns,
            "PauseEnd": self.pause_end,
            "PauseTotalNs": self.pause_total_ns,
            "LastGC": self.pause_end[(self.num_gc - 1) % SLOTS],
            "TotalAlloc": self.total_alloc,
            "HeapAlloc": 1 << 20,
            "NextGC": 4 << 20,
            "GCCPUFraction": 0.01,
            "EnableGC": True,
            "BySize": [{"Size": 8, "Mallocs": 1, "Frees": 0}],
        }
        return json.dumps({"cmdline": ["./service"], "memstats": memstats, "requests": 17}).encode()
