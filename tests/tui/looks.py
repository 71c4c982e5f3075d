"""Looks at a target for the screens: recorded from a real server, laid into the run of `fake_feed`."""

from __future__ import annotations

import gzip
from pathlib import Path

from engine.looks import CpuProfile, Trace
from engine.probes.flame import keep
from engine.probes.look_read import Fetched, read_trace
from engine.probes.profile import parse as parse_profile
from engine.probes.trace import parse as parse_trace

SAMPLES = Path(__file__).parents[1] / "engine" / "probes" / "samples"


def profile(at_s: float = 61.2, *, version: str = "1.26", asked_s: float = 2.0) -> CpuProfile:
    """Return a profile that was taken then."""
    data = (SAMPLES / f"go{version}.profile.pb.gz").read_bytes()
    return keep(parse_profile(data), at_s=at_s, asked_s=asked_s)


def trace(at_s: float = 61.8) -> Trace:
    """Return a trace that was taken then."""
    data = gzip.decompress((SAMPLES / "go1.26.trace.gz").read_bytes())
    first_ns, last_ns = (log := parse_trace(data)).first_ns, log.last_ns
    return read_trace(Fetched(data, first_ns, last_ns, 0), 0.25, lambda at_ns: at_s + (at_ns - first_ns) / 1e9)
