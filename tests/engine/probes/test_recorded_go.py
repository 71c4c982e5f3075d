"""Pages recorded from the tests' own Go server, built by the oldest and the newest Go that loadtop knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.probes.goroutines import count_of
from engine.probes.memstats import BIRTH, TRAILER, MemStats, parse_trailer, parse_vars, recover

PAGES = Path(__file__).parent / "pages"


def heap(version: str) -> MemStats:
    stats = parse_trailer((PAGES / f"go{version}_heap.txt").read_bytes().rpartition(TRAILER)[2])
    assert stats is not None
    return stats


def variables(version: str) -> MemStats:
    stats = parse_vars((PAGES / f"go{version}_vars.json").read_bytes())
    assert stats is not None
    return stats


@pytest.mark.parametrize(("version", "collections"), [("1.22.10", 41), ("1.27.3", 42)])
def test_both_pages_tell_every_collection_of_either_version(version: str, collections: int) -> None:
    ours = recover(BIRTH, heap(version))
    theirs = recover(BIRTH, variables(version))
    assert [cycle.number for cycle in ours.cycles] == list(range(1, collections + 1))
    # expvar was read a moment later.
    assert theirs.cycles[:collections] == ours.cycles
    assert theirs.lost_ns == 0
    assert all(cycle.pause_ns > 0 for cycle in ours.cycles)
    assert heap(version).runtime == "go"


@pytest.mark.parametrize(("version", "goroutines"), [("1.22.10", 3), ("1.27.3", 3)])
def test_the_index_tells_the_goroutines_of_either_version(version: str, goroutines: int) -> None:
    assert count_of((PAGES / f"go{version}_index.html").read_bytes()) == goroutines


@pytest.mark.parametrize(
    "page", [b"", b"<html><td>5</td></html>", b"goroutine", b"<td>5</td><td><a href='heap?debug=1'>"]
)
def test_another_page_tells_none(page: bytes) -> None:
    assert count_of(page) is None
