"""The last row: the keys that are needed most, or what there is to say."""

from __future__ import annotations

from collections.abc import Iterable

from tui.format import clean, fit
from tui.keys import Key, joined, works
from tui.panels.base import Panel, View
from tui.panels.line import Line
from tui.panels.status import fitting


class Footer(Panel):
    """Keys, or a notice instead of them."""

    frameable = False
    lively = True

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the one row."""
        if view.notice is not None:
            text, tone = view.notice
            return [((fit(clean(text), width), tone),)]
        state = (width, view.live.state, view.frozen)
        return view.once(("footer", *state), lambda: [shed(view, width)])


def shed(view: View, width: int) -> Line:
    """Return the keys that have room; the least wanted go first."""
    gap = "  " if width < 90 else "   "
    keys = [key for key in view.keys if key.footer and works(key, live=view.controls)]
    words = {key.id: (pressed(key, view.keys), word(key, view)) for key in keys}
    while len(gap.join(f"{shown} {said}" for shown, said in words.values())) > width and len(words) > 1:
        last = max(keys, key=lambda key: key.rank)
        keys.remove(last)
        del words[last.id]
    parts: list[Line] = [((shown, "strong"), (f" {said}", "dim")) for shown, said in words.values()]
    return fitting(parts, width, gap)


def pressed(key: Key, keys: Iterable[Key]) -> str:
    """Return the key together with those that share its words."""
    return joined([one.shown for one in keys if one.help == key.help])


def word(key: Key, view: View) -> str:
    """Return what the key does now."""
    if key.id == "load.pause" and view.live.state == "paused":
        return "resume"
    return "thaw" if key.id == "display.freeze" and view.frozen else key.footer
