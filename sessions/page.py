"""Lays out text of a given width: paragraphs, tables, and no line that is wider."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from sessions.words import Mood

NARROWEST: Final = 40
_LABEL: Final = 12
_GAP: Final = 2
_INDENT: Final = 2

_INSIDE_FIGURE: Final = re.compile(r"(?<=[\dk]) (?=\d|(?:µs|ms|s|min|h|%|[kMGTPE]?B)(?!\w))|(?<=≥) ")
_UNBREAKABLE: Final = "\u00a0"

_ASCII: Final = str.maketrans(
    {
        "µ": "u",
        "≥": ">=",
        "…": "...",
        "·": "-",
        "→": "->",
        "▸": ">",
        "–": "-",
        "─": "-",
        "│": "|",
        "┤": "+",
        "┬": "+",
        "┴": "+",
        "┼": "+",
        "└": "+",
        "┘": "+",
        "├": "+",
    }
)
_COLOURS: Final[Mapping[str, str]] = {"good": "32", "warn": "33", "bad": "1;31", "title": "1", "dim": "2"}


class Column(Struct, frozen=True):
    """A column of a table.

    Attributes:
        title: Its heading.
        cells: Its cells, top to bottom.
        left: Whether it is aligned left; figures are aligned right.
        rank: The column with the highest is left out first where there is no room; 0 never.
    """

    title: str
    cells: Sequence[str]
    left: bool = False
    rank: int = 0


class Page:
    """Text of a given width, from top to bottom."""

    def __init__(self, width: int, *, color: bool, ascii: bool) -> None:
        self.width = max(width, NARROWEST)
        self.ascii = ascii
        self._color = color
        self._lines: list[str] = []

    def plain(self, text: str) -> str:
        """Return text in the characters that this page may use."""
        return text.translate(_ASCII).encode("ascii", "replace").decode() if self.ascii else text

    def blank(self) -> None:
        """Leave a line free."""
        self._lines.append("")

    def ends(self, left: str, right: str) -> None:
        """Add a title on the left, and something at the right margin where there is room for it."""
        left, right = self.plain(left), self.plain(right)
        room = self.width - len(left) - len(right)
        if room < _GAP:
            self.paragraph(left, style="title")
            self.paragraph(right, style="dim")
        else:
            self._lines.append(self._painted(left, "title") + " " * room + self._painted(right, "dim"))

    def heading(self, text: str) -> None:
        """Add a heading, with a free line before it."""
        self.blank()
        self.paragraph(text, style="title")

    def paragraph(self, text: str, *, style: Mood | str = "plain") -> None:
        """Add text in as many lines as it needs."""
        self._lines += [self._painted(line, style) for line in self._wrapped(text, "", "")]

    def item(self, text: str, *, style: Mood | str = "plain") -> None:
        """Add a line of a list under a heading, its further lines set in."""
        self._lines += [self._painted(line, style) for line in self._wrapped(text, "  ", "    ")]

    def entry(self, label: str, text: str, *, style: Mood | str = "plain") -> None:
        """Add a labelled text, its further lines beneath its first."""
        label = self.plain(label).ljust(_LABEL)
        lines = self._wrapped(text, " " * len(label), " " * len(label))
        first, *rest = lines or [""]
        self._lines.append(label + self._painted(first[len(label) :], style))
        self._lines += [self._painted(line, style) for line in rest]

    def table(self, columns: Sequence[Column], *, headed: bool = True, style: Mood | str = "plain") -> None:
        """Add a table, without the columns that have no cell, and those that there is no room for."""
        filled = [column for column in columns if any(column.cells)]
        while self._table_width(filled) > self.width:
            dearest = max(filled, key=lambda column: column.rank)
            if not dearest.rank:
                break
            filled.remove(dearest)
        laid = [self._laid(column, headed=headed) for column in filled]
        for index, cells in enumerate(zip(*laid, strict=True)):
            line = (" " * _INDENT + (" " * _GAP).join(cells)).rstrip()
            self._lines.append(self._painted(self._cut(line), "dim" if headed and not index else style))

    def verbatim(self, lines: Sequence[str]) -> None:
        """Add lines that are laid out already."""
        self._lines += [self._cut(self.plain(line.rstrip())) for line in lines]

    def text(self) -> str:
        """Return the page; its last line ends too."""
        return "\n".join(self._lines) + "\n"

    def _wrapped(self, text: str, first: str, further: str) -> list[str]:
        # A figure and its unit stay on one line.
        kept_together = _INSIDE_FIGURE.sub(_UNBREAKABLE, text)
        lines = textwrap.wrap(
            self.plain(kept_together.replace(_UNBREAKABLE, "\x1f")).replace("\x1f", _UNBREAKABLE),
            self.width,
            initial_indent=first,
            subsequent_indent=further,
            break_on_hyphens=False,
        )
        return [line.replace(_UNBREAKABLE, " ") for line in lines]

    def _laid(self, column: Column, *, headed: bool) -> list[str]:
        cells = [self.plain(cell) for cell in ([column.title] if headed else []) + list(column.cells)]
        width = max(map(len, cells))
        return [cell.ljust(width) if column.left else cell.rjust(width) for cell in cells]

    def _table_width(self, columns: Sequence[Column]) -> int:
        widths = [len(self._laid(column, headed=True)[0]) for column in columns]
        return _INDENT + sum(widths) + _GAP * (len(widths) - 1)

    def _cut(self, line: str) -> str:
        if len(line) <= self.width:
            return line
        mark = self.plain("…")
        return line[: self.width - len(mark)] + mark

    def _painted(self, text: str, style: str) -> str:
        code = _COLOURS.get(style) if self._color and text.strip() else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text
