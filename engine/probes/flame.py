"""From a profile to the stacks that are kept, and from those to the tree that a flame graph shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from engine.looks import CpuProfile, Frame
from engine.probes.profile import Profile

KEPT_SHARE: Final = 0.995
"""The heaviest stacks that make up this share of a profile are kept; the rest is many single samples."""

MOST_STACKS: Final = 5_000
ROOT: Final = -1


class Node(Struct, frozen=True, eq=False):
    """A function as it was called from one particular chain of callers.

    Attributes:
        frame: Index into the profile's frames, or `ROOT`.
        depth: Calls above it: 0 for the root.
        total: What it and all it called took.
        own: What it took itself.
        parent: Who called it; None for the root.
        children: What it called, the heaviest first.
    """

    frame: int
    depth: int
    total: int
    own: int
    parent: Node | None
    children: list[Node]


class FunctionShare(Struct, frozen=True):
    """What one function took, wherever it was called from.

    Attributes:
        frame: Index into the profile's frames.
        own: What it took itself.
        total: With all it called; a recursive function counts once.
    """

    frame: int
    own: int
    total: int


def folded(profile: Profile, column: int) -> dict[tuple[int, ...], int]:
    """Return the value of every distinct stack, for one column of values."""
    stacks: dict[tuple[int, ...], int] = {}
    for sample in profile.samples:
        stacks[sample.stack] = stacks.get(sample.stack, 0) + sample.values[column]
    return stacks


def column_of(profile: Profile) -> int:
    """Return which column a reader wants: what the maker says, else the last (CPU: time instead of samples)."""
    kinds = [one.kind for one in profile.types]
    return kinds.index(profile.default) if profile.default in kinds else len(kinds) - 1


def keep(profile: Profile, *, at_s: float, asked_s: float) -> CpuProfile:
    """Return a profile as it is kept: the stacks that make up almost all of it, and what was dropped."""
    column = column_of(profile)
    everything = {stack: value for stack, value in folded(profile, column).items() if value > 0 and stack}
    total = sum(everything.values())
    heaviest = sorted(everything.items(), key=lambda item: (-item[1], item[0]))
    kept: list[tuple[tuple[int, ...], int]] = []
    covered = 0
    for stack, value in heaviest[:MOST_STACKS]:
        if covered >= KEPT_SHARE * total:
            break
        kept.append((stack, value))
        covered += value
    used = sorted({frame for stack, _ in kept for frame in stack})
    renumbered = {old: new for new, old in enumerate(used)}
    return CpuProfile(
        at_s=at_s,
        asked_s=asked_s,
        seconds=profile.duration_ns / 1e9 if profile.duration_ns else None,
        sample_type=profile.types[column].kind,
        unit=profile.types[column].unit,
        total=total,
        dropped=total - covered,
        dropped_stacks=len(everything) - len(kept),
        frames=tuple(profile.frames[frame] for frame in used),
        stacks=tuple((value, *(renumbered[frame] for frame in stack)) for stack, value in kept),
    )


def tree(profile: CpuProfile) -> Node:
    """Return the call tree of a kept profile. Its root's total is all that was measured, dropped stacks too."""
    root = _Growing(ROOT)
    for value, *stack in profile.stacks:
        node = root
        node.total += value
        for frame in stack:
            node = node.children.setdefault(frame, _Growing(frame))
            node.total += value
        node.own += value
    top = Node(ROOT, 0, max(profile.total, root.total), 0, None, [])
    todo = [(root, top)]
    while todo:  # not by recursion: a stack may be deeper than Python's own
        growing, parent = todo.pop()
        for child in sorted(growing.children.values(), key=lambda one: (-one.total, one.frame)):
            grown = Node(child.frame, parent.depth + 1, child.total, child.own, parent, [])
            parent.children.append(grown)
            todo.append((child, grown))
    return top


class _Growing:
    """A node while stacks are still being added."""

    __slots__ = ("children", "frame", "own", "total")

    def __init__(self, frame: int) -> None:
        self.frame = frame
        self.total = 0
        self.own = 0
        self.children: dict[int, _Growing] = {}


def by_function(profile: CpuProfile) -> tuple[FunctionShare, ...]:
    """Return what each function took, the heaviest by itself first, as `go tool pprof -top` does."""
    own: dict[int, int] = {}
    total: dict[int, int] = {}
    for value, *stack in profile.stacks:
        if stack:
            own[stack[-1]] = own.get(stack[-1], 0) + value
        for frame in set(stack):
            total[frame] = total.get(frame, 0) + value
    shares = [FunctionShare(frame, own.get(frame, 0), value) for frame, value in total.items()]
    return tuple(sorted(shares, key=lambda one: (-one.own, -one.total, one.frame)))


def cores_busy(profile: CpuProfile) -> float | None:
    """Return how many cores were busy on average, or None where that cannot be said."""
    if not profile.seconds or profile.unit != "nanoseconds":
        return None
    return profile.total / 1e9 / profile.seconds


def matches(frames: Sequence[Frame], words: str) -> frozenset[int]:
    """Return the frames whose function's name contains the words, in whatever case."""
    wanted = words.casefold()
    return frozenset(index for index, frame in enumerate(frames) if wanted in frame.function.casefold())


def found(root: Node, wanted: frozenset[int]) -> tuple[Node, ...]:
    """Return the outermost nodes of these frames, the heaviest first; none is counted twice by their totals."""
    hits: list[Node] = []
    todo = list(root.children)
    while todo:
        node = todo.pop()
        if node.frame in wanted:
            hits.append(node)
        else:
            todo.extend(node.children)
    return tuple(sorted(hits, key=lambda one: -one.total))


def text(profile: CpuProfile) -> Iterable[str]:
    """Yield a line for each stack, `main;handler;work 123`: what flamegraph.pl and speedscope read."""
    for value, *stack in profile.stacks:
        names = ";".join(profile.frames[frame].function.replace(";", ":") for frame in stack)
        yield f"{names} {value}"


def package(function: str) -> str:
    """Return the package of a Go function: `net/http` of `net/http.(*conn).serve`; "" where there is none."""
    path, _, last = function.partition("[")[0].rpartition("/")
    name = last.partition(".")[0] if "." in last else ""
    return f"{path}/{name}" if path else name
