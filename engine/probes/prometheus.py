"""Prometheus's text format 0.0.4, and OpenMetrics 1.0 as far as it says the same: text to series.

Strict: a line that is none of the format's is skipped and counted, never guessed at, for what answers may be
anything. The regular expressions give nothing back, so that no text, however it was made, takes more than time
in proportion to its length.

Fast where it is read again and again: a page differs from the one before in its values alone, so a Reader knows
a line by what stands before its last space, and names and labels are taken apart once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

_NAME: Final = rb"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_PAIR: Final = rb'[a-zA-Z_][a-zA-Z0-9_]*+[ \t]*+=[ \t]*+"(?:[^"\\]|\\.)*+"[ \t]*+'
_NUMBER: Final = rb"[+-]?+(?:(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?+\d++)?+|[Ii]nf(?:inity)?+|[Nn]a[Nn])"
_SAMPLE: Final = re.compile(
    rb"[ \t]*+((" + _NAME + rb")[ \t]*+"
    rb"(?:\{([ \t]*+(?:" + _PAIR + rb"(?:,[ \t]*+" + _PAIR + rb")*+,?+[ \t]*+)?+)\})?+)[ \t]*+"
    rb"(?<=[ \t}])(" + _NUMBER + rb")"
    rb"(?:[ \t]++" + _NUMBER + rb")?+"  # when; nobody here needs it
    rb"(?:[ \t]++\#[ \t]*+\{.*+)?+"  # an exemplar
    rb"[ \t\r]*+",
)
_TYPE: Final = re.compile(rb"\#[ \t]*+TYPE[ \t]++(" + _NAME + rb")[ \t]++([a-z]++)[ \t\r]*+")
_LABEL: Final = re.compile(r'(\w++)[ \t]*+=[ \t]*+"((?:[^"\\]|\\.)*+)"', re.ASCII)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", '"': '"', "\\": "\\"}
_SPARE: Final = 1000
_GROWING: Final = {
    "_total": ("counter",),
    "_count": ("histogram", "summary"),
    "_sum": ("histogram", "summary"),
    "_bucket": ("histogram",),
}


class Series(Struct, frozen=True, gc=False):
    """One sample: its name, its labels and what it is worth now. Pages that one Reader reads share labels."""

    name: str
    labels: Mapping[str, str]
    value: float


class Page(Struct, frozen=True):
    """A page of metrics.

    Attributes:
        series: Every sample, in the order of the page.
        types: What each family of metrics is ("counter", "gauge", "histogram", "summary", ...), by its name.
        broken: How many lines are none of the format's.
    """

    series: Sequence[Series] = ()
    types: Mapping[str, str] = {}
    broken: int = 0

    def type_of(self, name: str) -> str:
        """Return what a series is; "" where the page does not say.

        Sums, counts and buckets only grow, so they are counters.
        """
        if name in self.types:
            return self.types[name]
        for suffix, kinds in _GROWING.items():
            if name.endswith(suffix) and self.types.get(name.removesuffix(suffix)) in kinds:
                return "counter"
        return ""


class Reader:
    """Reads pages of one source; what it remembers of them is their names and labels."""

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[str, Mapping[str, str]]] = {}

    def read(self, text: bytes) -> Page:
        """Read a page; what is no line of the format is counted as broken, whatever it is."""
        series: list[Series] = []
        types: dict[str, str] = {}
        known = self._heads
        broken = 0
        for line in text.split(b"\n"):
            head, _, value = line.rpartition(b" ")
            found = known.get(head)
            if found is not None and b"_" not in value:  # which Python allows in a number
                try:
                    series.append(Series(found[0], found[1], float(value)))
                except ValueError:
                    broken += 1
            elif (sample := _SAMPLE.fullmatch(line)) is not None:
                head = sample[1].strip()
                found = known.get(head) or (sample[2].decode(), _labels(sample[3]))
                known[head] = found
                series.append(Series(found[0], found[1], float(sample[4])))
            elif line.lstrip().startswith(b"#"):
                if (kind := _TYPE.fullmatch(line.lstrip())) is not None:
                    types[kind[1].decode()] = kind[2].decode()
            elif line.strip():
                broken += 1
        if len(known) > 2 * len(series) + _SPARE:
            known.clear()  # labels that come and go must not fill the memory
        return Page(series, types, broken)


def parse(text: bytes) -> list[Series]:
    """Return the series of one page, without what is no line of the format."""
    return list(Reader().read(text).series)


def _labels(text: bytes | None) -> Mapping[str, str]:
    if not text:
        return {}
    pairs = _LABEL.findall(text.decode("utf-8", "replace"))
    if b"\\" not in text:
        return dict(pairs)
    # An escape that the format does not know stays as it is, as Prometheus itself reads it.
    return {name: _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), value) for name, value in pairs}
