"""Latency histograms: numpy counts in the bins of HdrHistogram.

Counting is vectorised, because a fleet delivers 10^5 latencies a second; the bins and the text form are
HdrHistogram's, so that any of its tools reads what we write (G. Tene, hdrhistogram.org; the V2 encoding is
that of AbstractHistogram.encodeIntoByteBuffer). Counts can be added, and ranks are exact: that is why there
is no t-digest here.

Bins: with h = half the sub-buckets of the precision, the value v lies in bin e*h + (v >> e), where e is the
smallest shift that brings v below 2h. Up to 2h a bin is one nanosecond wide, above it v/h to v/2h.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram
from msgspec import Struct

from engine.figures import Latency

Counts: TypeAlias = npt.NDArray[np.int64]
Nanoseconds: TypeAlias = npt.NDArray[np.int64]

LONGEST_NS: Final = 3_600_000_000_000  # an hour; longer ones count as that
QUANTILES: Final[Mapping[str, float]] = {
    "p50": 0.5,
    "p90": 0.9,
    "p95": 0.95,
    "p99": 0.99,
    "p999": 0.999,
    "p9999": 0.9999,
}
"""Field of `engine.figures.Latency` to quantile."""

LABELS: Final[Mapping[str, str]] = {
    "p50": "p50",
    "p90": "p90",
    "p95": "p95",
    "p99": "p99",
    "p999": "p99.9",
    "p9999": "p99.99",
}
"""Field of `engine.figures.Latency` to what it is called, which is also its key in a report."""

MINIMUM_SAMPLES: Final = {name: math.ceil(math.log(0.05) / math.log(q)) for name, q in QUANTILES.items()}
"""Fewest samples from which a percentile is printed: with fewer, the largest of independent samples lies
below it with a probability of over 5 %, and nothing can be said of how large it might be. 299 for p99."""


class Bins:
    """The bins of one precision.

    Attributes:
        digits: Significant decimal digits that are kept, as HdrHistogram counts them: 3 is an error of at
            most 0.1 %, 2 of 0.8 % (half of that when a bin's middle is read).
        size: Number of bins.
        nothing: What all histograms without a sample share: an overloaded run has hundreds of seconds that wait
            for their first, at a quarter of a megabyte each. Read-only.
    """

    __slots__ = ("_exponent", "_half", "digits", "nothing", "size")

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self._exponent = math.ceil(math.log2(2 * 10**digits))  # a value below 2**exponent is its own bin
        self._half = 1 << (self._exponent - 1)
        self.size = int(self.of(np.array([LONGEST_NS]))[0]) + 1
        self.nothing: Counts = np.zeros(self.size, np.int64)
        self.nothing.flags.writeable = False

    def of(self, values_ns: Nanoseconds) -> Nanoseconds:
        """Return the bin of each value, shape (n,); values outside [0, LONGEST_NS] count as the nearest."""
        clipped = np.minimum(np.maximum(values_ns, 0), LONGEST_NS)  # np.clip takes twice as long
        # frexp's exponent is the bit length; doubles hold every integer up to LONGEST_NS exactly.
        shift = np.maximum(np.frexp(clipped.astype(np.float64))[1] - self._exponent, 0).astype(np.int64)
        bins: Nanoseconds = shift * self._half + (clipped >> shift)
        return bins

    def place(self, value_ns: int) -> int:
        """Return the bin of one value; the same as `of` does for many."""
        clipped = min(max(value_ns, 0), LONGEST_NS)
        shift = max(clipped.bit_length() - self._exponent, 0)
        return shift * self._half + (clipped >> shift)

    def lowest(self, index: int) -> int:
        """Return the smallest value of a bin, in nanoseconds."""
        shift = max(index // self._half - 1, 0)
        return (index - shift * self._half) << shift

    def highest(self, index: int) -> int:
        """Return the largest value of a bin, in nanoseconds."""
        return self.lowest(index + 1) - 1

    def middle(self, index: int) -> float:
        """Return the middle of a bin, in nanoseconds."""
        return (self.lowest(index) + self.highest(index)) / 2


FEW: Final = 1000
"""So many values are counted one by one; for more it is quicker to go through all bins."""

FINE: Final = Bins(3)
"""Three digits everywhere: what HdrHistogram's users are used to."""


class Ladder(Struct, frozen=True):
    """A histogram's counts added up, from the bin of its smallest sample on."""

    first: int
    sums: Counts

    def bins_at(self, ranks: Sequence[int]) -> list[int]:
        """Return the bin that holds the sample of each rank, counted from 1; past the last for higher ones."""
        found: list[int] = (np.searchsorted(self.sums, ranks) + self.first).tolist()
        return found

    def bin_at(self, rank: int) -> int:
        """Return the bin that holds the sample of a rank."""
        return self.first + int(np.searchsorted(self.sums, rank))


class Ages(Struct, frozen=True):
    """How old some requests had become when they were given up: longer than that is all one can say of them.

    Attributes:
        number: How many requests.
        shortest_ns: The least of their ages.
        longest_ns: The greatest.
    """

    number: int
    shortest_ns: int
    longest_ns: int


class Packed(Struct, frozen=True):
    """A histogram's filled bins: some kilobytes where the whole has a quarter of a megabyte.

    Attributes:
        filled: Indexes of the bins that hold anything.
        counts: Samples in each of those, in as few bytes as the largest of them needs.
        counted, censored, aged, youngest_ns, oldest_ns, min_ns, max_ns, sum_ns: As in `Histogram`.
    """

    filled: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.unsignedinteger[Any]]
    counted: int
    censored: int
    aged: int
    youngest_ns: int
    oldest_ns: int
    min_ns: int
    max_ns: int
    sum_ns: int


class Histogram:
    """Latencies of one kind over one stretch of time.

    Attributes:
        bins: Its bins.
        counts: Samples per bin, shape (bins.size,).
        counted: Their sum.
        censored: Samples that count as longer than any value: requests without an answer.
        aged: Those of them that were given up at an age; the others count as at least the time-out.
        youngest_ns: The least of those ages; LONGEST_NS if there is none.
        oldest_ns: The greatest of them.
        min_ns: Smallest sample, exactly; LONGEST_NS if there is none.
        max_ns: Largest counted sample, exactly.
        sum_ns: Sum of the counted samples, exactly.
    """

    __slots__ = (
        "aged",
        "bins",
        "censored",
        "counted",
        "counts",
        "max_ns",
        "min_ns",
        "oldest_ns",
        "sum_ns",
        "youngest_ns",
    )

    def __init__(self, bins: Bins = FINE) -> None:
        self.bins = bins
        self.counts: Counts = bins.nothing
        self.counted = 0
        self.censored = 0
        self.aged = 0
        self.youngest_ns = LONGEST_NS
        self.oldest_ns = 0
        self.min_ns = LONGEST_NS
        self.max_ns = 0
        self.sum_ns = 0

    def add(
        self,
        values_ns: Nanoseconds,
        *,
        bins: Nanoseconds | None = None,
        censored: int = 0,
        ages: Ages | None = None,
    ) -> None:
        """Count values, and samples that are longer than any value.

        Args:
            values_ns: The values, shape (n,).
            bins: Their bins, where they are known already.
            censored: How many samples are longer than any value.
            ages: Of those that did not fail but were given up; the others count as at least the time-out.
        """
        self.censored += censored
        if ages is not None:
            self._add_ages(ages.number, ages.shortest_ns, ages.longest_ns)
        if values_ns.size:
            self.counted += values_ns.size
            self._own()
            where = self.bins.of(values_ns) if bins is None else bins
            if values_ns.size < FEW:
                np.add.at(self.counts, where, 1)
            else:
                self.counts += np.bincount(where, minlength=self.bins.size)
            self.min_ns = min(self.min_ns, int(values_ns.min()))
            self.max_ns = max(self.max_ns, int(values_ns.max()))
            self.sum_ns += int(values_ns.sum())

    @property
    def span(self) -> slice:
        """The bins from the smallest sample to the largest: a tenth of all, and the only ones worth a look."""
        return slice(self.bins.place(self.min_ns), self.bins.place(self.max_ns) + 1)

    def filled(self) -> Nanoseconds:
        """Return the bins that hold anything, in order."""
        span = self.span
        found: Nanoseconds = np.flatnonzero(self.counts[span]) + span.start
        return found

    def ladder(self) -> Ladder:
        """Return the counts added up, as they are now."""
        span = self.span
        return Ladder(span.start, np.cumsum(self.counts[span]))

    def packed(self) -> Packed:
        """Return the same counts in little memory."""
        filled = self.filled()
        counts = self.counts[filled]
        return Packed(
            filled.astype(np.uint16),
            narrow(counts),
            self.counted,
            self.censored,
            self.aged,
            self.youngest_ns,
            self.oldest_ns,
            self.min_ns,
            self.max_ns,
            self.sum_ns,
        )

    def merge(self, other: Histogram | Packed) -> None:
        """Add the counts of another histogram of the same bins."""
        if not other.counted + other.censored:
            return
        if other.counted:
            self._own()
            if isinstance(other, Packed):
                self.counts[other.filled] += other.counts
            else:
                span = other.span
                self.counts[span] += other.counts[span]
        self.counted += other.counted
        self.censored += other.censored
        self._add_ages(other.aged, other.youngest_ns, other.oldest_ns)
        self.min_ns = min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)
        self.sum_ns += other.sum_ns

    def latency(self, *, longest_s: float, minimum: Mapping[str, int] = MINIMUM_SAMPLES) -> Latency:
        """Return the figures of these samples.

        Args:
            longest_s: What a request that failed took at least: the time-out.
            minimum: Fewest samples from which each percentile is given.
        """
        counted = self.counted
        total = counted + self.censored
        if not total:
            return Latency()
        bound, longest = self._bounds(longest_s) if self.censored else (None, self.max_ns / 1e9)
        ranks = [rank_of(quantile, total) for quantile in QUANTILES.values()]
        values: dict[str, float | None] = {}
        for name, rank, index in zip(QUANTILES, ranks, self.ladder().bins_at(ranks), strict=True):
            if total < minimum.get(name, 1):
                values[name] = None
            elif rank > counted:
                values[name] = bound
            else:
                # The middle of a bin can lie outside of what was seen.
                values[name] = min(max(self.bins.middle(index), self.min_ns), self.max_ns) / 1e9
        return Latency(
            count=total,
            censored=self.censored,
            min=self.min_ns / 1e9 if counted else None,
            mean=self.sum_ns / counted / 1e9 if counted else None,
            max=longest,
            bound=bound,
            p50=values["p50"],
            p90=values["p90"],
            p95=values["p95"],
            p99=values["p99"],
            p999=values["p999"],
            p9999=values["p9999"],
        )

    def _own(self) -> None:
        """Have counts that can be changed."""
        if self.counts is self.bins.nothing:
            self.counts = np.zeros(self.bins.size, np.int64)

    def _bounds(self, longest_s: float) -> tuple[float, float]:
        """Return what the shortest and the longest of all censored samples count as at least, in seconds."""
        ages_s = [self.youngest_ns / 1e9, self.oldest_ns / 1e9] if self.aged else []
        bounds_s = [*ages_s, longest_s] if self.censored > self.aged else ages_s
        return max(self.max_ns / 1e9, min(bounds_s)), max(self.max_ns / 1e9, max(bounds_s))

    def _add_ages(self, number: int, shortest_ns: int, longest_ns: int) -> None:
        self.aged += number
        self.youngest_ns = min(self.youngest_ns, shortest_ns)
        self.oldest_ns = max(self.oldest_ns, longest_ns)


def narrow(counts: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return counts in as few bits as the largest of them needs; sums of them need more."""
    fitting: npt.NDArray[np.unsignedinteger[Any]] = counts.astype(
        np.min_scalar_type(int(counts.max(initial=0)))
    )
    return fitting


def rank_of(quantile: float, total: int) -> int:
    """Return the rank, from 1, of the sample that is the quantile of `total` samples: ceil(quantile*total).

    0.999 * 1000 is 999.0000000000001 nowhere but in floating point; the rank must not be 1000 for that.
    """
    return min(max(math.ceil(quantile * total - 1e-9 * total), 1), total)


def encode_hdr(histogram: Histogram) -> str:
    """Return a histogram in HdrHistogram's V2 encoding, compressed, base64; values in nanoseconds."""
    hdr = HdrHistogram(1, LONGEST_NS, histogram.bins.digits)
    filled: Sequence[int] = np.flatnonzero(histogram.counts).tolist()
    for index in filled:
        hdr.record_value(histogram.bins.lowest(index), int(histogram.counts[index]))
    encoded: bytes = hdr.encode()
    return encoded.decode("ascii")


def decode_hdr(text: str, bins: Bins = FINE) -> Histogram:
    """Return the histogram in an HdrHistogram V2 text; sums are of the bins' middles.

    Raises:
        ValueError: The text is no such histogram, or has other bins.
    """
    try:
        hdr = HdrHistogram.decode(text)
    except Exception as error:  # the library raises whatever its parts raise: zlib, base64, ctypes, its own
        raise ValueError(f"no HdrHistogram: {error}") from error
    if hdr.significant_figures != bins.digits:
        raise ValueError(f"a histogram of {bins.digits} digits is needed, this has {hdr.significant_figures}")
    histogram = Histogram(bins)
    histogram.counts = np.zeros(bins.size, np.int64)
    for item in hdr.get_recorded_iterator():
        index = int(bins.of(np.array([item.value_iterated_to]))[0])
        histogram.counts[index] += item.count_at_value_iterated_to
        histogram.counted += item.count_at_value_iterated_to
        histogram.min_ns = min(histogram.min_ns, bins.lowest(index))
        histogram.max_ns = max(histogram.max_ns, bins.highest(index))
        histogram.sum_ns += round(bins.middle(index) * item.count_at_value_iterated_to)
    return histogram
