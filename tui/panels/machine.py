"""The machines in full, for terminals that have the room: memory, waiting, network, and the target's cores.

The machine that makes the load has its cores in a panel of their own; those of a target elsewhere are here.
"""

from __future__ import annotations

from engine.machine import HostNow
from tui.format import clean
from tui.panels.base import Panel, View
from tui.panels.cores import GAP, bar_of, fold, host_parts, legend
from tui.panels.line import Line, Span, length


class MachinePanel(Panel):
    """Figures of this machine, then those of the target's with a bar a core."""

    title = "machine"

    def note(self, view: View) -> Span:
        """Return whose figures these are, where they are of two."""
        remote = view.second.remote
        return (f"this one, and {clean(remote.name)}" if remote is not None else ""), "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return as many rows as there are; those of the target's machine last."""
        name: Span = ("" if view.framed else "machine ", "title")
        here, remote = view.second.host, view.second.remote
        if here is None and remote is None:
            return [(name, ("not recorded" if view.second.saved else "not measured yet", "dim"))]
        lines = [] if here is None else packed(host_parts(here), width - len(name[0]))
        if name[0] and lines:
            lines[0] = (name, *lines[0])
        if remote is not None:
            lines += packed(host_parts(remote), width)
            lines += remote_cores(remote, view, width, height - len(lines))
        return lines


def packed(parts: list[Line], width: int) -> list[Line]:
    """Return the parts in as few rows as hold them all."""
    lines: list[Line] = []
    for part in parts:
        if lines and length(lines[-1]) + 3 + length(part) <= width:
            lines[-1] = (*lines[-1], ("   ", "text"), *part)
        else:
            lines.append(part)
    return lines


def remote_cores(host: HostNow, view: View, width: int, height: int) -> list[Line]:
    """Return the bars of another machine's cores, or why there are none."""
    columns = fold(len(host.cores), width, height - 1) if host.cores and height > 1 else 0
    if columns == 0:
        return []
    across = (width + GAP) // columns - GAP
    in_rows = -(-len(host.cores) // columns)
    lines: list[Line] = [((legend(view), "dim"),)]
    for row in range(in_rows):
        spans: list[Span] = []
        for index in range(row, len(host.cores), in_rows):
            spans += [*bar_of(host.cores[index], across, view), (" " * GAP, "text")]
        lines.append(tuple(spans[:-1]))
    return lines
