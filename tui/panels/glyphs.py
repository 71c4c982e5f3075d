"""The characters that charts and frames are made of, and their plain stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Graph: TypeAlias = Literal["block", "braille", "ascii"]


class Glyphs(Struct, frozen=True):
    """A set of characters.

    Attributes:
        levels: A cell's fillings from empty to full; the first is a space.
        heat: The same for a map of shares: from nothing to much, five levels that differ without colour.
        plain: Whether everything else on the screen is to be ASCII too.
    """

    levels: str
    heat: str = " ·░▒▓█"
    plain: bool = False

    def text(self, text: str) -> str:
        """Return the text with what this set cannot show replaced, character by character."""
        return text.translate(ASCII) if self.plain else text


# one character for one, so that no column moves
ASCII: Final = str.maketrans("│─╭╮╰╯█·…–→▸µ±×≥", "|-++++#-~->>u+x>")

GLYPHS: Final[Mapping[Graph, Glyphs]] = {
    "block": Glyphs(" ▁▂▃▄▅▆▇█"),
    "braille": Glyphs(" ⣀⣤⣶⣿"),
    "ascii": Glyphs(" .:+#", heat=" .:+*#", plain=True),
}


def choose_graph(asked: Graph, environ: Mapping[str, str], encoding: str) -> Graph:
    """Return the glyphs to draw with: what was asked, unless the terminal is known to lack them.

    The Linux console's font has neither blocks of eighths nor braille, and `dumb` promises nothing.
    """
    if environ.get("TERM", "") in ("linux", "dumb") or "utf" not in encoding.lower():
        return "ascii"
    return asked
