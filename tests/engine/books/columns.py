"""Builds columns and frames from plain lists, for tests of what is counted."""

from __future__ import annotations

import numpy as np

from engine import wire
from engine.books.columns import Columns
from engine.books.columns import columns as work_out

MS = 1_000_000
S = 1_000_000_000

Request = tuple[int, int, int]
"""When it was due and written, when it ended (both ns), and its outcome."""


def columns(*requests: Request) -> Columns:
    """Return the columns of requests of a closed loop."""
    requests = tuple(sorted(requests, key=lambda request: request[1]))  # in the order in which they ended
    written = np.array([request[0] for request in requests], np.int64)
    last = np.array([request[1] for request in requests], np.int64)
    return work_out(written, written, last, np.array([request[2] for request in requests], np.uint16))


def frame(
    *requests: Request,
    at_ns: int,
    worker: int = 0,
    settled_ns: int | None = None,
    bytes_in: int = 0,
) -> wire.Frame:
    """Return the frame that reports these requests."""
    entries = columns(*requests)
    return wire.Frame(
        worker=worker,
        at_ns=at_ns,
        settled_ns=at_ns if settled_ns is None else settled_ns,
        written=entries.written.tobytes(),
        last=entries.last.tobytes(),
        outcome=entries.outcome.tobytes(),
        bytes_in=bytes_in,
    )
