"""Rows of text in named tones, and what is done to them before they are painted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from tui.panels.glyphs import Glyphs

Tone: TypeAlias = str
"""A key of `TONES`."""

Span: TypeAlias = tuple[str, Tone]
Line: TypeAlias = tuple[Span, ...]

TONES: Final[dict[Tone, tuple[str, str]]] = {
    # tone: (theme variable, attributes)
    "text": ("foreground", ""),
    "strong": ("foreground", "bold"),
    "title": ("title", "bold"),
    "dim": ("dim", ""),
    "frame": ("frame", ""),
    "rule": ("rule", ""),
    "good": ("good", ""),
    "warn": ("warn", ""),
    "bad": ("bad", ""),
    "badge": ("foreground", "reverse"),
    "badge-good": ("good", "reverse"),
    "badge-warn": ("warn", "reverse"),
    "badge-bad": ("bad", "reverse"),
    "badge-dim": ("dim", "reverse"),
    "badge-throughput": ("chart-throughput", "reverse"),
    "badge-p50": ("chart-p50", "reverse"),
    "badge-p90": ("chart-p90", "reverse"),
    "badge-p999": ("chart-p999", "reverse"),
    "badge-gc": ("chart-gc", "reverse"),
    "badge-cpu": ("chart-cpu", "reverse"),
    "badge-rss": ("chart-rss", "reverse"),
    "number": ("chart-throughput", "bold"),
    "throughput": ("chart-throughput", ""),
    "errors": ("chart-errors", ""),
    "p50": ("chart-p50", ""),
    "p90": ("chart-p90", ""),
    "p99": ("chart-p99", ""),
    "p999": ("chart-p999", ""),
    "max": ("chart-max", ""),
    "heat": ("chart-throughput", ""),
    "gc": ("chart-gc", ""),
    "cpu": ("chart-cpu", ""),
    "rss": ("chart-rss", ""),
}


def plain(line: Iterable[Span]) -> str:
    """Return a line's text without its tones."""
    return "".join(text for text, _ in line)


def length(line: Iterable[Span]) -> int:
    """Return a line's width; every character is one cell wide (see `tui.format.clean`)."""
    return sum(len(text) for text, _ in line)


def cut(line: Iterable[Span], width: int) -> Line:
    """Return the line cut or padded to exactly a width."""
    kept: list[Span] = []
    room = width
    for text, tone in line:
        if len(text) >= room:
            kept.append((text[:room], tone))
            room = 0
            break
        kept.append((text, tone))
        room -= len(text)
    if room:
        kept.append((" " * room, "text"))
    return tuple(kept)


def merged(line: Iterable[Span], glyphs: Glyphs) -> Line:
    """Return the line in as few spans as look the same.

    A span costs about 40 bytes of colour codes each time it is painted, and a blank has no colour to see.
    """
    spans: list[Span] = []
    for text, tone in line:
        if not text:
            continue
        text = glyphs.text(text)
        if spans:
            before, tone_before = spans[-1]
            reverse = tone.startswith("badge") or tone_before.startswith("badge")
            if tone == tone_before or (text.isspace() and not reverse):
                spans[-1] = (before + text, tone_before)
                continue
            if before.isspace() and not reverse:
                spans[-1] = (before + text, tone)
                continue
        spans.append((text, tone))
    return tuple(spans)


@lru_cache(maxsize=512)
def finished(line: Line, width: int, glyphs: Glyphs) -> Line:
    """Return a line as it is painted; most lines are those of the tick before."""
    return merged(cut(line, width), glyphs)


def changed(old: Line, new: Line) -> tuple[int, int] | None:
    """Return the first and one past the last cell in which two lines differ, or None."""
    if old == new:
        return None
    before = [(character, tone) for text, tone in old for character in text]
    after = [(character, tone) for text, tone in new for character in text]
    differing = [index for index, (one, two) in enumerate(zip(before, after, strict=False)) if one != two]
    if len(before) != len(after):
        return 0, len(after)
    return (differing[0], differing[-1] + 1) if differing else None


def top_of_frame(title: str, note: str, width: int, tone: Tone = "dim") -> Line:
    """Return the upper edge of a frame, with its title on the left and a note on the right."""
    note = note if len(title) + len(note) + 10 <= width else ""
    left = f" {title} " if title else ""
    right = f" {note} " if note else ""
    middle = "─" * max(0, width - 4 - len(left) - len(right))
    return cut((("╭─", "frame"), (left, "title"), (middle, "frame"), (right, tone), ("─╮", "frame")), width)


@lru_cache(maxsize=512)
def _between_edges(line: Line, width: int) -> Line:
    return (("│ ", "frame"), *cut(line, width - 4), (" │", "frame"))


def framed(lines: list[Line], title: str, note: str, width: int, tone: Tone = "dim") -> list[Line]:
    """Return the lines within a thin round frame."""
    body = [_between_edges(tuple(line), width) for line in lines]
    bottom: Line = ((f"╰{'─' * (width - 2)}╯", "frame"),)
    return [top_of_frame(title, note, width, tone), *body, bottom]


def ruled(title: str, heads: str, width: int) -> Line:
    """Return a title with the heads of a table's columns in one row, and a line through what is left."""
    padded = f"{title} {heads[len(title) + 1 :]}".ljust(width)[:width]
    cells = list(padded)
    for index in range(len(title) + 1, width - 1):
        if padded[index - 1 : index + 2].isspace():
            cells[index] = "─"
    if cells[-2:] == ["─", " "]:
        cells[-1] = "─"
    return ((title, "title"), ("".join(cells[len(title) :]), "dim"))
