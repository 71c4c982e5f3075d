"""What a look on demand found: a CPU profile, or an execution trace. The structs are the report's own.

A profile keeps whole call stacks, so that it can be looked at again from any side; a frame that occurs in a
thousand of them is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["profile", "trace"]
TraceClock: TypeAlias = Literal["monotonic", "wall", "arrival"]


class Frame(Struct, frozen=True, array_like=True):
    """A function, as it stands in call stacks."""

    function: str
    """Full name; a hexadecimal address where the profile has no name for it."""
    file: str = ""
    line: int = 0
    """Where the function begins, or 0 where that is not known."""


class CpuProfile(Struct, frozen=True, kw_only=True):
    """Where the target's CPU time went."""

    at_s: float
    asked_s: float
    seconds: float | None = None
    """What the profile itself says it lasted; a target may end it early. None where it does not say."""
    sample_type: str = "cpu"
    unit: str = "nanoseconds"
    total: int = 0
    dropped: int = 0
    """Share of `total` in stacks that are not kept, in the same unit."""
    dropped_stacks: int = 0
    frames: tuple[Frame, ...] = ()
    stacks: tuple[tuple[int, ...], ...] = ()
    """The heaviest first: its value, then its frames as indexes into `frames`, the outermost first."""


class Stop(Struct, frozen=True, array_like=True):
    """A moment in which the whole target stood still."""

    kind: str
    start_s: float
    length_s: float


class Cycle(Struct, frozen=True, array_like=True):
    """A garbage collection, from its first stop to its last; the target runs in between."""

    start_s: float
    length_s: float
    whole: bool = True
    """False where it began before the trace or went on after it: then only the part inside is given."""


class Trace(Struct, frozen=True, kw_only=True):
    """What stopped the target, from its execution trace."""

    at_s: float
    asked_s: float
    span_s: float = 0.0
    format: int = 0
    clock: TraceClock = "monotonic"
    cut: bool = False
    stw: tuple[Stop, ...] = ()
    gc_cycles: tuple[Cycle, ...] = ()


class Looks(Struct, frozen=True):
    """All looks on demand of a run, oldest first."""

    profiles: Sequence[CpuProfile] = ()
    traces: Sequence[Trace] = ()
